"""The general ledger, to the few apps that may read it: numbered entries that never change.

https://developer.xero.com/documentation/api/accounting/journals
"""

from dataclasses import dataclass
from typing import Protocol

import msgspec

from connections.platforms.base import Rejected, Unexpected, UnknownField
from connections.platforms.decoding import UNREADABLE, unstorable
from connections.platforms.drift import shape_of, unknown_fields
from connections.platforms.http import Answer, decode
from connections.platforms.xero import ledger, wire
from connections.platforms.xero.api import NAME
from connections.platforms.xero.documented import DOCUMENTED
from connections.schemas import Record

MARK = "journal "
PAGE_SIZE = 100


class Books(Protocol):
    @property
    def base_currency(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Found:
    records: tuple[Record, ...]
    rejected: tuple[Rejected, ...]
    unknown: tuple[UnknownField, ...]
    number: int
    """The last journal's: what comes after it was not read yet."""
    is_last: bool


def mark(number: int) -> str:
    return f"{MARK}{number}"


def number_in(text: str | None) -> int:
    """Return the number in a mark; all else, such as a moment, leads to the beginning."""
    return int(text.removeprefix(MARK)) if text and text.startswith(MARK) else 0


def read(answer: Answer, path: str, *, after: int, books: Books) -> Found:
    """:raises Unexpected: when a journal does not lie beyond the one before"""
    records: list[Record] = []
    rejected: list[Rejected] = []
    raws = decode(answer, _JOURNALS, NAME, path).journals
    for raw in map(bytes, raws):
        known = _mark_of(raw)
        if known.number <= after:
            raise Unexpected(
                f"{NAME} sent the same data twice.", detail=f"journal {known.number} after {after}"
            )
        after = known.number
        try:
            row = _JOURNAL.decode(raw)
            reason = unstorable(raw, row)
            if reason is None:
                records.append(ledger.journal(row, books.base_currency))
        except (*UNREADABLE, ValueError) as error:
            reason = str(error)
        if reason is not None:
            rejected.append(Rejected(source_id=known.id, raw=raw, reason=reason))
    return Found(
        tuple(records),
        tuple(rejected),
        unknown_fields(raws, _SHAPE),
        after,
        is_last=len(raws) < PAGE_SIZE,
    )


def _mark_of(raw: bytes) -> "_Mark":
    """:raises Unexpected: when a journal has no number: reading could not go on from it"""
    try:
        return _MARK.decode(raw)
    except UNREADABLE as error:
        raise Unexpected(
            f"{NAME} gave an answer we do not understand.", detail=f"Journals: {error}"
        ) from error


class _Mark(msgspec.Struct, frozen=True):
    number: int = msgspec.field(name="JournalNumber")
    id: str | None = msgspec.field(name="JournalID", default=None)


class _Journals(wire.Wire, frozen=True, kw_only=True):
    journals: list[msgspec.Raw]


_MARK = msgspec.json.Decoder(_Mark)
_JOURNALS = msgspec.json.Decoder(_Journals)
_JOURNAL = msgspec.json.Decoder(wire.Journal)
_SHAPE = shape_of(wire.Journal, DOCUMENTED)

"""One answer's rows, read one by one, and the place in the order of changes that they lead to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from connections.platforms.base import Rejected, Unexpected
from connections.platforms.decoding import UNREADABLE, unstorable
from connections.platforms.quickbooks import wire
from connections.platforms.quickbooks.moments import moment
from connections.schemas import Record

_MOST_DIGITS = 18
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Place(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How far a list has been read: the last moment of change, and what was read of it."""

    at: datetime
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """How the rows of one list are understood."""

    decoder: msgspec.json.Decoder[Any]
    to_records: Callable[[Any], tuple[Record, ...]]
    record_ids: Callable[[str], tuple[str, ...]]


class Rows:
    """What became records, what was deleted and what is kept aside."""

    def __init__(self, reader: Reader, known: set[int], *, floor: datetime | None = None) -> None:
        """``known`` are the rows that became records before; ``floor`` leaves older ones out."""
        self.records: list[Record] = []
        self.deleted_ids: list[str] = []
        self.rejected: list[Rejected] = []
        self.known = known
        self.count = 0
        self.fresh = 0
        self.first_at: datetime | None = None
        self._reader = reader
        self._floor = floor

    def read(self, raws: Sequence[msgspec.Raw], *, after: Place | None) -> Place | None:
        """Read what was not read before and return how far the list has been read now.

        :raises Unexpected: when the rows are not in the order asked for.
        """
        place, previous = after, None
        self.count = len(raws)
        for raw in map(bytes, raws):
            mark = _mark(raw)
            if mark is None:
                self._reject(raw, "It has no id or date that we understand.")
                continue
            row_id, at = mark
            if previous is not None and at < previous:
                raise Unexpected(
                    "QuickBooks Online gave an answer we do not understand.",
                    detail=f"{row_id} of {at} came after {previous}",
                )
            previous = at
            self.first_at = self.first_at or at
            if place is not None and (at < place.at or (at == place.at and row_id in place.ids)):
                continue
            before = place.ids if place is not None and place.at == at else ()
            place = Place(at=at, ids=(*before, row_id))
            self._read_one(raw, row_id, is_new=self._floor is None or at >= self._floor)
        return place

    def read_changes(self, raws: Sequence[msgspec.Raw]) -> None:
        """Read what changed, in whatever order, and with it what was deleted."""
        seen: set[str] = set()
        for raw in map(bytes, raws):
            change = _change(raw)
            if change is None:
                self._reject(raw, "It has no id that we understand.")
            elif change.id not in seen:
                seen.add(change.id)
                if change.status == "Deleted":
                    self._forget(change.id)
                else:
                    self._read_one(raw, change.id, is_new=True)

    def miss(self, earlier: set[int]) -> None:
        """Report what was there and is no longer, now that the list has been read to its end."""
        for row_id in sorted(earlier - self.known):
            self.deleted_ids += self._reader.record_ids(str(row_id))

    def _read_one(self, raw: bytes, row_id: str, *, is_new: bool) -> None:
        self.fresh += 1
        try:
            row = self._reader.decoder.decode(raw)
            reason = unstorable(raw, row)
            if reason is None:
                self._keep(row_id, self._reader.to_records(row), is_new=is_new)
        except ArithmeticError as error:
            reason = f"An amount cannot be reckoned with ({type(error).__name__})."
        except (*UNREADABLE, ValueError) as error:
            reason = str(error)
        if reason is not None:
            # What cannot be read is still there.
            self._remember(row_id)
            self._reject(raw, reason, row_id)

    def _keep(self, row_id: str, records: tuple[Record, ...], *, is_new: bool) -> None:
        if not records:
            self._forget(row_id)
            return
        was_known = _is_number(row_id) and int(row_id) in self.known
        self._remember(row_id)
        if is_new:
            self.records += records
            if was_known:
                # Of a transfer only one end may be left.
                left = {record.id for record in records}
                self.deleted_ids += (
                    each for each in self._reader.record_ids(row_id) if each not in left
                )

    def _remember(self, row_id: str) -> None:
        if _is_number(row_id):
            self.known.add(int(row_id))

    def _forget(self, row_id: str) -> None:
        """Report a row as gone, if anybody has heard of it."""
        if _is_number(row_id) and int(row_id) in self.known:
            self.known.remove(int(row_id))
            self.deleted_ids += self._reader.record_ids(row_id)

    def _reject(self, raw: bytes, reason: str, row_id: str | None = None) -> None:
        self.rejected.append(Rejected(source_id=row_id or _id(raw), raw=raw, reason=reason))


class _Named(wire.Wire, frozen=True, kw_only=True):
    id: wire.Id
    status: str = msgspec.field(name="status", default="")


class _Times(wire.Wire, frozen=True, kw_only=True):
    last_updated_time: str | None = None


class _Mark(wire.Wire, frozen=True, kw_only=True):
    id: wire.Id
    meta_data: _Times = _Times()


_NAMED = msgspec.json.Decoder(_Named)
_MARK = msgspec.json.Decoder(_Mark)


def _mark(raw: bytes) -> tuple[str, datetime] | None:
    """Return a row's id and when it changed; what was there from the beginning may not tell."""
    try:
        mark = _MARK.decode(raw)
        told = mark.meta_data.last_updated_time
        return mark.id, moment(told) if told else _NEVER
    except (*UNREADABLE, ValueError):
        return None


def _change(raw: bytes) -> _Named | None:
    try:
        return _NAMED.decode(raw)
    except UNREADABLE:
        return None


def _id(raw: bytes) -> str | None:
    named = _change(raw)
    return named.id if named else None


def _is_number(row_id: str) -> bool:
    return row_id.isascii() and row_id.isdecimal() and len(row_id) <= _MOST_DIGITS

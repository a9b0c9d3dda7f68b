"""One answer's rows, read one by one, and the place in the order of changes that they lead to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from connections.platforms.base import Rejected, Unexpected
from connections.platforms.decoding import UNREADABLE, unstorable
from connections.platforms.xero import wire
from connections.platforms.xero.moments import moment
from connections.schemas import Record


class Place(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How far a list has been read: the last moment of change, and what was read of it."""

    at: datetime
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """How the rows of one list are understood."""

    decoder: msgspec.json.Decoder[Any]
    mark: msgspec.json.Decoder[Any]
    """Reads of a row only its id and when it changed."""
    to_record: Callable[[Any], Record]
    is_wanted: Callable[[Any], bool]
    is_gone: Callable[[Any], bool]


class Rows:
    """What became records, what was deleted and what is kept aside."""

    def __init__(self, reader: Reader, *, reports_gone_since: datetime | None) -> None:
        """Without a moment nothing gone is reported; else what went at or after it."""
        self.records: list[Record] = []
        self.deleted_ids: list[str] = []
        self.rejected: list[Rejected] = []
        self.fresh = 0
        self.first_at: datetime | None = None
        self._reader = reader
        self._reports_gone_since = reports_gone_since

    def read(self, raws: Sequence[msgspec.Raw], *, after: Place | None) -> Place | None:
        """Read what was not read before and return how far the list has been read now.

        :raises Unexpected: when the rows are not in the order asked for.
        """
        at, ids = (after.at, list(after.ids)) if after else (None, [])
        previous: datetime | None = None
        for raw in map(bytes, raws):
            mark = self._mark(raw)
            if mark is None:
                self._reject(raw, "It has no id or date that we understand.")
                continue
            row_id, changed_at = mark
            if previous is not None and changed_at < previous:
                raise Unexpected(
                    "Xero gave an answer we do not understand.",
                    detail=f"{row_id} of {changed_at} came after {previous}",
                )
            previous = changed_at
            self.first_at = self.first_at or changed_at
            if at is not None and (changed_at < at or (changed_at == at and row_id in ids)):
                continue
            if changed_at != at:
                at, ids = changed_at, []
            ids.append(row_id)
            self._read_one(raw, row_id, changed_at)
        return Place(at=at, ids=tuple(ids)) if at else None

    def read_whole(self, raws: Sequence[msgspec.Raw]) -> None:
        """Read a list that comes in one answer, in whatever order."""
        for raw in map(bytes, raws):
            self._read_one(raw, None, None)

    def _mark(self, raw: bytes) -> tuple[str, datetime] | None:
        try:
            mark = self._reader.mark.decode(raw)
            return mark.id, moment(mark.updated)
        except (*UNREADABLE, ValueError):
            return None

    def _read_one(self, raw: bytes, row_id: str | None, at: datetime | None) -> None:
        self.fresh += 1
        try:
            row: wire.Row = self._reader.decoder.decode(raw)
            reason = unstorable(raw, row)
            if reason is None:
                self._keep(row, at)
        except ArithmeticError as error:
            reason = f"An amount cannot be reckoned with ({type(error).__name__})."
        except (*UNREADABLE, ValueError) as error:
            reason = str(error)
        if reason is not None:
            self._reject(raw, reason, row_id)

    def _keep(self, row: Any, at: datetime | None) -> None:
        if not self._reader.is_wanted(row):
            return
        if not self._reader.is_gone(row):
            self.records.append(self._reader.to_record(row))
        elif self._reports_gone_since is not None and (
            at is None or at >= self._reports_gone_since
        ):
            self.deleted_ids.append(row.id)

    def _reject(self, raw: bytes, reason: str, row_id: str | None = None) -> None:
        self.rejected.append(Rejected(source_id=row_id or self._id(raw), raw=raw, reason=reason))

    def _id(self, raw: bytes) -> str | None:
        try:
            found: str = self._reader.mark.decode(raw).id
        except UNREADABLE:
            return None
        return found or None

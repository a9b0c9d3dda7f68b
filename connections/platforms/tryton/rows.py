"""One page of Tryton's rows, read one by one."""

import datetime as dt
from collections.abc import Callable, Container, Mapping
from typing import Any

import msgspec

from connections.platforms.base import Rejected
from connections.platforms.decoding import UNREADABLE, unstorable
from connections.platforms.tryton.changes import MOST_REMEMBERED, changed_at, digest
from connections.platforms.tryton.server import unexpected
from connections.schemas import Record


class _Identified(msgspec.Struct):
    id: int


_IDENTIFIED = msgspec.json.Decoder(_Identified)


class Rows:
    """What became records, and what is kept aside."""

    def __init__(
        self,
        decoder: msgspec.json.Decoder[Any],
        to_record: Callable[[Any, dt.datetime | None], Record],
        *,
        floor: dt.datetime,
        seen_before: Mapping[str, str],
        members: Container[int] | None = None,
    ) -> None:
        self.decoder = decoder
        self.to_record = to_record
        self.floor = floor
        self.seen_before = seen_before
        self.members = members
        self.records: list[Record] = []
        self.rejected: list[Rejected] = []
        self.ids: set[int] = set()
        self.recent: dict[str, str] = {}

    def read(self, raws: list[msgspec.Raw], *, after: int) -> int:
        """Read all rows and return the last one's id.

        :raises Unexpected: when one does not lie beyond the row before it, on this page or the one
            before: the platform repeats itself, and reading on might never end.
        """
        for raw in raws:
            row_id = self._read_one(bytes(raw))
            if row_id is None:
                continue
            if row_id <= after:
                raise unexpected(f"record {row_id} came after record {after}")
            after = row_id
        return after

    def _read_one(self, raw: bytes) -> int | None:
        try:
            row_id = _IDENTIFIED.decode(raw).id
        except UNREADABLE as error:
            self.rejected.append(Rejected(source_id=None, raw=raw, reason=str(error)))
            return None
        if self.members is not None and row_id not in self.members:
            return row_id
        self.ids.add(row_id)
        try:
            row = self.decoder.decode(raw)
            reason = unstorable(raw, row)
            if reason is None:
                at = changed_at(row)
                self._keep(self.to_record(row, at), at)
        except UNREADABLE as error:
            reason = str(error)
        except ArithmeticError as error:
            reason = f"An amount cannot be reckoned with ({type(error).__name__})."
        except ValueError as error:
            reason = f"A date does not exist ({error})."
        if reason is not None:
            self.rejected.append(Rejected(source_id=str(row_id), raw=raw, reason=reason))
        return row_id

    def _keep(self, record: Record, at: dt.datetime | None) -> None:
        """Keep a record unless the last pull brought it in the same words."""
        words = digest(record)
        if at is not None and at >= self.floor and len(self.recent) < MOST_REMEMBERED:
            self.recent[record.id] = words
        if self.seen_before.get(record.id) != words:
            self.records.append(record)

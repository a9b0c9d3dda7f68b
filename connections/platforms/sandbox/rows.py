"""One page of sandbox rows, read one by one."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from connections.platforms.base import Rejected, Unexpected
from connections.platforms.decoding import UNREADABLE, reject, unstorable
from connections.platforms.extra_data import Supplement
from connections.platforms.sandbox import wire
from connections.schemas import Record, SupplementalData

type Place = tuple[datetime, str]
"""A row's place in the platform's order: when it changed, then its id."""

_TOMBSTONE = msgspec.json.Decoder(wire.Tombstone)


class Rows:
    """What became records, what was deleted and what is kept aside."""

    def __init__(
        self,
        decoder: msgspec.json.Decoder[Any],
        to_record: Callable[[Any], Record],
        supplement: Supplement | None = None,
    ) -> None:
        self.decoder = decoder
        self.to_record = to_record
        self.supplement = supplement
        self.records: list[Record] = []
        self.deleted_ids: list[str] = []
        self.rejected: list[Rejected] = []

    def read(self, raws: list[msgspec.Raw], *, after: Place | None) -> Place | None:
        """Read all rows and return the last one's place.

        :raises Unexpected: when one does not lie beyond the row before it, on this page or the one
            before: the platform repeats itself, and reading on might never end.
        """
        for raw in raws:
            row = self._read_one(bytes(raw))
            if row is None:
                continue
            place = (row.updated_at, row.id)
            if after is not None and place <= after:
                raise Unexpected(
                    "Sandbox sent the same data twice.",
                    detail=f"{row.id} at {row.updated_at} after {after[1]} at {after[0]}",
                )
            after = place
        return after

    def _read_one(self, raw: bytes) -> wire.Row | wire.Tombstone | None:
        try:
            row: wire.Row = self.decoder.decode(raw)
        except UNREADABLE as error:
            return self._read_other(raw, str(error))
        try:
            reason = unstorable(raw, row)
            if reason is None:
                record = self.to_record(row)
                if self.supplement is not None:
                    record, reason = supplemented(record, raw, self.supplement)
            if reason is None:
                self.records.append(record)
        except ArithmeticError as error:
            reason = f"An amount cannot be reckoned with ({type(error).__name__})."
        if reason is not None:
            self.rejected.append(reject(raw, reason))
        return row

    def _read_other(self, raw: bytes, reason: str) -> wire.Tombstone | None:
        """Read what is no record: the mark of a deleted one, or something to keep aside."""
        try:
            tombstone = _TOMBSTONE.decode(raw)
        except UNREADABLE:
            self.rejected.append(reject(raw, reason))
            return None
        self.deleted_ids.append(tombstone.id)
        return tombstone


def supplemented(record: Record, raw: bytes, supplement: Supplement) -> tuple[Record, str | None]:
    """Return the record with what its row has of the supplement, or why that cannot be stored."""
    try:
        content = supplement.read(raw)
        reason = unstorable(raw, content)
    except UNREADABLE as error:
        return record, f"Its supplemental data cannot be read ({type(error).__name__})."
    given = SupplementalData(content=content)
    return msgspec.structs.replace(record, supplemental_data=given), reason

"""The sandbox's own time: real time plus an offset that only grows, as books never go back."""

from datetime import UTC, datetime

from sandbox.database import Database
from sandbox.ledger import moments

_OFFSET = "clock offset"
LONGEST_ADVANCE = 3_660 * 24 * 3_600


class Clock:
    def __init__(self, database: Database) -> None:
        self._database = database
        self.offset = int(database.setting(_OFFSET) or 0)

    def now(self) -> int:
        return moments.from_datetime(datetime.now(UTC)) + self.offset * moments.SECOND

    def advance(self, seconds: int) -> None:
        """:raises ValueError: when that would turn time back or leave the years of the calendar"""
        if not 0 <= seconds <= LONGEST_ADVANCE - self.offset:
            raise ValueError(f"advance_seconds must be from 0 to {LONGEST_ADVANCE - self.offset}")
        self.offset += seconds
        self._database.keep_setting(_OFFSET, str(self.offset))

"""A stand-in's own time: real time plus an offset, so that tests need not wait."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime


class Clock:
    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def advance(self, **duration: float) -> None:
        """Let so much time pass: ``clock.advance(days=3)``."""
        self.offset += timedelta(**duration)

    def http_date(self) -> str:
        """Return now as the ``Date`` header says it, to the second."""
        return format_datetime(self.now().replace(microsecond=0), usegmt=True)

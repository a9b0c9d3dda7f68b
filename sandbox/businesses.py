"""The sample businesses of one server, each with books that are made when first asked for."""

from datetime import date
from threading import Lock

from sandbox.clock import Clock
from sandbox.database import Database
from sandbox.ledger import moments
from sandbox.ledger.books import HISTORY_MONTHS, Books
from sandbox.ledger.day import begin_day
from sandbox.ledger.profiles import PROFILES

_EPOCH = "epoch"


class Businesses:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._clock = clock
        self._books: dict[str, Books] = {}
        self._locks = {key: Lock() for key in PROFILES}
        kept = database.setting(_EPOCH)
        if kept is None:
            kept = first_day(clock.now()).isoformat()
            database.keep_setting(_EPOCH, kept)
        self.epoch = date.fromisoformat(kept)

    def books(self, key: str) -> Books:
        """Bring the business's books up to now."""
        with self._locks[key]:
            if key not in self._books:
                self._books[key] = Books(PROFILES[key], self.epoch, begin_day)
            books = self._books[key]
        books.advance_to(self._clock.now())
        return books


def first_day(now: int) -> date:
    month = moments.month_of(moments.day_of(now)) - HISTORY_MONTHS
    return date.fromordinal(moments.month_start(month))

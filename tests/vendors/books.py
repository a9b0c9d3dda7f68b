"""What every stand-in keeps of the ledger: a business's books, what was posted, rows with dates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.ledger import moments
from sandbox.ledger.books import HISTORY_MONTHS, Books
from sandbox.ledger.day import begin_day
from sandbox.ledger.profiles import PROFILES

type Body = dict[str, Any]

LONG_AGO = date(1, 1, 1)


def cents(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


@cache
def ledger(business: str, on: date) -> Books:
    """Return a sample business's books as of a day, made once a process."""
    month = moments.month_of(on.toordinal()) - HISTORY_MONTHS
    books = Books(PROFILES[business], date.fromordinal(moments.month_start(month)), begin_day)
    books.advance_to(moments.day_start(on.toordinal()))
    return books


@dataclass(frozen=True, slots=True)
class Posting:
    """Net debit of one account on one day, and the document it comes from."""

    account_id: str
    on: date
    cents: int
    source: str


class Postings:
    def __init__(self) -> None:
        self._all: list[Posting] = []

    def __iter__(self) -> Iterator[Posting]:
        return iter(self._all)

    def copy(self) -> "Postings":
        copied = Postings()
        copied.extend(self)
        return copied

    def extend(self, postings: Iterable[Posting]) -> None:
        self._all.extend(postings)

    def add(self, account_id: str, on: date, amount: Decimal, source: str) -> None:
        if amount:
            self._all.append(Posting(account_id, on, int(amount.scaleb(2)), source))

    def drop(self, source: str) -> None:
        self._all = [posting for posting in self._all if posting.source != source]

    def balance(self, account_id: str, first: date, last: date) -> int:
        return sum(
            posting.cents
            for posting in self._all
            if posting.account_id == account_id and first <= posting.on <= last
        )


def documents_beside(name: str, environment: str | None) -> Path | None:
    """Return the directory that holds a vendor's documents: the given one, or beside the project.

    They are not ours to copy; they lie as ``../shared/contracts`` seen from the project's root.
    """
    here = Path(__file__).resolve()
    places = [Path(environment)] if environment else []
    places += [parent.parent / "shared" / "contracts" for parent in here.parents[2:4]]
    return next((place for place in places if (place / name).exists()), None)

"""The same business and epoch give the same books, and time only adds to them."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from sandbox.businesses import first_day
from sandbox.ledger import moments
from sandbox.ledger.books import Books
from sandbox.ledger.profiles import PROFILES
from sandbox.views import collections
from sandbox.views.reports import Report
from tests.sandbox.conftest import NOON, make_books

_DIGEST = """
from tests.sandbox.test_time import digest
from tests.sandbox.conftest import make_books
print(digest(make_books("awkward")))
"""


def digest(books: Books, moment: int = NOON) -> str:
    """Condense everything the API shows of a moment."""
    seen = hashlib.sha256()
    for name in collections.NAMES:
        found = collections.select(
            books, name, since=None, as_of=moment, page=1, page_size=1_000_000
        )
        seen.update(repr([row.body for row in found.rows]).encode())
        changed = collections.select(
            books, name, since=moment - 30 * moments.DAY, as_of=moment, page=1, page_size=100_000
        )
        seen.update(repr([row.body for row in changed.rows]).encode())
    for kind in ("balance_sheet", "profit_and_loss", "cash_flow"):
        seen.update(repr(Report(books, moment, None, None).body(kind)).encode())
    return seen.hexdigest()


def test_another_process_makes_the_same_books():
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": "4242", "PYTHONPATH": str(root)}
    other = subprocess.run(
        [sys.executable, "-c", _DIGEST],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )

    assert other.stdout.strip() == digest(make_books("awkward"))


@pytest.mark.parametrize("key", ["small", "awkward"])
def test_what_was_seen_at_a_moment_never_changes(key: str):
    books = make_books(key)
    seen = digest(books)

    books.advance_to(NOON + 45 * moments.DAY)

    assert digest(books) == seen
    assert digest(make_books(key, NOON + 45 * moments.DAY)) == seen
    assert digest(books, NOON + 45 * moments.DAY) != seen


def test_days_added_one_by_one_are_the_days_added_at_once():
    later = NOON + 20 * moments.DAY
    slowly = make_books("small")
    for day in range(1, 21):
        slowly.advance_to(NOON + day * moments.DAY)

    assert digest(slowly, later) == digest(make_books("small", later), later)


@pytest.mark.parametrize("key", sorted(PROFILES))
def test_something_changes_every_few_hours_once_the_server_runs(
    key: str, books_of: Callable[[str], Books]
):
    books = books_of(key)
    books.advance_to(NOON + 3 * moments.DAY)

    for hours in range(0, 72, 6):
        since = NOON + hours * moments.HOUR
        changes = [
            revision
            for name in ("invoices", "bills", "customers", "bank_transactions")
            for revision in getattr(books, name).changes(since, since + 6 * moments.HOUR)
        ]
        assert changes


def test_documents_appear_change_and_vanish_within_days():
    later = NOON + 4 * moments.DAY
    books = make_books("small", later)

    changes = books.invoices.changes(NOON, later)

    assert any(each.record is not None and each.created > NOON for each in changes)
    assert any(each.record is not None and each.created <= NOON for each in changes)
    assert any(each.record is None for each in changes)


def test_epoch_is_the_first_day_of_the_month_26_months_ago():
    assert first_day(NOON) == date(2024, 7, 1)

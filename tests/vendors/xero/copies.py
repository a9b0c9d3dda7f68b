"""The ledger's businesses, written down as organizations."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from threading import RLock
from typing import Any

from sandbox.ledger import moments
from sandbox.ledger.books import Books
from sandbox.ledger.history import Log
from sandbox.ledger.sides import PURCHASES, SALES, Side
from tests.vendors.books import Body, Posting, ledger
from tests.vendors.clock import Clock
from tests.vendors.xero.organisation import LISTS, UNDATED, Organisation, Row
from tests.vendors.xero.views import Views, ms_date


def organisation_of(business: str, clock: Clock) -> Organisation:
    """Show one of the ledger's businesses as it is on the clock's day."""
    copied = _copied(business, clock.now().date())
    tenant = str(uuid.uuid4())
    # Rows are replaced, never changed, so that copies may share them.
    return replace(
        copied,
        tenant=tenant,
        body={**copied.body, "OrganisationID": tenant},
        clock=clock,
        lists={name: dict(rows) for name, rows in copied.lists.items()},
        postings=copied.postings.copy(),
        lock=RLock(),
    )


@cache
def _copied(business: str, on: date) -> Organisation:
    """Write a business down once a process and day."""
    clock = Clock()
    return _Copy(ledger(business, on), clock.now()).organisation(clock)


class _Copy:
    """The ledger's state at a moment, written down as an organization."""

    def __init__(self, books: Books, now: datetime) -> None:
        self.books = books
        self.moment = moments.from_datetime(now)
        self.tenant = str(uuid.uuid4())
        self.views = Views(self.tenant, books)
        created = datetime.fromordinal(books.epoch).replace(tzinfo=UTC)
        self.body = self.views.organisation(books.profile, created)

    def organisation(self, clock: Clock) -> Organisation:
        made = Organisation(tenant=self.tenant, body=self.body, clock=clock, copied_at=self.moment)
        for name, moment, body in self._rows():
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)
            if name not in UNDATED:
                body["UpdatedDateUTC"] = ms_date(at)
            row_id = str(body[LISTS[name]])
            made.lists[name][row_id] = Row(row_id, at, body)
        made.accounts = {row.id: row.body for row in made.rows("Accounts")}
        for number, revision in enumerate(self._entries(), start=1):
            entry = revision.record
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=revision.created)
            made.journals.append(self.views.journal(entry, number, at))
            made.postings.extend(self._postings(entry))
        return made

    def _rows(self) -> Iterator[tuple[str, int, Body]]:
        views, books = self.views, self.books
        banks = {each.id: each.record for each in self._now(books.bank_accounts)}
        for each in self._now(books.accounts):
            yield "Accounts", each.moment, views.account(each.record, banks.get(each.id))
        for each in self._now(books.tax_rates):
            yield "TaxRates", each.moment, views.tax_rate(each.record)
        for each in self._now(books.items):
            yield "Items", each.moment, views.item(each.record)
        yield from self._side_rows(SALES, is_sale=True)
        yield from self._side_rows(PURCHASES, is_sale=False)
        yield from self._entry_rows()

    def _side_rows(self, side: Side, *, is_sale: bool) -> Iterator[tuple[str, int, Body]]:
        views, books = self.views, self.books
        for each in self._now(side.contact_log(books)):
            yield "Contacts", each.moment, views.contact(each.record, is_customer=is_sale)
        for each in self._now(side.document_log(books)):
            yield "Invoices", each.moment, views.invoice(each.record, is_sale=is_sale)
        for each in self._now(side.credit_log(books)):
            yield "CreditNotes", each.moment, views.credit_note(each.record, is_sale=is_sale)
        for each in self._now(side.payment_log(books)):
            for body in views.payments(each.record, is_sale=is_sale):
                yield "Payments", each.moment, body
            rest = views.overpayment(each.record, is_sale=is_sale)
            if rest is not None:
                yield "Overpayments", each.moment, rest

    def _now(self, log: Log[Any]) -> list[Any]:
        """Return what is there at the moment; of none of it the record is missing."""
        return log.as_of(self.moment)

    def _entry_rows(self) -> Iterator[tuple[str, int, Body]]:
        for r in self._entries():
            if r.record.source_kind in {"manual", "payroll"}:
                yield "ManualJournals", r.moment, self.views.manual_journal(r.record)
            elif r.record.source_kind == "bank":
                for body in self.views.bank_transactions(r.record):
                    yield "BankTransactions", r.moment, body

    def _entries(self) -> list[Any]:
        found = self._now(self.books.journal_entries)
        return sorted(found, key=lambda revision: (revision.created, revision.id))

    def _postings(self, entry: Any) -> Iterator[Posting]:
        """Date and name what an entry posts; a payment of one document under that payment's id."""
        source = self.views.id(entry.source_id or entry.id)
        if entry.source_kind in {"payment", "bill_payment"}:
            log = getattr(self.books, f"{entry.source_kind}s")
            payment = log.get(entry.source_id)
            documents = {part.document_id for part in payment.applied} if payment else set()
            if len(documents) == 1:
                source = self.views.id(entry.source_id, *documents)
        on = date.fromordinal(entry.date)
        for posting in entry.postings:
            yield Posting(self.views.id(posting.account.id), on, posting.amount, source)

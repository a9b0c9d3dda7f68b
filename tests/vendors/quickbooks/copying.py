"""Writing the ledger's state at a moment down as a company."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sandbox.ledger import moments
from sandbox.ledger.books import Books
from tests.vendors.books import Body, Posting
from tests.vendors.clock import Clock
from tests.vendors.quickbooks.company import Company, Row, at_moment, moment_text, source
from tests.vendors.quickbooks.names import Names
from tests.vendors.quickbooks.transactions import Transactions

type Copied = tuple[str, Any, Body]

_ENTITY = {
    "invoice": "Invoice",
    "bill": "Bill",
    "credit_note": "CreditMemo",
    "supplier_credit": "VendorCredit",
    "payment": "Payment",
    "bill_payment": "BillPayment",
}


def copy(books: Books, clock: Clock, now: datetime) -> Company:
    realm = f"46208165{sum(map(ord, books.profile.key)) + 10**10:011d}"
    company = Company(realm=realm, books=books, clock=clock)
    copier = _Copier(books, company, moments.from_datetime(now))
    for entity, revision, body in copier.rows():
        changed = at_moment(revision.moment)
        body |= {
            "SyncToken": "0" if revision.moment == revision.created else "1",
            "MetaData": {
                "CreateTime": moment_text(at_moment(revision.created)),
                "LastUpdatedTime": moment_text(changed),
            },
            "domain": "QBO",
            "sparse": False,
        }
        company.lists[entity][body["Id"]] = Row(body["Id"], changed, body)
    company.postings.extend(copier.postings())
    return company


class _Copier:
    def __init__(self, books: Books, company: Company, moment: int) -> None:
        self.books = books
        self.ids = company.ids
        self.moment = moment
        self.names = Names(books, company.ids)
        self.transactions = Transactions(books, self.names)
        # Voided as QuickBooks does it: as if it had never been posted.
        self.void = {
            r.id
            for log in (books.invoices, books.bills, books.credit_notes, books.supplier_credits)
            for r in log.as_of(moment)
            if r.record.status == "void"
        }

    def rows(self) -> Iterator[Copied]:
        first = self.books.accounts.as_of(self.moment)[0]
        yield "CompanyInfo", first, self.names.company()
        yield "Preferences", first, self.names.preferences()
        yield from self._lists()
        yield from self._documents()
        yield from self._payments()
        for r in self.books.journal_entries.as_of(self.moment):
            if r.record.source_kind not in _ENTITY:
                entity, body = self.transactions.entry(r.record)
                yield entity, r, body

    def postings(self) -> Iterator[Posting]:
        """Date and name what each entry posts, by the transaction that it is shown as."""
        for r in self.books.journal_entries.as_of(self.moment):
            entry = r.record
            if entry.source_id in self.void:
                continue
            if entry.source_kind in _ENTITY and entry.source_id:
                entity = _ENTITY[entry.source_kind]
                origin = source(entity, self.ids.of(entity, entry.source_id))
            else:
                entity, body = self.transactions.entry(entry)
                origin = source(entity, body["Id"])
            on = date.fromordinal(entry.date)
            for posting in entry.postings:
                account = self.ids.of("Account", posting.account.id)
                yield Posting(account, on, posting.amount, origin)

    def _lists(self) -> Iterator[Copied]:
        books, at = self.books, self.moment
        balances = self._balances()
        accounts = books.accounts.as_of(at)
        for r in accounts:
            yield "Account", r, self.names.account(r.record, balances[r.id])
        for r in books.items.as_of(at):
            yield "Item", r, self.names.item(r.record)
        yield "Item", accounts[0], self.names.services()
        for r in books.tax_rates.as_of(at):
            yield "TaxCode", r, self.names.tax_code(r.record)
            for side in ("Sales", "Purchase"):
                yield "TaxRate", r, self.names.tax_rate(r.record, side)
        used: Counter[str] = Counter()
        for entity, log in (("Customer", books.customers), ("Vendor", books.suppliers)):
            owed = self._owed(entity)
            for r in log.as_of(at):
                used[r.record.name] += 1
                is_unique = used[r.record.name] == 1
                body = self.names.contact(entity, r.record, owed[r.id], is_unique=is_unique)
                yield entity, r, body

    def _documents(self) -> Iterator[Copied]:
        """Give what is posted: QuickBooks knows no drafts."""
        books, at = self.books, self.moment
        for entity, log in (("Invoice", books.invoices), ("CreditMemo", books.credit_notes)):
            for r in log.as_of(at):
                if r.record.status != "draft":
                    yield entity, r, self.transactions.invoice(r.record, entity)
        for entity, log in (("Bill", books.bills), ("VendorCredit", books.supplier_credits)):
            for r in log.as_of(at):
                if r.record.status != "draft":
                    yield entity, r, self.transactions.bill(r.record, entity)

    def _payments(self) -> Iterator[Copied]:
        books, at = self.books, self.moment
        for r in books.payments.as_of(at):
            yield "Payment", r, self.transactions.payment(r.record)
        for r in books.bill_payments.as_of(at):
            yield "BillPayment", r, self.transactions.bill_payment(r.record)
        for entity, log, is_sale in (
            ("Payment", books.credit_notes, True),
            ("BillPayment", books.supplier_credits, False),
        ):
            for r in log.as_of(at):
                for used in r.record.allocations:
                    yield entity, r, self.transactions.set_off(r.record, used, is_sale=is_sale)

    def _balances(self) -> Counter[str]:
        sums: Counter[str] = Counter()
        for r in self.books.journal_entries.as_of(self.moment):
            for posting in r.record.postings:
                sums[posting.account.id] += posting.amount
        return sums

    def _owed(self, entity: str) -> Counter[str]:
        """Sum what is open by customer or vendor, less credits and payments on account."""
        books = self.books
        documents, credits_, payments = (
            (books.invoices, books.credit_notes, books.payments)
            if entity == "Customer"
            else (books.bills, books.supplier_credits, books.bill_payments)
        )
        sums: Counter[str] = Counter()
        for r in documents.as_of(self.moment):
            if r.record.status != "draft":
                sums[r.record.contact.id] += r.record.due
        for r in credits_.as_of(self.moment):
            sums[r.record.contact.id] -= r.record.due
        for r in payments.as_of(self.moment):
            sums[r.record.contact.id] -= r.record.unapplied
        return sums

"""Writing the ledger's state at a moment down as a company."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sandbox.ledger import moments
from sandbox.ledger.books import Books
from sandbox.ledger.history import Log, Revision
from sandbox.ledger.records import Record
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
    moment = moments.from_datetime(now)
    company = Company(realm=realm, clock=clock, copied_at=moment)
    copier = _Copier(books, company, moment)
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
            each.id
            for log in (books.invoices, books.bills, books.credit_notes, books.supplier_credits)
            for each, document in self._now(log)
            if document.status == "void"
        }

    def rows(self) -> Iterator[Copied]:
        first, _ = next(self._now(self.books.accounts))
        yield "CompanyInfo", first, self.names.company()
        yield "Preferences", first, self.names.preferences()
        yield from self._lists()
        yield from self._documents()
        yield from self._payments()
        for each, entry in self._now(self.books.journal_entries):
            if entry.source_kind not in _ENTITY:
                entity, body = self.transactions.entry(entry)
                yield entity, each, body

    def postings(self) -> Iterator[Posting]:
        """Date and name what each entry posts, by the transaction that it is shown as."""
        for _, entry in self._now(self.books.journal_entries):
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

    def _now[R: Record](self, log: Log[R]) -> Iterator[tuple[Revision[R], R]]:
        """Give what there is at the moment, each with the revision that tells since when."""
        for each in log.as_of(self.moment):
            if each.record is not None:
                yield each, each.record

    def _lists(self) -> Iterator[Copied]:
        books, names = self.books, self.names
        balances = self._balances()
        first = None
        for each, account in self._now(books.accounts):
            first = first or each
            yield "Account", each, names.account(account, balances[each.id])
        for item_now, item in self._now(books.items):
            yield "Item", item_now, names.item(item)
        yield "Item", first, names.services()
        for rate_now, rate in self._now(books.tax_rates):
            yield "TaxCode", rate_now, names.tax_code(rate)
            for side in ("Sales", "Purchase"):
                yield "TaxRate", rate_now, names.tax_rate(rate, side)
        used: Counter[str] = Counter()
        for entity, log in (("Customer", books.customers), ("Vendor", books.suppliers)):
            owed = self._owed(entity)
            for contact_now, contact in self._now(log):
                used[contact.name] += 1
                is_unique = used[contact.name] == 1
                body = names.contact(entity, contact, owed[contact.id], is_unique=is_unique)
                yield entity, contact_now, body

    def _documents(self) -> Iterator[Copied]:
        """Give what is posted: QuickBooks knows no drafts."""
        books = self.books
        for entity, log in (("Invoice", books.invoices), ("CreditMemo", books.credit_notes)):
            for each, document in self._now(log):
                if document.status != "draft":
                    yield entity, each, self.transactions.invoice(document, entity)
        for entity, log in (("Bill", books.bills), ("VendorCredit", books.supplier_credits)):
            for each, document in self._now(log):
                if document.status != "draft":
                    yield entity, each, self.transactions.bill(document, entity)

    def _payments(self) -> Iterator[Copied]:
        books = self.books
        for each, payment in self._now(books.payments):
            yield "Payment", each, self.transactions.payment(payment)
        for each, payment in self._now(books.bill_payments):
            yield "BillPayment", each, self.transactions.bill_payment(payment)
        for entity, log, is_sale in (
            ("Payment", books.credit_notes, True),
            ("BillPayment", books.supplier_credits, False),
        ):
            for since, credit in self._now(log):
                for used in credit.allocations:
                    yield entity, since, self.transactions.set_off(credit, used, is_sale=is_sale)

    def _balances(self) -> Counter[str]:
        sums: Counter[str] = Counter()
        for _, entry in self._now(self.books.journal_entries):
            for posting in entry.postings:
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
        for _, document in self._now(documents):
            if document.status != "draft":
                sums[document.contact.id] += document.due
        for _, credit in self._now(credits_):
            sums[credit.contact.id] -= credit.due
        for _, payment in self._now(payments):
            sums[payment.contact.id] -= payment.unapplied
        return sums

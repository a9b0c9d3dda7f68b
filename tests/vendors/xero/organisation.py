"""One organization's books, as a view of the ledger that can then be changed."""

import uuid
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import RLock
from typing import Any

from sandbox.ledger import moments
from sandbox.ledger.books import Books
from tests.vendors.books import Body, Posting, Postings, ledger
from tests.vendors.clock import Clock
from tests.vendors.xero.views import Views, day_text, ms_date

LISTS = {
    "Accounts": "AccountID",
    "TaxRates": "TaxType",
    "Items": "ItemID",
    "Contacts": "ContactID",
    "Invoices": "InvoiceID",
    "CreditNotes": "CreditNoteID",
    "Payments": "PaymentID",
    "Overpayments": "OverpaymentID",
    "Prepayments": "PrepaymentID",
    "ManualJournals": "ManualJournalID",
    "BankTransactions": "BankTransactionID",
}
UNDATED = frozenset({"TaxRates"})
ZERO = Decimal()


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    changed_at: datetime
    body: Body


@dataclass(slots=True)
class Organisation:
    """Rows by list and id, and what was posted; every change is dated by the clock."""

    tenant: str
    body: Body
    clock: Clock
    lists: dict[str, dict[str, Row]] = field(default_factory=lambda: {name: {} for name in LISTS})
    journals: list[Body] = field(default_factory=list)
    postings: Postings = field(default_factory=Postings)
    accounts: dict[str, Body] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    @property
    def name(self) -> str:
        return str(self.body["Name"])

    @classmethod
    def of(cls, business: str, clock: Clock) -> "Organisation":
        """Show one of the ledger's businesses as it is at the clock's moment."""
        now = clock.now()
        return _Copy(ledger(business, now.date()), now).organisation(clock)

    @classmethod
    def empty(cls, name: str, clock: Clock) -> "Organisation":
        tenant = str(uuid.uuid4())
        body = {
            "OrganisationID": tenant,
            "Name": name,
            "BaseCurrency": "GBP",
            "FinancialYearEndDay": 31,
            "FinancialYearEndMonth": 3,
            "CreatedDateUTC": ms_date(clock.now()),
            "ShortCode": f"!{tenant[:5]}",
        }
        return cls(tenant=tenant, body=body, clock=clock)

    def rows(self, name: str) -> list[Row]:
        with self.lock:
            return list(self.lists[name].values())

    def get(self, name: str, row_id: str) -> Body:
        return self.lists[name][row_id].body

    def put(self, name: str, body: Body) -> str:
        """Add or replace a row, changed now."""
        with self.lock:
            row_id = str(body[LISTS[name]])
            now = self.clock.now()
            if name not in UNDATED:
                body = {**body, "UpdatedDateUTC": ms_date(now)}
            self.lists[name][row_id] = Row(row_id, now, body)
            return row_id

    def change(self, name: str, row_id: str, **members: Any) -> None:
        with self.lock:
            self.put(name, {**self.get(name, row_id), **members})

    def drop(self, name: str, row_id: str) -> None:
        """Remove a row without a trace, as Xero does with items and accounts."""
        with self.lock:
            del self.lists[name][row_id]

    def add_invoice(self, net: str, *, contact_id: str | None = None, tax: str = "0.00") -> str:
        """Enter and approve a sales invoice of today; return its id."""
        with self.lock:
            template = next(
                row.body
                for row in self.rows("Invoices")
                if row.body["Type"] == "ACCREC" and row.body["LineItems"]
            )
            amounts = {"SubTotal": Decimal(net), "TotalTax": Decimal(tax)}
            total = amounts["SubTotal"] + amounts["TotalTax"]
            today = self.clock.now().date()
            invoice_id = str(uuid.uuid4())
            line = {
                **deepcopy(template["LineItems"][0]),
                "LineItemID": str(uuid.uuid4()),
                "Quantity": Decimal(1),
                "UnitAmount": amounts["SubTotal"],
                "LineAmount": amounts["SubTotal"],
                "TaxAmount": amounts["TotalTax"],
            }
            line.pop("DiscountRate", None)
            body = deepcopy(template) | amounts
            body |= {
                "InvoiceID": invoice_id,
                "InvoiceNumber": f"INV-{invoice_id[:8]}",
                "Date": day_text(today.toordinal()),
                "DateString": f"{today}T00:00:00",
                "DueDate": day_text((today + timedelta(days=30)).toordinal()),
                "DueDateString": f"{today + timedelta(days=30)}T00:00:00",
                "Status": "AUTHORISED",
                "LineItems": [line],
                "Total": total,
                "AmountDue": total,
                "AmountPaid": ZERO,
                "AmountCredited": ZERO,
                "Payments": [],
                "CreditNotes": [],
            }
            body.pop("FullyPaidOnDate", None)
            if contact_id:
                body["Contact"] = {"ContactID": contact_id, "Name": self._contact_name(contact_id)}
            self.postings.add(self._system("DEBTORS"), today, total, invoice_id)
            self.postings.add(line["AccountID"], today, -amounts["SubTotal"], invoice_id)
            self.postings.add(self._tax_account(), today, -amounts["TotalTax"], invoice_id)
            return self.put("Invoices", body)

    def void_invoice(self, invoice_id: str) -> None:
        """Void an invoice or bill: it stays to be seen, and leaves every report."""
        with self.lock:
            self.postings.drop(invoice_id)
            self.change("Invoices", invoice_id, Status="VOIDED", AmountDue=ZERO)

    def delete_invoice(self, invoice_id: str) -> None:
        with self.lock:
            self.postings.drop(invoice_id)
            self.change("Invoices", invoice_id, Status="DELETED")

    def delete_payment(self, payment_id: str) -> None:
        """Take a payment back: what it settled is open again."""
        with self.lock:
            payment = self.get("Payments", payment_id)
            invoice = self.get("Invoices", payment["Invoice"]["InvoiceID"])
            amount = payment["Amount"]
            open_again = {
                "Status": "AUTHORISED",
                "AmountDue": invoice["AmountDue"] + amount,
                "AmountPaid": invoice["AmountPaid"] - amount,
                "Payments": [p for p in invoice["Payments"] if p["PaymentID"] != payment_id],
            }
            self.postings.drop(payment_id)
            body = {**invoice, **open_again}
            body.pop("FullyPaidOnDate", None)
            self.put("Invoices", body)
            self.change("Payments", payment_id, Status="DELETED")

    def archive_contact(self, contact_id: str) -> None:
        self.change("Contacts", contact_id, ContactStatus="ARCHIVED")

    def balance(self, account_id: str, first: date, last: date) -> int:
        return self.postings.balance(account_id, first, last)

    def _contact_name(self, contact_id: str) -> str:
        return str(self.get("Contacts", contact_id)["Name"])

    def _system(self, kind: str) -> str:
        return next(key for key, body in self.accounts.items() if body.get("SystemAccount") == kind)

    def _tax_account(self) -> str:
        return next(
            (key for key, body in self.accounts.items() if body.get("Code") == "2200"),
            self._system("CREDITORS"),
        )


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
        made = Organisation(tenant=self.tenant, body=self.body, clock=clock)
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
        views, at = self.views, self.moment
        banks = {r.id: r.record for r in self.books.bank_accounts.as_of(at)}
        for r in self.books.accounts.as_of(at):
            yield "Accounts", r.moment, views.account(r.record, banks.get(r.id))
        for r in self.books.tax_rates.as_of(at):
            yield "TaxRates", r.moment, views.tax_rate(r.record)
        for r in self.books.items.as_of(at):
            yield "Items", r.moment, views.item(r.record)
        for log, sale in ((self.books.customers, True), (self.books.suppliers, False)):
            for r in log.as_of(at):
                yield "Contacts", r.moment, views.contact(r.record, is_customer=sale)
        for log, sale in ((self.books.invoices, True), (self.books.bills, False)):
            for r in log.as_of(at):
                yield "Invoices", r.moment, views.invoice(r.record, is_sale=sale)
        for log, sale in ((self.books.credit_notes, True), (self.books.supplier_credits, False)):
            for r in log.as_of(at):
                yield "CreditNotes", r.moment, views.credit_note(r.record, is_sale=sale)
        yield from self._payment_rows()
        yield from self._entry_rows()

    def _payment_rows(self) -> Iterator[tuple[str, int, Body]]:
        logs = ((self.books.payments, True), (self.books.bill_payments, False))
        for log, sale in logs:
            for r in log.as_of(self.moment):
                for body in self.views.payments(r.record, is_sale=sale):
                    yield "Payments", r.moment, body
                rest = self.views.overpayment(r.record, is_sale=sale)
                if rest is not None:
                    yield "Overpayments", r.moment, rest

    def _entry_rows(self) -> Iterator[tuple[str, int, Body]]:
        for r in self._entries():
            if r.record.source_kind in {"manual", "payroll"}:
                yield "ManualJournals", r.moment, self.views.manual_journal(r.record)
            elif r.record.source_kind == "bank":
                for body in self.views.bank_transactions(r.record):
                    yield "BankTransactions", r.moment, body

    def _entries(self) -> list[Any]:
        found = self.books.journal_entries.as_of(self.moment)
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

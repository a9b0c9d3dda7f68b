"""One organization's books: rows by list, what was posted, and the changes people make."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from threading import RLock
from typing import Any

from tests.vendors.books import Body, Postings
from tests.vendors.clock import Clock
from tests.vendors.xero.views import day_text, ms_date

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
    #: What moment of the ledger this shows, in its reckoning.
    copied_at: int = 0
    lists: dict[str, dict[str, Row]] = field(default_factory=lambda: {name: {} for name in LISTS})
    journals: list[Body] = field(default_factory=list)
    postings: Postings = field(default_factory=Postings)
    accounts: dict[str, Body] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    @property
    def name(self) -> str:
        return str(self.body["Name"])

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
            body = self._new_invoice(Decimal(net), Decimal(tax))
            if contact_id:
                body["Contact"] = self._customer(contact_id)
            invoice_id, today = str(body["InvoiceID"]), self.clock.now().date()
            income = body["LineItems"][0]["AccountID"]
            self.postings.add(self._system("DEBTORS"), today, body["Total"], invoice_id)
            self.postings.add(income, today, -body["SubTotal"], invoice_id)
            self.postings.add(self._tax_account(), today, -body["TotalTax"], invoice_id)
            return self.put("Invoices", body)

    def _new_invoice(self, net: Decimal, tax: Decimal) -> Body:
        """Return an invoice to the customer, and of the account, of one that is there."""
        template = next(
            row.body
            for row in self.rows("Invoices")
            if row.body["Type"] == "ACCREC" and row.body["LineItems"]
        )
        amounts = {"Quantity": Decimal(1), "UnitAmount": net, "LineAmount": net, "TaxAmount": tax}
        line = template["LineItems"][0] | amounts | {"LineItemID": str(uuid.uuid4())}
        line.pop("DiscountRate", None)
        today = self.clock.now().date()
        due = today + timedelta(days=30)
        body = template | {
            "InvoiceID": str(uuid.uuid4()),
            "InvoiceNumber": f"INV-{uuid.uuid4().hex[:8]}",
            "Date": day_text(today.toordinal()),
            "DateString": f"{today}T00:00:00",
            "DueDate": day_text(due.toordinal()),
            "DueDateString": f"{due}T00:00:00",
            "Status": "AUTHORISED",
            "LineItems": [line],
            "SubTotal": net,
            "TotalTax": tax,
            "Total": net + tax,
            "AmountDue": net + tax,
            "AmountPaid": ZERO,
            "AmountCredited": ZERO,
            "Payments": [],
            "CreditNotes": [],
        }
        body.pop("FullyPaidOnDate", None)
        return body

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

    def _customer(self, contact_id: str) -> Body:
        """Return a contact for a sale; that it is a customer now does not count as a change."""
        row = self.lists["Contacts"][contact_id]
        body = {**row.body, "IsCustomer": True}
        self.lists["Contacts"][contact_id] = Row(contact_id, row.changed_at, body)
        return {"ContactID": contact_id, "Name": row.body["Name"]}

    def _system(self, kind: str) -> str:
        return next(key for key, body in self.accounts.items() if body.get("SystemAccount") == kind)

    def _tax_account(self) -> str:
        return next(
            (key for key, body in self.accounts.items() if body.get("Code") == "2200"),
            self._system("CREDITORS"),
        )

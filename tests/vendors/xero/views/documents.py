"""Invoices, bills, their credits and payments as Xero shows them."""

from collections.abc import Iterable
from datetime import date

from sandbox.ledger.records import Document, Line, Payment
from tests.vendors.books import Body, cents
from tests.vendors.xero.views.base import Named, code_of, day_text, rate_of

_DOCUMENT_STATUS = {
    "draft": "DRAFT",
    "submitted": "AUTHORISED",
    "open": "AUTHORISED",
    "part_paid": "AUTHORISED",
    "part_used": "AUTHORISED",
    "paid": "PAID",
    "used": "PAID",
    "void": "VOIDED",
}


class Documents(Named):
    def invoice(self, record: Document, *, is_sale: bool) -> Body:
        paid = [part for part in record.allocations if part.kind == "payment"]
        credited = [part for part in record.allocations if part.kind != "payment"]
        by_payment: dict[str, int] = {}
        for part in paid:
            by_payment[part.counterpart_id] = by_payment.get(part.counterpart_id, 0) + part.amount
        dates = {part.counterpart_id: part.date for part in paid}
        return {
            "Type": "ACCREC" if is_sale else "ACCPAY",
            "InvoiceID": self.id(record.id),
            "InvoiceNumber": record.number or "",
            "Reference": record.note[:255] if record.note else "",
            **self._document(record),
            "DueDate": day_text(record.due_date),
            "DueDateString": f"{date.fromordinal(record.due_date)}T00:00:00",
            "AmountDue": cents(record.due),
            "AmountPaid": cents(sum(part.amount for part in paid)),
            "AmountCredited": cents(sum(part.amount for part in credited)),
            "Payments": [
                {
                    "PaymentID": self.id(payment, record.id),
                    "Date": day_text(dates[payment]),
                    "Amount": cents(amount),
                    "CurrencyRate": rate_of(record.rate),
                }
                for payment, amount in by_payment.items()
            ],
            "CreditNotes": [
                {
                    "CreditNoteID": self.id(part.counterpart_id),
                    "AppliedAmount": cents(part.amount),
                    "Date": day_text(part.date),
                }
                for part in credited
            ],
            "Prepayments": [],
            "Overpayments": [],
            "IsDiscounted": any(line.discount for line in record.lines),
            "HasErrors": False,
        } | ({"FullyPaidOnDate": day_text(record.paid_on)} if record.paid_on else {})

    def credit_note(self, record: Document, *, is_sale: bool) -> Body:
        return {
            "Type": "ACCRECCREDIT" if is_sale else "ACCPAYCREDIT",
            "CreditNoteID": self.id(record.id),
            "CreditNoteNumber": record.number or "",
            "Reference": record.note[:255] if record.note else "",
            **self._document(record),
            "RemainingCredit": cents(record.due),
            "Allocations": [
                {
                    "AllocationID": self.id(record.id, part.counterpart_id),
                    "Amount": cents(part.amount),
                    "Date": day_text(part.date),
                    "Invoice": {"InvoiceID": self.id(part.counterpart_id)},
                }
                for part in record.allocations
            ],
            "Payments": [],
            "HasErrors": False,
        }

    def payments(self, record: Payment, *, is_sale: bool) -> Iterable[Body]:
        """Give a payment for each document: Xero has none for several."""
        amounts: dict[str, int] = {}
        for part in record.applied:
            amounts[part.document_id] = amounts.get(part.document_id, 0) + part.amount
        for document, amount in amounts.items():
            yield {
                "PaymentID": self.id(record.id, document),
                "PaymentType": "ACCRECPAYMENT" if is_sale else "ACCPAYPAYMENT",
                "Status": "AUTHORISED",
                "Date": day_text(record.date),
                "Amount": cents(amount),
                "BankAmount": cents(amount),
                "CurrencyRate": rate_of(record.rate),
                "Reference": record.reference or "",
                "IsReconciled": True,
                "HasAccount": True,
                "HasValidationErrors": False,
                "Account": code_of(record.account, "Code")
                | {"AccountID": self.id(record.account.id)},
                "Invoice": {
                    "InvoiceID": self.id(document),
                    "Type": "ACCREC" if is_sale else "ACCPAY",
                    "Contact": self.party(record.contact),
                    "CurrencyCode": record.currency,
                    "HasErrors": False,
                    "IsDiscounted": False,
                },
            }

    def overpayment(self, record: Payment, *, is_sale: bool) -> Body | None:
        """Give what is left of a payment that settled its documents."""
        if not record.unapplied:
            return None
        left = cents(record.unapplied)
        return {
            "OverpaymentID": self.id(record.id, "rest"),
            "Type": "RECEIVE-OVERPAYMENT" if is_sale else "SPEND-OVERPAYMENT",
            "Status": "AUTHORISED",
            "Contact": self.party(record.contact),
            "Date": day_text(record.date),
            "LineAmountTypes": "NoTax",
            "SubTotal": left,
            "TotalTax": cents(0),
            "Total": left,
            "RemainingCredit": left,
            "CurrencyCode": record.currency,
            "CurrencyRate": rate_of(record.rate),
            "Allocations": [],
            "Payments": [],
            "LineItems": [],
            "HasAttachments": False,
        }

    def _document(self, record: Document) -> Body:
        return {
            "Contact": self.party(record.contact),
            "Date": day_text(record.date),
            "DateString": f"{date.fromordinal(record.date)}T00:00:00",
            "Status": _DOCUMENT_STATUS[record.status],
            "LineAmountTypes": "Exclusive",
            "LineItems": [
                self._line(record.id, place, line) for place, line in enumerate(record.lines)
            ],
            "SubTotal": cents(record.net),
            "TotalTax": cents(record.tax),
            "Total": cents(record.total),
            "CurrencyCode": record.currency,
            "CurrencyRate": rate_of(record.rate),
            "HasAttachments": False,
        }

    def _line(self, document: str, place: int, line: Line) -> Body:
        body: Body = {
            "LineItemID": self.id(document, str(place)),
            "Description": line.description,
            "Quantity": cents(line.quantity),
            "UnitAmount": cents(line.unit_price),
            "LineAmount": cents(line.net),
            "TaxAmount": cents(line.tax),
            "TaxType": self.books.tax_by_id[line.tax_rate_id].code,
            "AccountID": self.id(line.account.id),
            **code_of(line.account),
            "Tracking": [],
        }
        if line.discount:
            body["DiscountRate"] = cents(line.discount)
        item = self.books.items.get(line.item_id) if line.item_id else None
        if item is not None:
            body["ItemCode"] = item.code
            body["Item"] = {"ItemID": self.id(item.id), "Name": item.name, "Code": item.code}
        return body

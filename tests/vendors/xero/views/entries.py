"""Journals, and money that moved without a document, as Xero shows them."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from sandbox.ledger.records import Entry, Posting
from tests.vendors.books import Body, cents
from tests.vendors.xero.views.base import Named, code_of, day_text, ms_date

_SOURCE_TYPE = {
    "invoice": "ACCREC",
    "bill": "ACCPAY",
    "credit_note": "ACCRECCREDIT",
    "supplier_credit": "ACCPAYCREDIT",
    "payment": "ACCRECPAYMENT",
    "bill_payment": "ACCPAYPAYMENT",
    "bank": "CASHPAID",
}


class Entries(Named):
    def manual_journal(self, entry: Entry) -> Body:
        return {
            "ManualJournalID": self.id(entry.id),
            "Narration": entry.description,
            "Date": day_text(entry.date),
            "Status": "POSTED",
            "LineAmountTypes": "NoTax",
            "ShowOnCashBasisReports": True,
            "HasAttachments": False,
            "JournalLines": [
                {
                    "LineAmount": cents(posting.amount),
                    **code_of(posting.account),
                    "AccountID": self.id(posting.account.id),
                    "Description": posting.description or "",
                    "TaxType": "NONE",
                    "TaxAmount": cents(0),
                    "IsBlank": False,
                }
                for posting in entry.postings
            ],
        }

    def journal(self, entry: Entry, number: int, created: datetime) -> Body:
        return {
            "JournalID": self.id(entry.id, "journal"),
            "JournalDate": day_text(entry.date),
            "JournalNumber": number,
            "CreatedDateUTC": ms_date(created),
            "Reference": entry.description,
            "SourceID": self.id(entry.source_id or entry.id),
            "SourceType": _SOURCE_TYPE.get(entry.source_kind, "MANJOURNAL"),
            "JournalLines": [
                {
                    "JournalLineID": self.id(entry.id, str(place)),
                    "AccountID": self.id(posting.account.id),
                    **code_of(posting.account),
                    "AccountName": posting.account.name,
                    "Description": posting.description or "",
                    "NetAmount": cents(posting.amount),
                    "GrossAmount": cents(posting.amount),
                    "TaxAmount": cents(0),
                    "TrackingCategories": [],
                }
                for place, posting in enumerate(entry.postings)
            ],
        }

    def bank_transactions(self, entry: Entry) -> Iterable[Body]:
        """Give money received or spent without a document, once for each bank account in it."""
        banks = [posting for posting in entry.postings if posting.account.is_bank]
        for posting in banks:
            kind = "RECEIVE" if posting.amount > 0 else "SPEND"
            total = cents(abs(posting.amount))
            yield {
                "BankTransactionID": self.id(entry.id, posting.account.id),
                "Type": f"{kind}-TRANSFER" if len(banks) > 1 else kind,
                "Status": "AUTHORISED",
                "Date": day_text(entry.date),
                "DateString": f"{date.fromordinal(entry.date)}T00:00:00",
                "Reference": entry.description,
                "IsReconciled": True,
                "HasAttachments": False,
                "BankAccount": code_of(posting.account, "Code")
                | {"AccountID": self.id(posting.account.id), "Name": posting.account.name},
                "LineAmountTypes": "NoTax",
                "LineItems": [] if len(banks) > 1 else list(self._counters(entry, posting)),
                "SubTotal": total,
                "TotalTax": cents(0),
                "Total": total,
                "CurrencyCode": self.currency,
            }

    def _counters(self, entry: Entry, bank: Posting) -> Iterable[Body]:
        sign = -1 if bank.amount > 0 else 1
        for place, posting in enumerate(entry.postings):
            if posting is not bank:
                yield {
                    "LineItemID": self.id(entry.id, "line", str(place)),
                    "Description": posting.description or entry.description,
                    "Quantity": Decimal(1),
                    "UnitAmount": cents(sign * posting.amount),
                    "LineAmount": cents(sign * posting.amount),
                    "TaxAmount": cents(0),
                    "AccountID": self.id(posting.account.id),
                    **code_of(posting.account),
                }

"""The ledger's records as Xero shows them."""

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

from sandbox.ledger.books import Books
from sandbox.ledger.money import RATE_ONE
from sandbox.ledger.profile import Profile
from sandbox.ledger.records import (
    Account,
    Address,
    BankAccount,
    Contact,
    Document,
    Entry,
    Item,
    Line,
    Payment,
    Posting,
    TaxRate,
)
from tests.vendors.books import Body, cents

_ACCOUNT_TYPE = {
    "bank": "BANK",
    "credit_card": "BANK",
    "receivable": "CURRENT",
    "current_asset": "CURRENT",
    "fixed_asset": "FIXED",
    "payable": "CURRLIAB",
    "tax": "CURRLIAB",
    "current_liability": "CURRLIAB",
    "long_term_liability": "TERMLIAB",
    "equity": "EQUITY",
    "retained_earnings": "EQUITY",
    "sales": "SALES",
    "other_income": "OTHERINCOME",
    "cost_of_sales": "DIRECTCOSTS",
    "overhead": "OVERHEADS",
    "depreciation": "DEPRECIATN",
    "interest": "EXPENSE",
}
_ACCOUNT_CLASS = {
    "asset": "ASSET",
    "liability": "LIABILITY",
    "equity": "EQUITY",
    "income": "REVENUE",
    "expense": "EXPENSE",
}
_SYSTEM = {"receivable": "DEBTORS", "payable": "CREDITORS", "retained": "RETAINEDEARNINGS"}
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
_SOURCE_TYPE = {
    "invoice": "ACCREC",
    "bill": "ACCPAY",
    "credit_note": "ACCRECCREDIT",
    "supplier_credit": "ACCPAYCREDIT",
    "payment": "ACCRECPAYMENT",
    "bill_payment": "ACCPAYPAYMENT",
    "bank": "CASHPAID",
}


def ms_date(moment: datetime) -> str:
    return f"/Date({int(moment.timestamp() * 1000)}+0000)/"


def day_text(ordinal: int) -> str:
    on = date.fromordinal(ordinal)
    return ms_date(datetime(on.year, on.month, on.day, tzinfo=UTC))


class Views:
    """One organization's records; their ids follow from its id and the ledger's."""

    def __init__(self, tenant: str, books: Books) -> None:
        self.tenant = tenant
        self.books = books
        self.currency = books.profile.currency

    def id(self, *parts: str) -> str:
        return str(uuid.uuid5(uuid.UUID(self.tenant), "/".join(parts)))

    def organisation(self, profile: Profile, created: datetime) -> Body:
        month, day = profile.year_start
        last = date(2025, month, day).toordinal() - 1
        return {
            "OrganisationID": self.tenant,
            "Name": profile.name,
            "LegalName": profile.legal_name,
            "PaysTax": True,
            "Version": "GLOBAL",
            "OrganisationType": "COMPANY",
            "BaseCurrency": profile.currency,
            "CountryCode": profile.address.country,
            "IsDemoCompany": False,
            "OrganisationStatus": "ACTIVE",
            "RegistrationNumber": profile.registration_number,
            "TaxNumber": profile.tax_number,
            "FinancialYearEndDay": date.fromordinal(last).day,
            "FinancialYearEndMonth": date.fromordinal(last).month,
            "CreatedDateUTC": ms_date(created),
            "ShortCode": f"!{self.tenant[:5]}",
            "Edition": "BUSINESS",
            "Addresses": [{**_address(profile.address), "AddressType": "STREET"}],
            "Phones": [{"PhoneType": "OFFICE", "PhoneNumber": profile.phone}],
            "ExternalLinks": [],
            "PaymentTerms": {},
        }

    def account(self, record: Account, bank: BankAccount | None) -> Body:
        kind = "INVENTORY" if record.role == "inventory" else _ACCOUNT_TYPE[record.type]
        body: Body = {
            "AccountID": self.id(record.id),
            "Name": record.name,
            "Type": kind,
            "Class": _ACCOUNT_CLASS[record.classification],
            "Status": record.status.upper(),
            "TaxType": "NONE",
            "EnablePaymentsToAccount": False,
            "ShowInExpenseClaims": False,
            "SystemAccount": _SYSTEM.get(record.role, ""),
            "HasAttachments": False,
            "AddToWatchlist": False,
        }
        if record.code:
            body["Code"] = record.code
        if kind == "BANK":
            card = record.type == "credit_card"
            body["BankAccountType"] = "CREDITCARD" if card else "BANK"
            body["BankAccountNumber"] = (bank.number if bank else None) or ""
            body["CurrencyCode"] = record.currency
        else:
            body["BankAccountType"] = ""
        return body

    def tax_rate(self, record: TaxRate) -> Body:
        return {
            "Name": record.name,
            "TaxType": record.code,
            "Status": "ARCHIVED" if record.status == "archived" else "ACTIVE",
            "DisplayTaxRate": cents(record.rate),
            "EffectiveRate": cents(record.rate),
            "CanApplyToRevenue": True,
            "TaxComponents": [
                {
                    "Name": part.name,
                    "Rate": cents(part.rate),
                    "IsCompound": part.compound,
                    "IsNonRecoverable": False,
                }
                for part in record.components
            ],
        }

    def item(self, record: Item) -> Body:
        codes = {account.id: account.code for account in self.books.chart.values()}
        body: Body = {
            "ItemID": self.id(record.id),
            "Code": record.code[:30],
            "Name": record.name[:50],
            "Description": record.description or record.name,
            "IsTrackedAsInventory": record.kind == "stock",
            "IsSold": record.sale is not None,
            "IsPurchased": record.purchase is not None,
        }
        sides = (("SalesDetails", record.sale), ("PurchaseDetails", record.purchase))
        for name, side in sides:
            body[name] = {}
            if side is not None:
                body[name] = {
                    "UnitPrice": cents(side.price),
                    "AccountCode": codes[side.account_id] or "",
                    "TaxType": self.books.tax_by_id[side.tax_rate_id].code,
                }
        return body

    def contact(self, record: Contact, *, is_customer: bool) -> Body:
        first, _, last = (record.contact_name or "").partition(" ")
        kinds = {"billing": "POBOX", "delivery": "STREET"}
        return {
            "ContactID": self.id(record.id),
            "ContactStatus": record.status.upper(),
            "Name": record.name,
            "FirstName": first,
            "LastName": last,
            "EmailAddress": record.email or "",
            "CompanyNumber": record.registration_number or "",
            "TaxNumber": record.tax_number or "",
            "DefaultCurrency": record.currency,
            "IsCustomer": is_customer,
            "IsSupplier": not is_customer,
            # Both kinds always come, and a number for each kind of telephone.
            "Addresses": [
                {"AddressType": "STREET", "City": "", "Region": "", "PostalCode": "", "Country": ""}
            ]
            * (len(record.addresses) < 2)
            + [
                {**_address(address), "AddressType": kinds[address.kind]}
                for address in record.addresses
            ],
            "Phones": [
                {"PhoneType": kind, "PhoneNumber": number, "PhoneAreaCode": ""}
                for kind, number in (("DDI", ""), ("DEFAULT", record.phone or ""), ("FAX", ""))
            ],
            "ContactGroups": [],
            "ContactPersons": [],
            "HasAttachments": False,
            "HasValidationErrors": False,
        }

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
                    "CurrencyRate": _rate(record.rate),
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
                "CurrencyRate": _rate(record.rate),
                "Reference": record.reference or "",
                "IsReconciled": True,
                "HasAccount": True,
                "HasValidationErrors": False,
                "Account": _code(record.account) | {"AccountID": self.id(record.account.id)},
                "Invoice": {
                    "InvoiceID": self.id(document),
                    "Type": "ACCREC" if is_sale else "ACCPAY",
                    "Contact": self._party(record.contact),
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
            "Contact": self._party(record.contact),
            "Date": day_text(record.date),
            "LineAmountTypes": "NoTax",
            "SubTotal": left,
            "TotalTax": cents(0),
            "Total": left,
            "RemainingCredit": left,
            "CurrencyCode": record.currency,
            "CurrencyRate": _rate(record.rate),
            "Allocations": [],
            "Payments": [],
            "LineItems": [],
            "HasAttachments": False,
        }

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
                    **_account_code(posting.account),
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
                    **_account_code(posting.account),
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
                "BankAccount": _code(posting.account)
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
                    **_account_code(posting.account),
                }

    def _document(self, record: Document) -> Body:
        return {
            "Contact": self._party(record.contact),
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
            "CurrencyRate": _rate(record.rate),
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
            **_account_code(line.account),
            "Tracking": [],
        }
        if line.discount:
            body["DiscountRate"] = cents(line.discount)
        item = self.books.items.get(line.item_id) if line.item_id else None
        if item is not None:
            body["ItemCode"] = item.code
            body["Item"] = {"ItemID": self.id(item.id), "Name": item.name, "Code": item.code}
        return body

    def _party(self, contact: Contact) -> Body:
        return {"ContactID": self.id(contact.id), "Name": contact.name}


def _address(record: Address) -> Body:
    return {
        "AddressLine1": record.line1,
        "AddressLine2": record.line2 or "",
        "City": record.city,
        "Region": record.region or "",
        "PostalCode": record.postcode or "",
        "Country": record.country,
    }


def _code(account: Account) -> Body:
    return {"Code": account.code} if account.code else {}


def _account_code(account: Account) -> Body:
    return {"AccountCode": account.code} if account.code else {}


def _rate(rate: int) -> Decimal:
    """Tell how much of the foreign currency one unit of the base buys, as Xero does."""
    return (Decimal(RATE_ONE) / Decimal(rate)).quantize(Decimal("1e-6"))

"""Xero's JSON, as far as we read it.

Every member but the ids may be missing: Xero leaves out what is empty. Enumerations and dates stay
text here; ``moments`` reads the dates.
https://developer.xero.com/documentation/api/accounting/overview
"""

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

type Id = Annotated[str, Meta(min_length=1, max_length=255)]


class Wire(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="pascal"):
    """A piece of an answer."""


class Row(Wire, frozen=True, kw_only=True):
    """What lists hold; each has an id under a name of its own."""


class Dated(Row, frozen=True, kw_only=True):
    """What tells when it last changed."""

    updated: str = msgspec.field(name="UpdatedDateUTC")


class Connection(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An organization that a person let our app into."""

    id: Id
    tenant_id: Id
    tenant_type: str = ""
    tenant_name: str | None = None


class Phone(Wire, frozen=True, kw_only=True):
    phone_type: str = ""
    phone_number: str | None = None
    phone_area_code: str | None = None
    phone_country_code: str | None = None


class Address(Wire, frozen=True, kw_only=True):
    address_type: str = ""
    address_line1: str | None = None
    address_line2: str | None = None
    address_line3: str | None = None
    address_line4: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Organisation(Row, frozen=True, kw_only=True):
    id: Id = msgspec.field(name="OrganisationID")
    name: str
    legal_name: str | None = None
    base_currency: str
    registration_number: str | None = None
    tax_number: str | None = None
    financial_year_end_day: int | None = None
    financial_year_end_month: int | None = None
    period_lock_date: str | None = None
    end_of_year_lock_date: str | None = None
    created: str | None = msgspec.field(name="CreatedDateUTC", default=None)
    short_code: str | None = None
    addresses: tuple[Address, ...] = ()
    phones: tuple[Phone, ...] = ()


class Account(Row, frozen=True, kw_only=True):
    id: Id = msgspec.field(name="AccountID")
    # Some that came with the organization were never changed.
    updated: str | None = msgspec.field(name="UpdatedDateUTC", default=None)
    code: str | None = None
    name: str | None = None
    description: str | None = None
    type: str
    class_: str = msgspec.field(name="Class", default="")
    status: str = "ACTIVE"
    currency_code: str | None = None
    bank_account_number: str | None = None
    bank_account_type: str | None = None


class AccountPart(Wire, frozen=True, kw_only=True):
    """An account as others mention it."""

    id: str | None = msgspec.field(name="AccountID", default=None)
    code: str | None = None
    name: str | None = None


class TaxComponent(Wire, frozen=True, kw_only=True):
    name: str | None = None
    rate: Decimal | None = None
    is_compound: bool = False


class TaxRate(Row, frozen=True, kw_only=True):
    """A tax rate; its type is what others refer to, since it has no id."""

    id: Id = msgspec.field(name="TaxType")
    name: str | None = None
    status: str = "ACTIVE"
    effective_rate: Decimal | None = None
    display_tax_rate: Decimal | None = None
    tax_components: tuple[TaxComponent, ...] = ()


class ContactPerson(Wire, frozen=True, kw_only=True):
    first_name: str | None = None
    last_name: str | None = None
    email_address: str | None = None


class Contact(Dated, frozen=True, kw_only=True):
    id: Id = msgspec.field(name="ContactID")
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email_address: str | None = None
    company_number: str | None = None
    tax_number: str | None = None
    contact_status: str = "ACTIVE"
    default_currency: str | None = None
    is_customer: bool = False
    is_supplier: bool = False
    addresses: tuple[Address, ...] = ()
    phones: tuple[Phone, ...] = ()
    contact_persons: tuple[ContactPerson, ...] = ()


class ContactPart(Wire, frozen=True, kw_only=True):
    """A contact as documents mention it."""

    id: Id = msgspec.field(name="ContactID")
    name: str | None = None


class ItemSide(Wire, frozen=True, kw_only=True):
    unit_price: Decimal | None = None
    account_code: str | None = None
    cogs_account_code: str | None = msgspec.field(name="COGSAccountCode", default=None)
    tax_type: str | None = None


class Item(Row, frozen=True, kw_only=True):
    id: Id = msgspec.field(name="ItemID")
    updated: str | None = msgspec.field(name="UpdatedDateUTC", default=None)
    code: str | None = None
    name: str | None = None
    description: str | None = None
    purchase_description: str | None = None
    is_sold: bool = True
    is_purchased: bool = True
    is_tracked_as_inventory: bool = False
    sales_details: ItemSide | None = None
    purchase_details: ItemSide | None = None


class ItemPart(Wire, frozen=True, kw_only=True):
    id: str | None = msgspec.field(name="ItemID", default=None)
    name: str | None = None


class Line(Wire, frozen=True, kw_only=True):
    description: str | None = None
    # A line of text alone has neither quantity nor amounts.
    quantity: Decimal | None = None
    unit_amount: Decimal | None = None
    line_amount: Decimal | None = None
    tax_amount: Decimal | None = None
    tax_type: str | None = None
    discount_rate: Decimal | None = None
    discount_amount: Decimal | None = None
    account_id: str | None = msgspec.field(name="AccountID", default=None)
    account_code: str | None = None
    item: ItemPart | None = None


class PaymentPart(Wire, frozen=True, kw_only=True):
    """A payment as the document it settles mentions it."""

    id: Id = msgspec.field(name="PaymentID")
    date: str | None = None
    amount: Decimal
    currency_rate: Decimal | None = None
    reference: str | None = None


class CreditPart(Wire, frozen=True, kw_only=True):
    """A credit note, a prepayment or an overpayment as the document it settles mentions it."""

    credit_note_id: str | None = msgspec.field(name="CreditNoteID", default=None)
    overpayment_id: str | None = msgspec.field(name="OverpaymentID", default=None)
    prepayment_id: str | None = msgspec.field(name="PrepaymentID", default=None)
    date: str | None = None
    applied_amount: Decimal | None = None


class DocumentPart(Wire, frozen=True, kw_only=True):
    """A document as a payment or an allocation mentions it."""

    invoice_id: str | None = msgspec.field(name="InvoiceID", default=None)
    credit_note_id: str | None = msgspec.field(name="CreditNoteID", default=None)
    overpayment_id: str | None = msgspec.field(name="OverpaymentID", default=None)
    prepayment_id: str | None = msgspec.field(name="PrepaymentID", default=None)
    contact: ContactPart | None = None
    currency_code: str | None = None


class Allocation(Wire, frozen=True, kw_only=True):
    """Where part of a credit went."""

    amount: Decimal
    date: str | None = None
    invoice: DocumentPart | None = None


class Document(Dated, frozen=True, kw_only=True):
    type: str
    status: str
    contact: ContactPart | None = None
    date: str
    line_amount_types: str = "Exclusive"
    line_items: tuple[Line, ...] = ()
    currency_code: str | None = None
    currency_rate: Decimal | None = None
    sub_total: Decimal
    total_tax: Decimal
    total: Decimal
    reference: str | None = None


class Invoice(Document, frozen=True, kw_only=True):
    """A sales invoice (``ACCREC``) or a bill (``ACCPAY``)."""

    id: Id = msgspec.field(name="InvoiceID")
    invoice_number: str | None = None
    due_date: str | None = None
    fully_paid_on_date: str | None = None
    amount_due: Decimal
    amount_paid: Decimal = Decimal()
    amount_credited: Decimal = Decimal()
    payments: tuple[PaymentPart, ...] = ()
    credit_notes: tuple[CreditPart, ...] = ()
    overpayments: tuple[CreditPart, ...] = ()
    prepayments: tuple[CreditPart, ...] = ()


class CreditNote(Document, frozen=True, kw_only=True):
    id: Id = msgspec.field(name="CreditNoteID")
    credit_note_number: str | None = None
    remaining_credit: Decimal = Decimal()
    allocations: tuple[Allocation, ...] = ()
    payments: tuple[PaymentPart, ...] = ()


class Payment(Dated, frozen=True, kw_only=True):
    """Money for one document."""

    id: Id = msgspec.field(name="PaymentID")
    payment_type: str
    status: str
    date: str
    amount: Decimal
    currency_rate: Decimal | None = None
    reference: str | None = None
    account: AccountPart | None = None
    invoice: DocumentPart | None = None
    credit_note: DocumentPart | None = None
    overpayment: DocumentPart | None = None
    prepayment: DocumentPart | None = None


class OnAccount(Dated, frozen=True, kw_only=True):
    """Money for no document yet."""

    type: str
    status: str
    date: str
    contact: ContactPart | None = None
    currency_code: str | None = None
    currency_rate: Decimal | None = None
    total: Decimal
    remaining_credit: Decimal = Decimal()
    reference: str | None = None
    allocations: tuple[Allocation, ...] = ()


class Overpayment(OnAccount, frozen=True, kw_only=True):
    id: Id = msgspec.field(name="OverpaymentID")


class Prepayment(OnAccount, frozen=True, kw_only=True):
    id: Id = msgspec.field(name="PrepaymentID")


class ManualLine(Wire, frozen=True, kw_only=True):
    line_amount: Decimal
    tax_amount: Decimal | None = None
    account_id: str | None = msgspec.field(name="AccountID", default=None)
    account_code: str | None = None
    description: str | None = None
    is_blank: bool = False


class ManualJournal(Dated, frozen=True, kw_only=True):
    id: Id = msgspec.field(name="ManualJournalID")
    narration: str | None = None
    date: str
    status: str
    journal_lines: tuple[ManualLine, ...] = ()


class JournalLine(Wire, frozen=True, kw_only=True):
    account_id: str | None = msgspec.field(name="AccountID", default=None)
    account_name: str | None = None
    description: str | None = None
    net_amount: Decimal


class Journal(Row, frozen=True, kw_only=True):
    """An entry of the general ledger, which never changes: what is undone is entered again."""

    id: Id = msgspec.field(name="JournalID")
    number: int = msgspec.field(name="JournalNumber")
    date: str = msgspec.field(name="JournalDate")
    created: str = msgspec.field(name="CreatedDateUTC")
    reference: str | None = None
    source_id: str | None = msgspec.field(name="SourceID", default=None)
    source_type: str | None = None
    journal_lines: tuple[JournalLine, ...] = ()


class BankTransaction(Dated, frozen=True, kw_only=True):
    id: Id = msgspec.field(name="BankTransactionID")
    type: str
    status: str
    date: str
    total: Decimal
    is_reconciled: bool = False
    reference: str | None = None
    contact: ContactPart | None = None
    bank_account: AccountPart | None = None


class Pagination(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    page: int
    page_count: int
    item_count: int


class Attribute(Wire, frozen=True, kw_only=True):
    id: str = ""
    value: str = ""


class Cell(Wire, frozen=True, kw_only=True):
    value: str = ""
    attributes: tuple[Attribute, ...] = ()


class ReportRow(Wire, frozen=True, kw_only=True):
    """A heading, a section, a row of figures or their sum."""

    row_type: str
    title: str | None = None
    cells: tuple[Cell, ...] = ()
    rows: tuple["ReportRow", ...] = ()


class Report(Wire, frozen=True, kw_only=True):
    rows: tuple[ReportRow, ...]


class Reports(Wire, frozen=True, kw_only=True):
    reports: Annotated[tuple[Report, ...], Meta(min_length=1)]

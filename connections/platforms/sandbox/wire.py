"""The sandbox platform's own JSON, as far as we read it.

Fields that it adds later are ignored; one that we need and miss, or that has another type, makes
the row unreadable. Enumerations stay plain text: a value we do not know is no reason to lose a row.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from connections.platforms.drift import Documented

type Id = Annotated[str, Meta(min_length=1, max_length=255)]


class Wire(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A piece of an answer."""


class Row(Wire, frozen=True, kw_only=True):
    """What every row of a collection carries."""

    id: Id
    created_at: datetime
    updated_at: datetime


class Tombstone(Wire, frozen=True, kw_only=True):
    """What is left of a deleted row."""

    id: Id
    updated_at: datetime
    deleted: Literal[True]


class Envelope(Wire, frozen=True, kw_only=True):
    """One page of a collection."""

    items: list[msgspec.Raw]
    page: int
    pages: int
    total: int
    as_of: str


class Connection(Wire, frozen=True, kw_only=True):
    business_id: Id
    business_name: str


class Address(Wire, frozen=True, kw_only=True):
    kind: str | None = None
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    postcode: str | None = None


class Company(Wire, frozen=True, kw_only=True):
    id: Id
    name: str
    legal_name: str | None = None
    registration_number: str | None = None
    tax_number: str | None = None
    base_currency: str
    financial_year_start: Annotated[str, Meta(pattern=r"^\d\d-\d\d\Z")]
    created_at: datetime
    address: Address | None = None
    phone: str | None = None
    website: str | None = None
    ledger_locked_until: date | None = None


class Account(Row, frozen=True, kw_only=True):
    code: str | None = None
    name: str | None = None
    description: str | None = None
    class_: str = msgspec.field(name="class")
    type: str
    currency: str | None = None
    status: str
    is_bank: bool
    balance: Decimal | None = None


class Contact(Row, frozen=True, kw_only=True):
    """A customer or a supplier."""

    name: str | None = None
    contact_name: str | None = None
    email: str | None = None
    phone: str | None = None
    registration_number: str | None = None
    tax_number: str | None = None
    currency: str | None = None
    status: str
    addresses: tuple[Address, ...] = ()


class ItemSide(Wire, frozen=True, kw_only=True):
    price: Decimal | None = None
    account_id: str | None = None
    tax_rate_id: str | None = None


class Item(Row, frozen=True, kw_only=True):
    code: str | None = None
    name: str | None = None
    description: str | None = None
    kind: str
    status: str
    sale: ItemSide | None = None
    purchase: ItemSide | None = None


class TaxComponent(Wire, frozen=True, kw_only=True):
    name: str | None = None
    rate: Decimal
    compound: bool


class TaxRate(Row, frozen=True, kw_only=True):
    code: str | None = None
    name: str | None = None
    rate: Decimal
    components: tuple[TaxComponent, ...] = ()
    status: str


class Line(Wire, frozen=True, kw_only=True):
    """A line of an invoice, a bill or a credit."""

    description: str | None = None
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal | None = None
    net: Decimal
    tax: Decimal
    total: Decimal
    account_id: str | None = None
    account_name: str | None = None
    tax_rate_id: str | None = None
    item_id: str | None = None


class DocumentAllocation(Wire, frozen=True, kw_only=True):
    """What settled part of an invoice or of a bill."""

    payment_id: Id
    kind: str
    date: date
    amount: Decimal
    account_id: str | None = None


class CreditAllocation(Wire, frozen=True, kw_only=True):
    """Where part of a credit went."""

    document_id: Id
    date: date
    amount: Decimal


class Document(Row, frozen=True, kw_only=True):
    date: date
    currency: str | None = None
    exchange_rate: Decimal | None = None
    status: str
    lines: tuple[Line, ...]
    net: Decimal
    tax: Decimal
    total: Decimal
    note: str | None = None


class Invoice(Document, frozen=True, kw_only=True):
    number: str | None = None
    customer_id: Id
    customer_name: str | None = None
    due_date: date | None = None
    paid_on: date | None = None
    amount_due: Decimal
    allocations: tuple[DocumentAllocation, ...] = ()


class Bill(Document, frozen=True, kw_only=True):
    reference: str | None = None
    supplier_id: Id
    supplier_name: str | None = None
    due_date: date | None = None
    amount_due: Decimal
    allocations: tuple[DocumentAllocation, ...] = ()


class CreditNote(Document, frozen=True, kw_only=True):
    number: str | None = None
    customer_id: Id
    customer_name: str | None = None
    remaining: Decimal
    allocations: tuple[CreditAllocation, ...] = ()


class SupplierCredit(Document, frozen=True, kw_only=True):
    number: str | None = None
    supplier_id: Id
    supplier_name: str | None = None
    remaining: Decimal
    allocations: tuple[CreditAllocation, ...] = ()


class Applied(Wire, frozen=True, kw_only=True):
    document_id: Id
    kind: str
    amount: Decimal


class AnyPayment(Row, frozen=True, kw_only=True):
    account_id: str | None = None
    date: date
    amount: Decimal
    currency: str | None = None
    exchange_rate: Decimal | None = None
    reference: str | None = None
    note: str | None = None
    method: str | None = None
    applied: tuple[Applied, ...] = ()


class Payment(AnyPayment, frozen=True, kw_only=True):
    customer_id: Id
    customer_name: str | None = None


class BillPayment(AnyPayment, frozen=True, kw_only=True):
    supplier_id: Id
    supplier_name: str | None = None


class Source(Wire, frozen=True, kw_only=True):
    kind: str
    id: str | None = None


class Posting(Wire, frozen=True, kw_only=True):
    account_id: Id
    account_name: str | None = None
    amount: Decimal
    currency: str | None = None
    transaction_amount: Decimal | None = None
    description: str | None = None
    customer_id: str | None = None
    supplier_id: str | None = None


class JournalEntry(Row, frozen=True, kw_only=True):
    date: date
    description: str | None = None
    source: Source | None = None
    lines: tuple[Posting, ...]


class BankAccount(Row, frozen=True, kw_only=True):
    account_id: str | None = None
    name: str | None = None
    kind: str
    number: str | None = None
    sort_code: str | None = None
    iban: str | None = None
    institution: str | None = None
    currency: str | None = None
    balance: Decimal | None = None
    available: Decimal | None = None
    overdraft_limit: Decimal | None = None
    status: str


class BankTransaction(Row, frozen=True, kw_only=True):
    bank_account_id: Id
    date: date
    description: str | None = None
    amount: Decimal
    balance: Decimal | None = None
    kind: str
    reconciled: bool


class Section(Wire, frozen=True, kw_only=True):
    """A line of a report with what it is the sum of."""

    name: str | None = None
    account_id: str | None = None
    total: Decimal
    rows: tuple["Section", ...] = ()


class BalanceSheetPeriod(Wire, frozen=True, kw_only=True):
    date: date
    assets: Section
    liabilities: Section
    equity: Section


class ProfitAndLossPeriod(Wire, frozen=True, kw_only=True):
    from_: date = msgspec.field(name="from")
    to: date
    income: Section
    cost_of_sales: Section
    expenses: Section
    other_income: Section
    other_expenses: Section


class CashFlowPeriod(Wire, frozen=True, kw_only=True):
    from_: date = msgspec.field(name="from")
    to: date
    receipts: Section
    payments: Section


class Report[P](Wire, frozen=True, kw_only=True):
    currency: str
    basis: str
    earliest: date | None = None
    latest: date | None = None
    periods: tuple[P, ...]


#: What the sandbox's manual names beside what is read.
DOCUMENTED: Documented = {Row: "deleted", Account: "parent_id", Bill: "paid_on"}

"""The general ledger: accounts and the entries posted to them."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal

from connections.schemas.base import (
    PRESENT,
    AccountRef,
    AccountStatus,
    ContactRef,
    Listing,
    Metadata,
    NamedRef,
    Record,
    Shape,
    SupplementalData,
    ValidDatatypeLink,
)
from connections.schemas.data_types import DataType

AccountType = Literal["Asset", "Equity", "Expense", "Income", "Liability", "Unknown"]
JournalRecordType = Literal[
    "bankTransactions",
    "billCreditNotes",
    "billPayments",
    "bills",
    "creditNotes",
    "directCosts",
    "directIncomes",
    "invoices",
    "journalEntries",
    "payments",
    "transfers",
]


class Account(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.CHART_OF_ACCOUNTS

    nominal_code: str | None = None
    name: str | None = None
    description: str | None = None
    fully_qualified_category: str | None = None
    fully_qualified_name: str | None = None
    currency: str | None = None
    current_balance: Decimal | None = None
    type: AccountType
    status: AccountStatus
    is_bank_account: bool = False
    valid_datatype_links: tuple[ValidDatatypeLink, ...] | None = None
    metadata: Metadata = PRESENT
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        return Listing(
            label=self.name or self.nominal_code or self.id,
            amount=self.current_balance,
            currency=self.currency,
            status=self.status,
        )


class TrackingRecordRef(Shape, frozen=True, kw_only=True):
    id: str | None = None
    data_type: Literal["customers", "suppliers", "trackingCategories"] | None = None


class JournalTracking(Shape, frozen=True, kw_only=True):
    record_refs: tuple[TrackingRecordRef, ...] | None = None


class JournalLine(Shape, frozen=True, kw_only=True):
    """One posting; debits are positive, credits negative."""

    description: str | None = None
    net_amount: Decimal
    transaction_amount: Decimal | None = None
    currency: str | None = None
    transaction_currency: str | None = None
    account_ref: AccountRef | None = None
    tracking: JournalTracking | None = None
    contact_ref: ContactRef | None = None


class JournalRecordRef(Shape, frozen=True, kw_only=True):
    id: str | None = None
    data_type: JournalRecordType | None = None


class JournalEntry(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.JOURNAL_ENTRIES

    description: str | None = None
    posted_on: date | None = None
    created_on: datetime | None = None
    updated_on: datetime | None = None
    journal_ref: NamedRef | None = None
    journal_lines: tuple[JournalLine, ...] | None = None
    record_ref: JournalRecordRef | None = None
    metadata: Metadata = PRESENT
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        lines = self.journal_lines or ()
        return Listing(
            label=self.description or self.id,
            dated_on=self.posted_on,
            amount=sum((line.net_amount for line in lines if line.net_amount > 0), Decimal()),
            currency=lines[0].currency if lines else None,
        )

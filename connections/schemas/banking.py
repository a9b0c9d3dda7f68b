"""Bank accounts as the books know them, and what went through them."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

from connections.schemas.base import (
    PRESENT,
    AccountStatus,
    Listing,
    Metadata,
    Record,
    SupplementalData,
)
from connections.schemas.data_types import DataType

BankAccountType = Literal["Unknown", "Credit", "Debit"]
TransactionType = Literal[
    "Unknown",
    "Credit",
    "Debit",
    "Int",
    "Div",
    "Fee",
    "SerChg",
    "Dep",
    "Atm",
    "Pos",
    "Xfer",
    "Check",
    "Payment",
    "Cash",
    "DirectDep",
    "DirectDebit",
    "RepeatPmt",
    "Other",
]


class BankAccount(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.BANK_ACCOUNTS

    account_name: str | None = None
    account_type: BankAccountType = "Unknown"
    nominal_code: str | None = None
    sort_code: str | None = None
    account_number: str | None = None
    i_ban: str | None = None
    currency: str | None = None
    balance: Decimal | None = None
    institution: str | None = None
    available_balance: Decimal | None = None
    overdraft_limit: Decimal | None = None
    status: AccountStatus = "Unknown"
    metadata: Metadata = PRESENT
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        return Listing(
            label=self.account_name or self.id,
            party=self.institution,
            amount=self.balance,
            currency=self.currency,
            status=self.status,
        )


class BankTransaction(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.BANK_TRANSACTIONS

    account_id: str | None = None
    cleared_on_date: date | None = None
    description: str | None = None
    reconciled: bool = False
    amount: Decimal | None = None
    balance: Decimal | None = None
    transaction_type: TransactionType = "Unknown"

    def listing(self) -> Listing:
        return Listing(
            label=self.description or self.id,
            dated_on=self.cleared_on_date,
            amount=self.amount,
            status="Reconciled" if self.reconciled else "Unreconciled",
        )

"""The kinds of data a connection can pull, under the public API's names."""

import re
from enum import StrEnum
from typing import Self

from connections.words import gettext_noop, translated


class DataType(StrEnum):
    """One kind of accounting data; declared in the order in which a company is first pulled."""

    COMPANY = "company"
    CHART_OF_ACCOUNTS = "chartOfAccounts"
    TAX_RATES = "taxRates"
    CUSTOMERS = "customers"
    SUPPLIERS = "suppliers"
    ITEMS = "items"
    INVOICES = "invoices"
    BILLS = "bills"
    CREDIT_NOTES = "creditNotes"
    BILL_CREDIT_NOTES = "billCreditNotes"
    PAYMENTS = "payments"
    BILL_PAYMENTS = "billPayments"
    JOURNAL_ENTRIES = "journalEntries"
    BANK_ACCOUNTS = "bankAccounts"
    BANK_TRANSACTIONS = "bankTransactions"
    BALANCE_SHEET = "balanceSheet"
    PROFIT_AND_LOSS = "profitAndLoss"
    CASH_FLOW_STATEMENT = "cashFlowStatement"

    @property
    def label(self) -> str:
        """The name people read, in their language."""
        return translated(_LABELS[self])

    @property
    def english(self) -> str:
        """The name in what is kept, and for programs."""
        return _LABELS[self]

    @property
    def is_report(self) -> bool:
        """Whether this is a financial statement."""
        return self in _REPORTS

    @property
    def is_single(self) -> bool:
        """Whether a connection has exactly one record of it."""
        return self is DataType.COMPANY or self in _REPORTS

    @property
    def sync_order(self) -> int:
        """Its place in a pull of everything: what others refer to comes first."""
        return _ORDER[self]


#: What the names of custom data types begin with.
CUSTOM_PREFIX = "custom/"
_CUSTOM_LABEL = gettext_noop("%(identifier)s (custom)")


class CustomType(str):
    """A kind of data that an organization configured itself: `custom/` and its identifier.

    Equal to its text, like `DataType`, so that the two can stand for each other.
    """

    __slots__ = ()

    @classmethod
    def of(cls, identifier: str) -> Self:
        """:raises ValueError: when the text can be no identifier."""
        if not _IDENTIFIER.fullmatch(identifier):
            raise ValueError(
                "An identifier is made of 1 to 50 letters, digits, hyphens and underscores, and "
                "begins with a letter or a digit."
            )
        return cls(f"{CUSTOM_PREFIX}{identifier}")

    @property
    def identifier(self) -> str:
        return self.removeprefix(CUSTOM_PREFIX)

    @property
    def value(self) -> str:
        return str(self)

    @property
    def label(self) -> str:
        return translated(_CUSTOM_LABEL) % {"identifier": self.identifier}

    @property
    def english(self) -> str:
        return _CUSTOM_LABEL % {"identifier": self.identifier}

    @property
    def is_report(self) -> bool:
        return False

    @property
    def is_single(self) -> bool:
        return False

    @property
    def sync_order(self) -> int:
        return len(DataType)


type AnyType = DataType | CustomType


def data_type_of(text: str) -> AnyType:
    """Return the data type, standard or custom, that a text names.

    :raises ValueError: when it names none.
    """
    if text.startswith(CUSTOM_PREFIX):
        return CustomType.of(text.removeprefix(CUSTOM_PREFIX))
    return DataType(text)


#: With the prefix it fits the columns of the store.
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}")

_REPORTS = frozenset(
    {DataType.BALANCE_SHEET, DataType.PROFIT_AND_LOSS, DataType.CASH_FLOW_STATEMENT}
)

_ORDER = {data_type: place for place, data_type in enumerate(DataType)}

_LABELS = {
    DataType.COMPANY: gettext_noop("Company info"),
    DataType.CHART_OF_ACCOUNTS: gettext_noop("Chart of accounts"),
    DataType.TAX_RATES: gettext_noop("Tax rates"),
    DataType.CUSTOMERS: gettext_noop("Customers"),
    DataType.SUPPLIERS: gettext_noop("Suppliers"),
    DataType.ITEMS: gettext_noop("Items"),
    DataType.INVOICES: gettext_noop("Invoices"),
    DataType.BILLS: gettext_noop("Bills"),
    DataType.CREDIT_NOTES: gettext_noop("Credit notes"),
    DataType.BILL_CREDIT_NOTES: gettext_noop("Bill credit notes"),
    DataType.PAYMENTS: gettext_noop("Payments"),
    DataType.BILL_PAYMENTS: gettext_noop("Bill payments"),
    DataType.JOURNAL_ENTRIES: gettext_noop("Journal entries"),
    DataType.BANK_ACCOUNTS: gettext_noop("Bank accounts"),
    DataType.BANK_TRANSACTIONS: gettext_noop("Bank transactions"),
    DataType.BALANCE_SHEET: gettext_noop("Balance sheet"),
    DataType.PROFIT_AND_LOSS: gettext_noop("Profit and loss"),
    DataType.CASH_FLOW_STATEMENT: gettext_noop("Cash flow statement"),
}

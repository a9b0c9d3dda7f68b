"""The kinds of data a connection can pull, under the public API's names."""

from enum import StrEnum

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

"""The kinds of data a connection can pull, under the public API's names."""

from enum import StrEnum


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
        """The name people read."""
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
    DataType.COMPANY: "Company info",
    DataType.CHART_OF_ACCOUNTS: "Chart of accounts",
    DataType.TAX_RATES: "Tax rates",
    DataType.CUSTOMERS: "Customers",
    DataType.SUPPLIERS: "Suppliers",
    DataType.ITEMS: "Items",
    DataType.INVOICES: "Invoices",
    DataType.BILLS: "Bills",
    DataType.CREDIT_NOTES: "Credit notes",
    DataType.BILL_CREDIT_NOTES: "Bill credit notes",
    DataType.PAYMENTS: "Payments",
    DataType.BILL_PAYMENTS: "Bill payments",
    DataType.JOURNAL_ENTRIES: "Journal entries",
    DataType.BANK_ACCOUNTS: "Bank accounts",
    DataType.BANK_TRANSACTIONS: "Bank transactions",
    DataType.BALANCE_SHEET: "Balance sheet",
    DataType.PROFIT_AND_LOSS: "Profit and loss",
    DataType.CASH_FLOW_STATEMENT: "Cash flow statement",
}

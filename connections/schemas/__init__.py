"""Canonical records: accounting data in our words, whatever platform it came from.

Pure values: nothing here knows Django, the store or any platform.
"""

from connections.schemas.banking import BankAccount, BankTransaction
from connections.schemas.base import Listing, Metadata, Record, SupplementalData
from connections.schemas.catalog import Item, TaxRate
from connections.schemas.contacts import CompanyInfo, Customer, Supplier
from connections.schemas.custom import CustomRecord
from connections.schemas.data_types import (
    CUSTOM_PREFIX,
    AnyType,
    CustomType,
    DataType,
    data_type_of,
)
from connections.schemas.encoding import decode, encode, single_id
from connections.schemas.ledger import Account, JournalEntry
from connections.schemas.purchases import Bill, BillCreditNote, BillPayment
from connections.schemas.sales import CreditNote, Invoice, Payment
from connections.schemas.statements import (
    BalanceSheet,
    CashFlowStatement,
    ProfitAndLoss,
    ReportLine,
)

__all__ = [
    "CUSTOM_PREFIX",
    "RECORD_TYPES",
    "Account",
    "AnyType",
    "BalanceSheet",
    "BankAccount",
    "BankTransaction",
    "Bill",
    "BillCreditNote",
    "BillPayment",
    "CashFlowStatement",
    "CompanyInfo",
    "CreditNote",
    "CustomRecord",
    "CustomType",
    "Customer",
    "DataType",
    "Invoice",
    "Item",
    "JournalEntry",
    "Listing",
    "Metadata",
    "Payment",
    "ProfitAndLoss",
    "Record",
    "ReportLine",
    "SupplementalData",
    "Supplier",
    "TaxRate",
    "data_type_of",
    "decode",
    "encode",
    "listing",
    "single_id",
]

RECORD_TYPES: dict[DataType, type[Record]] = {
    DataType.COMPANY: CompanyInfo,
    DataType.CHART_OF_ACCOUNTS: Account,
    DataType.TAX_RATES: TaxRate,
    DataType.CUSTOMERS: Customer,
    DataType.SUPPLIERS: Supplier,
    DataType.ITEMS: Item,
    DataType.INVOICES: Invoice,
    DataType.BILLS: Bill,
    DataType.CREDIT_NOTES: CreditNote,
    DataType.BILL_CREDIT_NOTES: BillCreditNote,
    DataType.PAYMENTS: Payment,
    DataType.BILL_PAYMENTS: BillPayment,
    DataType.JOURNAL_ENTRIES: JournalEntry,
    DataType.BANK_ACCOUNTS: BankAccount,
    DataType.BANK_TRANSACTIONS: BankTransaction,
    DataType.BALANCE_SHEET: BalanceSheet,
    DataType.PROFIT_AND_LOSS: ProfitAndLoss,
    DataType.CASH_FLOW_STATEMENT: CashFlowStatement,
}


def listing(record: Record) -> Listing:
    """Return the columns by which lists show and filter the record."""
    return record.listing()

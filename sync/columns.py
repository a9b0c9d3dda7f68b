"""Which members of a record are worth a column, and which of them have a typed one in the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from connections.schemas import DataType


class Listed(StrEnum):
    """The store's typed columns, the same for every data type."""

    LABEL = "label"
    PARTY = "party"
    DATED_ON = "dated_on"
    AMOUNT = "amount"
    CURRENCY = "currency"
    DUE_ON = "due_on"
    OUTSTANDING = "outstanding"
    RECORD_STATUS = "record_status"


@dataclass(frozen=True, slots=True)
class Column:
    heading: str
    #: Where it is in the canonical JSON; empty for what is made of several members.
    path: str = ""
    #: The typed column that holds it, if one does.
    listed: Listed | None = None
    #: Of a number: whether it is an amount of money, whose currency the record may not name.
    is_money: bool = True
    #: The word of the URL that sorts by a member which has no typed column. PostgreSQL then reads
    #: every body, so only those data types have one of which a business keeps a few thousand.
    sort: str = ""


_DOCUMENT = (
    Column("Issued", "issueDate", Listed.DATED_ON),
    Column("Status", "status", Listed.RECORD_STATUS),
    Column("Currency", "currency", Listed.CURRENCY),
    Column("Total", "totalAmount", Listed.AMOUNT),
)
_ISSUED, _DOCUMENT_STATUS, _CURRENCY, _TOTAL = _DOCUMENT
_DUE = Column("Due", "dueDate", Listed.DUE_ON)
_AMOUNT_DUE = Column("Amount due", "amountDue", Listed.OUTSTANDING)
_REMAINING = Column("Remaining", "remainingCredit", Listed.OUTSTANDING)
_STATUS = Column("Status", "status", Listed.RECORD_STATUS)
_REFERENCE = Column("Reference", "reference", Listed.LABEL)
_CUSTOMER = Column("Customer", "customerRef.companyName", Listed.PARTY)
_SUPPLIER = Column("Supplier", "supplierRef.supplierName", Listed.PARTY)
_PAID_ON = Column("Paid", "date", Listed.DATED_ON)
_CONTACT = (
    Column("Contact", "contactName", Listed.PARTY),
    Column("E-mail", "emailAddress", sort="email"),
    Column("Status", "status", Listed.RECORD_STATUS),
    Column("Currency", "defaultCurrency", Listed.CURRENCY),
)

#: The first column names the record.
COLUMNS: Mapping[DataType, Sequence[Column]] = MappingProxyType(
    {
        DataType.COMPANY: (
            Column("Name", "companyName", Listed.LABEL),
            Column("Legal name", "companyLegalName", Listed.PARTY),
            Column("Registration number", "registrationNumber"),
            Column("Base currency", "baseCurrency", Listed.CURRENCY),
        ),
        DataType.CHART_OF_ACCOUNTS: (
            Column("Account", "name", Listed.LABEL),
            Column("Code", "nominalCode", sort="code"),
            Column("Type", "type", sort="type"),
            _STATUS,
            _CURRENCY,
            Column("Balance", "currentBalance", Listed.AMOUNT),
        ),
        DataType.TAX_RATES: (
            Column("Tax rate", "name", Listed.LABEL),
            Column("Code", "code", sort="code"),
            _STATUS,
            Column("Percent", "effectiveTaxRate", Listed.AMOUNT, is_money=False),
        ),
        DataType.CUSTOMERS: (Column("Customer", "customerName", Listed.LABEL), *_CONTACT),
        DataType.SUPPLIERS: (Column("Supplier", "supplierName", Listed.LABEL), *_CONTACT),
        DataType.ITEMS: (
            Column("Item", "name", Listed.LABEL),
            Column("Code", "code", sort="code"),
            Column("Type", "type", sort="type"),
            Column("Status", "itemStatus", Listed.RECORD_STATUS),
            # Where something is only bought, the column holds what it is bought for.
            Column("Unit price", "invoiceItem.unitPrice", Listed.AMOUNT),
        ),
        DataType.INVOICES: (
            Column("Number", "invoiceNumber", Listed.LABEL),
            _CUSTOMER,
            _ISSUED,
            _DUE,
            _STATUS,
            _CURRENCY,
            _TOTAL,
            _AMOUNT_DUE,
        ),
        DataType.BILLS: (
            _REFERENCE,
            _SUPPLIER,
            _ISSUED,
            _DUE,
            _STATUS,
            _CURRENCY,
            _TOTAL,
            _AMOUNT_DUE,
        ),
        DataType.CREDIT_NOTES: (
            Column("Number", "creditNoteNumber", Listed.LABEL),
            _CUSTOMER,
            *_DOCUMENT,
            _REMAINING,
        ),
        DataType.BILL_CREDIT_NOTES: (
            Column("Number", "billCreditNoteNumber", Listed.LABEL),
            _SUPPLIER,
            *_DOCUMENT,
            _REMAINING,
        ),
        DataType.PAYMENTS: (_REFERENCE, _CUSTOMER, _PAID_ON, _CURRENCY, _TOTAL),
        DataType.BILL_PAYMENTS: (_REFERENCE, _SUPPLIER, _PAID_ON, _CURRENCY, _TOTAL),
        DataType.JOURNAL_ENTRIES: (
            Column("Description", "description", Listed.LABEL),
            Column("Posted", "postedOn", Listed.DATED_ON),
            Column("Made by", "recordRef.dataType"),
            # Of its first line, and the sum of its debits.
            Column("Currency", listed=Listed.CURRENCY),
            Column("Total", listed=Listed.AMOUNT),
        ),
        DataType.BANK_ACCOUNTS: (
            Column("Account", "accountName", Listed.LABEL),
            Column("Institution", "institution", Listed.PARTY),
            Column("Number", "accountNumber", sort="number"),
            Column("Type", "accountType", sort="type"),
            _STATUS,
            _CURRENCY,
            Column("Balance", "balance", Listed.AMOUNT),
        ),
        DataType.BANK_TRANSACTIONS: (
            Column("Description", "description", Listed.LABEL),
            Column("Cleared", "clearedOnDate", Listed.DATED_ON),
            Column("Type", "transactionType"),
            # Written out of `reconciled`.
            Column("Status", listed=Listed.RECORD_STATUS),
            Column("Amount", "amount", Listed.AMOUNT),
            Column("Balance", "balance"),
        ),
        # One record each, read as a statement: these name what its facts say.
        DataType.BALANCE_SHEET: (
            Column("Statement", listed=Listed.LABEL),
            Column("Newest", listed=Listed.DATED_ON),
            Column("Currency", "currency", Listed.CURRENCY),
            Column("Net assets", listed=Listed.AMOUNT),
        ),
        DataType.PROFIT_AND_LOSS: (
            Column("Statement", listed=Listed.LABEL),
            Column("Newest", listed=Listed.DATED_ON),
            Column("Currency", "currency", Listed.CURRENCY),
            Column("Net profit", listed=Listed.AMOUNT),
        ),
        DataType.CASH_FLOW_STATEMENT: (
            Column("Statement", listed=Listed.LABEL),
            Column("Newest", listed=Listed.DATED_ON),
            Column("Currency", "currency", Listed.CURRENCY),
            Column("Net movement", listed=Listed.AMOUNT),
        ),
    }
)

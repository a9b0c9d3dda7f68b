"""Which members of a record are worth a column, and which of them have a typed one in the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from connections.schemas import AnyType, CustomType, DataType


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
    heading: Promise | str
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
    Column(pgettext_lazy("column", "Issued"), "issueDate", Listed.DATED_ON),
    Column(pgettext_lazy("column", "Status"), "status", Listed.RECORD_STATUS),
    Column(pgettext_lazy("column", "Currency"), "currency", Listed.CURRENCY),
    Column(pgettext_lazy("column", "Total"), "totalAmount", Listed.AMOUNT),
)
_ISSUED, _DOCUMENT_STATUS, _CURRENCY, _TOTAL = _DOCUMENT
_DUE = Column(pgettext_lazy("column", "Due"), "dueDate", Listed.DUE_ON)
_AMOUNT_DUE = Column(pgettext_lazy("column", "Amount due"), "amountDue", Listed.OUTSTANDING)
_REMAINING = Column(pgettext_lazy("column", "Remaining"), "remainingCredit", Listed.OUTSTANDING)
_STATUS = Column(pgettext_lazy("column", "Status"), "status", Listed.RECORD_STATUS)
_REFERENCE = Column(pgettext_lazy("column", "Reference"), "reference", Listed.LABEL)
_CUSTOMER = Column(pgettext_lazy("column", "Customer"), "customerRef.companyName", Listed.PARTY)
_SUPPLIER = Column(pgettext_lazy("column", "Supplier"), "supplierRef.supplierName", Listed.PARTY)
_PAID_ON = Column(pgettext_lazy("column", "Paid"), "date", Listed.DATED_ON)
_CONTACT = (
    Column(pgettext_lazy("column", "Contact"), "contactName", Listed.PARTY),
    Column(pgettext_lazy("column", "E-mail"), "emailAddress", sort="email"),
    Column(pgettext_lazy("column", "Status"), "status", Listed.RECORD_STATUS),
    Column(pgettext_lazy("column", "Currency"), "defaultCurrency", Listed.CURRENCY),
)

#: The first column names the record.
COLUMNS: Mapping[DataType, Sequence[Column]] = MappingProxyType(
    {
        DataType.COMPANY: (
            Column(pgettext_lazy("column", "Name"), "companyName", Listed.LABEL),
            Column(pgettext_lazy("column", "Legal name"), "companyLegalName", Listed.PARTY),
            Column(pgettext_lazy("column", "Registration number"), "registrationNumber"),
            Column(pgettext_lazy("column", "Base currency"), "baseCurrency", Listed.CURRENCY),
        ),
        DataType.CHART_OF_ACCOUNTS: (
            Column(pgettext_lazy("column", "Account"), "name", Listed.LABEL),
            Column(pgettext_lazy("column", "Code"), "nominalCode", sort="code"),
            Column(pgettext_lazy("column", "Type"), "type", sort="type"),
            _STATUS,
            _CURRENCY,
            Column(pgettext_lazy("column", "Balance"), "currentBalance", Listed.AMOUNT),
        ),
        DataType.TAX_RATES: (
            Column(pgettext_lazy("column", "Tax rate"), "name", Listed.LABEL),
            Column(pgettext_lazy("column", "Code"), "code", sort="code"),
            _STATUS,
            Column(
                pgettext_lazy("column", "Percent"),
                "effectiveTaxRate",
                Listed.AMOUNT,
                is_money=False,
            ),
        ),
        DataType.CUSTOMERS: (
            Column(pgettext_lazy("column", "Customer"), "customerName", Listed.LABEL),
            *_CONTACT,
        ),
        DataType.SUPPLIERS: (
            Column(pgettext_lazy("column", "Supplier"), "supplierName", Listed.LABEL),
            *_CONTACT,
        ),
        DataType.ITEMS: (
            Column(pgettext_lazy("column", "Item"), "name", Listed.LABEL),
            Column(pgettext_lazy("column", "Code"), "code", sort="code"),
            Column(pgettext_lazy("column", "Type"), "type", sort="type"),
            Column(pgettext_lazy("column", "Status"), "itemStatus", Listed.RECORD_STATUS),
            # Where something is only bought, the column holds what it is bought for.
            Column(pgettext_lazy("column", "Unit price"), "invoiceItem.unitPrice", Listed.AMOUNT),
        ),
        DataType.INVOICES: (
            Column(pgettext_lazy("column", "Number"), "invoiceNumber", Listed.LABEL),
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
            Column(pgettext_lazy("column", "Number"), "creditNoteNumber", Listed.LABEL),
            _CUSTOMER,
            *_DOCUMENT,
            _REMAINING,
        ),
        DataType.BILL_CREDIT_NOTES: (
            Column(pgettext_lazy("column", "Number"), "billCreditNoteNumber", Listed.LABEL),
            _SUPPLIER,
            *_DOCUMENT,
            _REMAINING,
        ),
        DataType.PAYMENTS: (_REFERENCE, _CUSTOMER, _PAID_ON, _CURRENCY, _TOTAL),
        DataType.BILL_PAYMENTS: (_REFERENCE, _SUPPLIER, _PAID_ON, _CURRENCY, _TOTAL),
        DataType.JOURNAL_ENTRIES: (
            Column(pgettext_lazy("column", "Description"), "description", Listed.LABEL),
            Column(pgettext_lazy("column", "Posted"), "postedOn", Listed.DATED_ON),
            Column(pgettext_lazy("column", "Made by"), "recordRef.dataType"),
            # Of its first line, and the sum of its debits.
            Column(pgettext_lazy("column", "Currency"), listed=Listed.CURRENCY),
            Column(pgettext_lazy("column", "Total"), listed=Listed.AMOUNT),
        ),
        DataType.BANK_ACCOUNTS: (
            Column(pgettext_lazy("column", "Account"), "accountName", Listed.LABEL),
            Column(pgettext_lazy("column", "Institution"), "institution", Listed.PARTY),
            Column(pgettext_lazy("column", "Number"), "accountNumber", sort="number"),
            Column(pgettext_lazy("column", "Type"), "accountType", sort="type"),
            _STATUS,
            _CURRENCY,
            Column(pgettext_lazy("column", "Balance"), "balance", Listed.AMOUNT),
        ),
        DataType.BANK_TRANSACTIONS: (
            Column(pgettext_lazy("column", "Description"), "description", Listed.LABEL),
            Column(pgettext_lazy("column", "Cleared"), "clearedOnDate", Listed.DATED_ON),
            Column(pgettext_lazy("column", "Type"), "transactionType"),
            # Written out of `reconciled`.
            Column(pgettext_lazy("column", "Status"), listed=Listed.RECORD_STATUS),
            Column(pgettext_lazy("column", "Amount"), "amount", Listed.AMOUNT),
            Column(pgettext_lazy("column", "Balance"), "balance"),
        ),
        # One record each, read as a statement: these name what its facts say.
        DataType.BALANCE_SHEET: (
            Column(pgettext_lazy("column", "Statement"), listed=Listed.LABEL),
            Column(pgettext_lazy("column", "Newest"), listed=Listed.DATED_ON),
            Column(pgettext_lazy("column", "Currency"), "currency", Listed.CURRENCY),
            Column(pgettext_lazy("column", "Net assets"), listed=Listed.AMOUNT),
        ),
        DataType.PROFIT_AND_LOSS: (
            Column(pgettext_lazy("column", "Statement"), listed=Listed.LABEL),
            Column(pgettext_lazy("column", "Newest"), listed=Listed.DATED_ON),
            Column(pgettext_lazy("column", "Currency"), "currency", Listed.CURRENCY),
            Column(pgettext_lazy("column", "Net profit"), listed=Listed.AMOUNT),
        ),
        DataType.CASH_FLOW_STATEMENT: (
            Column(pgettext_lazy("column", "Statement"), listed=Listed.LABEL),
            Column(pgettext_lazy("column", "Newest"), listed=Listed.DATED_ON),
            Column(pgettext_lazy("column", "Currency"), "currency", Listed.CURRENCY),
            Column(pgettext_lazy("column", "Net movement"), listed=Listed.AMOUNT),
        ),
    }
)

#: What a custom data type has is read out of the bodies; see `sync.extras`.
_OF_CUSTOM = (Column(pgettext_lazy("column", "Record"), listed=Listed.LABEL),)


def columns_of(data_type: AnyType) -> Sequence[Column]:
    return _OF_CUSTOM if isinstance(data_type, CustomType) else COLUMNS[data_type]

"""Where each list of records lies in QuickBooks, and how its rows are understood."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Protocol

import msgspec

from connections.platforms.drift import Shape, shape_of
from connections.platforms.quickbooks import banking, documents, ledger, mapping, payments, wire
from connections.platforms.quickbooks.documented import DOCUMENTED
from connections.platforms.quickbooks.rows import Reader
from connections.schemas import DataType, Record


class Books(Protocol):
    """What a mapping may need to know beside its row."""

    def home_currency(self) -> str: ...
    def tax_rates(self) -> Mapping[str, wire.TaxRate]: ...
    def bank_accounts(self) -> Container[str]: ...


type ToRecords = Callable[[Any, Books], tuple[Record, ...]]
type RecordIds = Callable[[str], tuple[str, ...]]

# Without asking for them, what was made inactive is left out.
# https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/customer
ANY_ACTIVE = "Active IN (true, false)"


@dataclass(frozen=True, kw_only=True)
class Source:
    """One list; several make up a type, one after the other."""

    entity: str
    row_type: type[msgspec.Struct]
    to_records: ToRecords
    where: tuple[str, ...] = ()
    record_ids: RecordIds = lambda row_id: (row_id,)

    @cached_property
    def decoder(self) -> msgspec.json.Decoder[Any]:
        return msgspec.json.Decoder(self.row_type)

    @cached_property
    def shape(self) -> Shape:
        return shape_of(self.row_type, DOCUMENTED)

    def reader(self, books: Books) -> Reader:
        return Reader(
            decoder=self.decoder,
            to_records=partial(self._records, books),
            record_ids=self.record_ids,
        )

    def _records(self, books: Books, row: Any) -> tuple[Record, ...]:
        return self.to_records(row, books)


def _source(
    entity: str,
    row_type: type[wire.Wire],
    to_record: Callable[[Any, documents.HomeCurrency], Record],
    where: tuple[str, ...] = (),
    is_wanted: Callable[[Any], bool] = lambda _row: True,
) -> tuple[Source]:
    def to_records(row: Any, books: Books) -> tuple[Record, ...]:
        return (to_record(row, books.home_currency),) if is_wanted(row) else ()

    return (Source(entity=entity, row_type=row_type, to_records=to_records, where=where),)


def _moving(
    entity: str,
    to_records: Callable[[wire.Movement, banking.BankAccounts], tuple[Record, ...]],
) -> Source:
    return Source(
        entity=entity,
        row_type=wire.Movement,
        to_records=lambda row, books: to_records(row, books.bank_accounts),
        record_ids=partial(banking.ids, entity),
    )


_TAX_CODES = Source(
    entity="TaxCode",
    row_type=wire.TaxCode,
    to_records=lambda row, books: (mapping.tax_rate(row, books.tax_rates()),),
    where=(ANY_ACTIVE,),
)
_BANK_TYPES = ", ".join(f"'{kind}'" for kind in ledger.BANK_TYPES)
BANK_ACCOUNTS = (f"AccountType IN ({_BANK_TYPES})", ANY_ACTIVE)

SOURCES: Mapping[DataType, tuple[Source, ...]] = {
    DataType.CHART_OF_ACCOUNTS: _source(
        "Account", wire.Account, ledger.chart_account, (ANY_ACTIVE,)
    ),
    DataType.TAX_RATES: (_TAX_CODES,),
    DataType.CUSTOMERS: _source("Customer", wire.Contact, mapping.customer, (ANY_ACTIVE,)),
    DataType.SUPPLIERS: _source("Vendor", wire.Contact, mapping.supplier, (ANY_ACTIVE,)),
    DataType.ITEMS: _source(
        "Item", wire.Item, lambda row, _home: mapping.item(row), (ANY_ACTIVE,), mapping.is_item
    ),
    DataType.INVOICES: _source("Invoice", wire.Sale, documents.invoice),
    DataType.BILLS: _source("Bill", wire.PurchaseDocument, documents.bill),
    DataType.CREDIT_NOTES: _source("CreditMemo", wire.Sale, documents.credit_note),
    DataType.BILL_CREDIT_NOTES: _source(
        "VendorCredit", wire.PurchaseDocument, documents.bill_credit_note
    ),
    DataType.PAYMENTS: _source("Payment", wire.Payment, payments.payment),
    DataType.BILL_PAYMENTS: _source("BillPayment", wire.BillPayment, payments.bill_payment),
    DataType.JOURNAL_ENTRIES: _source("JournalEntry", wire.JournalEntry, ledger.journal_entry),
    DataType.BANK_ACCOUNTS: _source(
        "Account", wire.Account, ledger.bank_account, BANK_ACCOUNTS, ledger.is_bank_account
    ),
    DataType.BANK_TRANSACTIONS: (
        _moving("Purchase", banking.purchase),
        _moving("Deposit", banking.deposit),
        _moving("Transfer", banking.transfer),
        _moving("Payment", banking.payment),
        _moving("BillPayment", banking.bill_payment),
        _moving("SalesReceipt", banking.sales_receipt),
        _moving("RefundReceipt", banking.refund_receipt),
    ),
}

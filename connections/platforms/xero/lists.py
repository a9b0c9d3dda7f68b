"""Where each list of records lies in Xero, and how its rows are understood."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import msgspec

from connections.platforms.drift import Shape, shape_of
from connections.platforms.xero import documents, ledger, mapping, payments, wire
from connections.platforms.xero.documented import DOCUMENTED
from connections.platforms.xero.rows import Reader
from connections.schemas import DataType, Record


class Books(Protocol):
    """What a mapping may need to know beside its row."""

    @property
    def chart(self) -> ledger.Chart: ...
    @property
    def base_currency(self) -> str: ...


type ToRecord = Callable[[Any, Books], Record]
type Question = Callable[[Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One list; several make up a type, one after the other."""

    path: str
    member: str
    decoder: msgspec.json.Decoder[Any]
    shape: Shape
    mark: msgspec.json.Decoder[Any]
    to_record: ToRecord
    params: Mapping[str, str] = field(default_factory=dict)
    #: Lists without pages come whole, in one answer.
    has_pages: bool = True
    is_wanted: Question = lambda _row: True
    is_gone: Question = lambda _row: False

    def reader(self, books: Books) -> Reader:
        return Reader(
            decoder=self.decoder,
            mark=self.mark,
            to_record=partial(self._record, books),
            is_wanted=self.is_wanted,
            is_gone=self.is_gone,
        )

    def _record(self, books: Books, row: Any) -> Record:
        return self.to_record(row, books)


def _source(
    path: str, row_type: type[wire.Row], id_name: str, to_record: ToRecord, **more: Any
) -> Source:
    mark = msgspec.defstruct(
        f"{path}Mark",
        [
            ("id", wire.Id, msgspec.field(name=id_name)),
            ("updated", str, msgspec.field(name="UpdatedDateUTC", default="")),
        ],
        frozen=True,
    )
    return Source(
        path=path,
        member=path,
        decoder=msgspec.json.Decoder(row_type),
        shape=shape_of(row_type, DOCUMENTED),
        mark=msgspec.json.Decoder(mark),
        to_record=to_record,
        **more,
    )


def _has_status(*gone: str) -> Question:
    return lambda row: row.status in gone


def _is_erased(row: wire.Contact) -> bool:
    """Whether a person asked to be forgotten; contacts are archived, never deleted.

    https://developer.xero.com/documentation/api/accounting/types#contact-statuses
    """
    return row.contact_status == "GDPRREQUEST"


def _contacts(to_record: ToRecord, is_wanted: Question) -> Source:
    # Filtered here: Xero refuses large organizations to filter by what it computes, as IsCustomer.
    # A contact without any document yet is neither customer nor supplier.
    return _source(
        "Contacts",
        wire.Contact,
        "ContactID",
        to_record,
        params={"includeArchived": "true"},
        is_wanted=is_wanted,
        is_gone=_is_erased,
    )


def _documents(
    path: str, row_type: type[wire.Document], id_name: str, kind: str, to_record: ToRecord
) -> Source:
    return _source(
        path,
        row_type,
        id_name,
        to_record,
        params={"where": f'Type=="{kind}"'},
        is_wanted=lambda row: row.type == kind,
        is_gone=_has_status("DELETED"),
    )


def _money(to_record: ToRecord, kinds: frozenset[str]) -> Source:
    return _source(
        "Payments",
        wire.Payment,
        "PaymentID",
        to_record,
        is_wanted=lambda row: row.payment_type in kinds,
        is_gone=_has_status("DELETED"),
    )


def _on_account(
    path: str, row_type: type[wire.OnAccount], id_name: str, to_record: ToRecord, kinds: Any
) -> Source:
    return _source(
        path,
        row_type,
        id_name,
        to_record,
        is_wanted=lambda row: row.type in kinds,
        is_gone=_has_status("VOIDED", "DELETED"),
    )


_RECEIVED: ToRecord = lambda row, _: payments.received_on_account(row, row.id)  # noqa: E731
_SPENT: ToRecord = lambda row, _: payments.spent_on_account(row, row.id)  # noqa: E731

SOURCES: Mapping[DataType, tuple[Source, ...]] = {
    DataType.CHART_OF_ACCOUNTS: (
        _source(
            "Accounts",
            wire.Account,
            "AccountID",
            lambda row, _: ledger.account(row),
            has_pages=False,
            is_gone=_has_status("DELETED"),
        ),
    ),
    DataType.TAX_RATES: (
        _source(
            "TaxRates",
            wire.TaxRate,
            "TaxType",
            lambda row, _: mapping.tax_rate(row),
            has_pages=False,
        ),
    ),
    DataType.CUSTOMERS: (
        _contacts(lambda row, _: mapping.customer(row), lambda row: row.is_customer),
    ),
    DataType.SUPPLIERS: (
        _contacts(lambda row, _: mapping.supplier(row), lambda row: row.is_supplier),
    ),
    DataType.ITEMS: (
        _source(
            "Items",
            wire.Item,
            "ItemID",
            lambda row, books: mapping.item(row, books.chart),
            has_pages=False,
        ),
    ),
    DataType.INVOICES: (
        _documents(
            "Invoices",
            wire.Invoice,
            "InvoiceID",
            "ACCREC",
            lambda row, books: documents.invoice(row, books.chart),
        ),
    ),
    DataType.BILLS: (
        _documents(
            "Invoices",
            wire.Invoice,
            "InvoiceID",
            "ACCPAY",
            lambda row, books: documents.bill(row, books.chart),
        ),
    ),
    DataType.CREDIT_NOTES: (
        _documents(
            "CreditNotes",
            wire.CreditNote,
            "CreditNoteID",
            "ACCRECCREDIT",
            lambda row, books: documents.credit_note(row, books.chart),
        ),
    ),
    DataType.BILL_CREDIT_NOTES: (
        _documents(
            "CreditNotes",
            wire.CreditNote,
            "CreditNoteID",
            "ACCPAYCREDIT",
            lambda row, books: documents.bill_credit_note(row, books.chart),
        ),
    ),
    DataType.PAYMENTS: (
        _money(lambda row, books: payments.payment(row, books.chart), payments.SALES),
        _on_account(
            "Overpayments", wire.Overpayment, "OverpaymentID", _RECEIVED, payments.RECEIVED
        ),
        _on_account("Prepayments", wire.Prepayment, "PrepaymentID", _RECEIVED, payments.RECEIVED),
    ),
    DataType.BILL_PAYMENTS: (
        _money(lambda row, books: payments.bill_payment(row, books.chart), payments.PURCHASES),
        _on_account("Overpayments", wire.Overpayment, "OverpaymentID", _SPENT, payments.SPENT),
        _on_account("Prepayments", wire.Prepayment, "PrepaymentID", _SPENT, payments.SPENT),
    ),
    DataType.JOURNAL_ENTRIES: (
        _source(
            "ManualJournals",
            wire.ManualJournal,
            "ManualJournalID",
            lambda row, books: ledger.manual_journal(row, books.chart, books.base_currency),
            # A draft is not in the ledger yet.
            is_wanted=lambda row: row.status in {"POSTED", "VOIDED", "DELETED"},
            is_gone=_has_status("VOIDED", "DELETED"),
        ),
    ),
    DataType.BANK_ACCOUNTS: (
        _source(
            "Accounts",
            wire.Account,
            "AccountID",
            lambda row, _: ledger.bank_account(row),
            params={"where": 'Type=="BANK"'},
            has_pages=False,
            is_wanted=lambda row: row.type == "BANK",
            is_gone=_has_status("DELETED"),
        ),
    ),
    DataType.BANK_TRANSACTIONS: (
        _source(
            "BankTransactions",
            wire.BankTransaction,
            "BankTransactionID",
            lambda row, _: ledger.bank_transaction(row),
            is_gone=_has_status("DELETED", "VOIDED"),
        ),
    ),
}

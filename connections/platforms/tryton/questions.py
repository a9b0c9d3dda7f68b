"""What to ask Tryton for, data type by data type."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from connections.platforms.tryton import documents, ledger, mapping, wire
from connections.platforms.tryton.account_types import AccountTypes
from connections.platforms.tryton.changes import stamp_fields
from connections.schemas import DataType, Record

type ToRecord = Callable[[Any, dt.datetime | None], Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What mapping a row needs to know of the books around it."""

    base_currency: str | None
    types: AccountTypes | None = None
    bank_accounts: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A model's records that become one data type."""

    model: str
    needs: Mapping[str, str]
    """The models that must be there, and the modules that bring them."""
    decoder: msgspec.json.Decoder[Any]
    fields: tuple[str, ...]
    to_record: Callable[[Books], ToRecord]
    domain: tuple[Any, ...] = ()
    company_field: str = "company"
    watched: tuple[str, ...] = ()
    """Parts that change without the record itself: a search for changes looks into them."""
    stamped: tuple[str, ...] = ()
    """Parts that tell when they changed."""
    context: Mapping[str, Any] = field(default_factory=dict)
    of_account_type: str = ""
    """For parties: the flag of the accounts that make one a customer or a supplier."""
    invoice_type: str = ""

    def all_fields(self) -> tuple[str, ...]:
        return (*self.fields, *stamp_fields(self.stamped))

    def all_of(self, company_id: int) -> list[Any]:
        """Return the domain of all its records."""
        own = [[self.company_field, "=", company_id]] if self.company_field else []
        return [*own, *self.domain]


def _plain(to_record: ToRecord) -> Callable[[Books], ToRecord]:
    def ignoring_the_books(_: Books) -> ToRecord:
        return to_record

    return ignoring_the_books


def _priced(to_record: Callable[..., Record]) -> Callable[[Books], ToRecord]:
    return lambda books: partial(to_record, base_currency=books.base_currency)


def _account(books: Books) -> ToRecord:
    return partial(
        mapping.account,
        types=books.types or AccountTypes(()),
        base_currency=books.base_currency,
        bank_accounts=books.bank_accounts,
    )


_ACCOUNT = {"account.account": "account"}
_INVOICE = {"account.invoice": "account_invoice"}
_STATEMENT = {"account.statement": "account_statement"}

_POSTED = {"posted": True, "cumulate": True}

PARTY_FIELDS = (
    "name",
    "full_name",
    "active",
    "addresses.street",
    "addresses.city",
    "addresses.postal_code",
    "addresses.subdivision.name",
    "addresses.country.code",
    "addresses.active",
    "contact_mechanisms.type",
    "contact_mechanisms.value",
    "identifiers.type",
    "identifiers.code",
    "tax_identifier.code",
)
_PARTY_PARTS = ("addresses", "contact_mechanisms", "identifiers")

_DOCUMENT_FIELDS = (
    "type",
    "state",
    "number",
    "reference",
    "description",
    "comment",
    "invoice_date",
    "party.name",
    "currency.code",
    "untaxed_amount",
    "tax_amount",
    "total_amount",
    "amount_to_pay",
    "reconciled",
    "lines.type",
    "lines.description",
    "lines.quantity",
    "lines.unit_price",
    "lines.amount",
    "lines.account.name",
    "lines.taxes.name",
    "lines.invoice_taxes",
    "taxes.amount",
    "lines_to_pay.maturity_date",
    "lines_to_pay.debit",
    "lines_to_pay.credit",
    "lines_to_pay.amount_second_currency",
    "payment_lines.date",
    "payment_lines.debit",
    "payment_lines.credit",
    "payment_lines.amount_second_currency",
    "payment_lines.move_origin",
    "reconciliation_lines.date",
    "reconciliation_lines.debit",
    "reconciliation_lines.credit",
    "reconciliation_lines.amount_second_currency",
    "reconciliation_lines.move_origin",
)

_PAYMENT_FIELDS = (
    "date",
    "account.name",
    "party.name",
    "debit",
    "credit",
    "second_currency.code",
    "amount_second_currency",
    "description_used",
    "invoice_payments.total_amount",
    "move.number",
    "move.journal.name",
    "move.lines.account.name",
    "move.lines.debit",
    "move.lines.credit",
)


def _parties(to_record: ToRecord, *, of_account_type: str, invoice_type: str) -> Collection:
    return Collection(
        model="party.party",
        needs=_ACCOUNT,
        decoder=msgspec.json.Decoder(wire.Party),
        fields=PARTY_FIELDS,
        to_record=_plain(to_record),
        company_field="",
        watched=_PARTY_PARTS,
        stamped=_PARTY_PARTS,
        of_account_type=of_account_type,
        invoice_type=invoice_type,
    )


def _documents(to_record: Callable[..., Record], *, kind: str, is_credit: bool) -> Collection:
    return Collection(
        model="account.invoice",
        needs=_INVOICE,
        decoder=msgspec.json.Decoder(wire.Invoice),
        fields=_DOCUMENT_FIELDS,
        to_record=_priced(to_record),
        domain=(["type", "=", kind], ["total_amount", "<" if is_credit else ">=", 0]),
        # What is paid and reconciled is told by the lines of its move, which are not its own; the
        # name of the party stands on it, and changes with the party.
        watched=("party", "lines", "taxes", "move.lines", "payment_lines"),
        stamped=(
            "party",
            "lines",
            "taxes",
            "lines_to_pay",
            "payment_lines",
            "reconciliation_lines",
        ),
    )


def _payments(to_record: Callable[..., Record], *, of_account_type: str) -> Collection:
    return Collection(
        model="account.move.line",
        needs=_INVOICE,
        decoder=msgspec.json.Decoder(wire.Payment),
        fields=_PAYMENT_FIELDS,
        to_record=_priced(to_record),
        domain=(
            [f"account.type.{of_account_type}", "=", True],
            ["move.state", "=", "posted"],
            [
                "OR",
                ["invoice_payments", "!=", None],
                ["origin", "like", "account.statement.line,%"],
                ["origin", "like", "account.payment,%"],
            ],
        ),
        company_field="move.company",
        watched=("party", "move", "invoice_payments"),
        stamped=("party", "move", "invoice_payments"),
    )


COLLECTIONS: Mapping[DataType, Collection] = {
    DataType.CHART_OF_ACCOUNTS: Collection(
        model="account.account",
        needs=_ACCOUNT,
        decoder=msgspec.json.Decoder(wire.Account),
        fields=(
            "code",
            "name",
            "note",
            "type",
            "closed",
            "active",
            "balance",
        ),
        to_record=_account,
        # The others are headings.
        domain=(["type.statement", "!=", None],),
        context=_POSTED,
    ),
    DataType.TAX_RATES: Collection(
        model="account.tax",
        needs=_ACCOUNT,
        decoder=msgspec.json.Decoder(wire.Tax),
        fields=("name", "type", "rate", "active", "childs.name", "childs.type", "childs.rate"),
        to_record=_plain(mapping.tax_rate),
        domain=(["parent", "=", None],),
        watched=("childs",),
        stamped=("childs",),
    ),
    DataType.CUSTOMERS: _parties(
        mapping.customer, of_account_type="receivable", invoice_type="out"
    ),
    DataType.SUPPLIERS: _parties(mapping.supplier, of_account_type="payable", invoice_type="in"),
    DataType.INVOICES: _documents(documents.invoice, kind="out", is_credit=False),
    DataType.BILLS: _documents(documents.bill, kind="in", is_credit=False),
    DataType.CREDIT_NOTES: _documents(documents.credit_note, kind="out", is_credit=True),
    DataType.BILL_CREDIT_NOTES: _documents(documents.bill_credit_note, kind="in", is_credit=True),
    DataType.PAYMENTS: _payments(ledger.payment, of_account_type="receivable"),
    DataType.BILL_PAYMENTS: _payments(ledger.bill_payment, of_account_type="payable"),
    DataType.JOURNAL_ENTRIES: Collection(
        model="account.move",
        needs=_ACCOUNT,
        decoder=msgspec.json.Decoder(wire.Move),
        fields=(
            "number",
            "date",
            "description_used",
            "journal.name",
            "journal.type",
            "origin",
            "lines.account.name",
            "lines.account.type.receivable",
            "lines.account.type.payable",
            "lines.debit",
            "lines.credit",
            "lines.description",
            "lines.party",
            "lines.second_currency.code",
            "lines.amount_second_currency",
            "lines.origin",
        ),
        to_record=_priced(ledger.journal_entry),
        domain=(["state", "=", "posted"],),
        watched=("lines",),
        stamped=("lines",),
    ),
    DataType.BANK_ACCOUNTS: Collection(
        model="account.statement.journal",
        needs=_STATEMENT,
        decoder=msgspec.json.Decoder(wire.StatementJournal),
        fields=(
            "name",
            "active",
            "currency.code",
            "account.name",
            "account.code",
            "account.balance",
            "bank_account.numbers.type",
            "bank_account.numbers.number",
            "bank_account.bank.party.name",
        ),
        to_record=_priced(mapping.bank_account),
        context=_POSTED,
    ),
    DataType.BANK_TRANSACTIONS: Collection(
        model="account.statement.line",
        needs=_STATEMENT,
        decoder=msgspec.json.Decoder(wire.StatementLine),
        fields=(
            "number",
            "date",
            "amount",
            "description",
            "party.name",
            "move",
            "statement.state",
            "statement.journal.name",
        ),
        to_record=_plain(mapping.bank_transaction),
        domain=(["statement.state", "!=", "cancelled"],),
        company_field="statement.company",
        watched=("party", "statement"),
        stamped=("party", "statement"),
    ),
}

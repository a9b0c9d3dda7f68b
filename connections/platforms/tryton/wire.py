"""Tryton's own JSON, as far as we read it.

What has no JSON type of its own comes as an object with a ``__class__``. A field that one needs and
misses makes the row unreadable; enumerations stay plain text.
"""

import datetime as dt
from decimal import Decimal

import msgspec

type Flag = bool | int
"""Stored booleans come as 0 and 1, computed ones as false and true."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A piece of an answer."""


class Amount(Wire, frozen=True, kw_only=True, tag_field="__class__", tag="Decimal"):
    decimal: Decimal


class Day(Wire, frozen=True, kw_only=True, tag_field="__class__", tag="date"):
    year: int
    month: int
    day: int

    @property
    def date(self) -> dt.date:
        """:raises ValueError: when there is no such day."""
        return dt.date(self.year, self.month, self.day)


class Moment(Wire, frozen=True, kw_only=True, tag_field="__class__", tag="datetime"):
    """A moment in UTC, which Tryton does not say."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    microsecond: int = 0

    @property
    def utc(self) -> dt.datetime:
        """:raises ValueError: when there is no such moment."""
        return dt.datetime(
            self.year,
            self.month,
            self.day,
            self.hour,
            self.minute,
            self.second,
            self.microsecond,
            tzinfo=dt.UTC,
        )


class Stamped(Wire, frozen=True, kw_only=True):
    """A stored record; ``write_date`` is null until the first edit."""

    id: int
    create_date: Moment | None = None
    write_date: Moment | None = None


class Named(Wire, frozen=True, kw_only=True):
    id: int
    name: str | None = None


class PartyName(Stamped, frozen=True, kw_only=True):
    """The party of a document, which may be renamed without the document being written."""

    name: str | None = None


class Coded(Wire, frozen=True, kw_only=True):
    code: str | None = None


class Model(Wire, frozen=True, kw_only=True):
    name: str


class Place(Wire, frozen=True, kw_only=True):
    """A country's part: it has a name here, a code there."""

    name: str | None = None
    code: str | None = None


class Address(Stamped, frozen=True, kw_only=True):
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    subdivision: Place | None = None
    country: Place | None = None
    active: Flag = True
    invoice: Flag = False


class Mechanism(Stamped, frozen=True, kw_only=True):
    """A way to reach somebody."""

    type: str
    value: str | None = None


class Identifier(Stamped, frozen=True, kw_only=True):
    type: str | None = None
    code: str | None = None


class Party(Stamped, frozen=True, kw_only=True):
    name: str | None = None
    full_name: str | None = None
    active: Flag
    addresses: tuple[Address, ...] = ()
    contact_mechanisms: tuple[Mechanism, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    tax_identifier: Identifier | None = None


class Company(Stamped, frozen=True, kw_only=True):
    party: Party
    currency: Coded


class Span(Wire, frozen=True, kw_only=True):
    """A fiscal year or a period of one."""

    id: int
    start_date: Day
    end_date: Day


class AccountType(Wire, frozen=True, kw_only=True):
    """A line of the statements; accounts hang on it."""

    id: int
    name: str | None = None
    parent: int | None = None
    statement: str | None = None
    receivable: Flag = False
    payable: Flag = False
    revenue: Flag = False
    expense: Flag = False
    sequence: int | None = None


class Account(Stamped, frozen=True, kw_only=True):
    code: str | None = None
    name: str | None = None
    note: str | None = None
    type: int
    closed: Flag
    active: Flag
    balance: Amount | None = None


class Balance(Wire, frozen=True, kw_only=True):
    """An account's sums in the period that was asked for."""

    id: int
    code: str | None = None
    name: str | None = None
    type: int
    debit_type: int | None = None
    credit_type: int | None = None
    debit: Amount
    credit: Amount


class TaxPart(Stamped, frozen=True, kw_only=True):
    name: str | None = None
    type: str
    rate: Amount | None = None


class Tax(TaxPart, frozen=True, kw_only=True):
    active: Flag
    childs: tuple[TaxPart, ...] = ()


class InvoiceLine(Stamped, frozen=True, kw_only=True):
    type: str
    description: str | None = None
    quantity: Decimal | None = None
    unit_price: Amount | None = None
    amount: Amount | None = None
    account: Named | None = None
    taxes: tuple[Named, ...] = ()
    invoice_taxes: tuple[int, ...] = ()


class InvoiceTax(Stamped, frozen=True, kw_only=True):
    amount: Amount


class Settlement(Stamped, frozen=True, kw_only=True):
    """The ledger line that settles a document, or a part of it."""

    date: Day
    debit: Amount
    credit: Amount
    amount_second_currency: Amount | None = None
    move_origin: str | None = None


class LineToPay(Stamped, frozen=True, kw_only=True):
    """An instalment."""

    maturity_date: Day | None = None
    debit: Amount
    credit: Amount
    amount_second_currency: Amount | None = None


class Invoice(Stamped, frozen=True, kw_only=True):
    """An invoice, a bill or, with negative totals, a credit note."""

    type: str
    state: str
    number: str | None = None
    reference: str | None = None
    description: str | None = None
    comment: str | None = None
    invoice_date: Day | None = None
    party: PartyName
    currency: Coded
    untaxed_amount: Amount
    tax_amount: Amount
    total_amount: Amount
    amount_to_pay: Amount
    reconciled: Day | None = None
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[InvoiceTax, ...]
    lines_to_pay: tuple[LineToPay, ...]
    payment_lines: tuple[Settlement, ...]
    reconciliation_lines: tuple[Settlement, ...]


class TypeRef(Wire, frozen=True, kw_only=True):
    receivable: Flag = False
    payable: Flag = False


class LedgerAccount(Named, frozen=True, kw_only=True):
    type: TypeRef | None = None


class Posting(Stamped, frozen=True, kw_only=True):
    """A line of a journal entry."""

    account: LedgerAccount
    debit: Amount
    credit: Amount
    description: str | None = None
    party: int | None = None
    second_currency: Coded | None = None
    amount_second_currency: Amount | None = None
    origin: str | None = None


class Journal(Named, frozen=True, kw_only=True):
    type: str | None = None


class Move(Stamped, frozen=True, kw_only=True):
    number: str | None = None
    date: Day
    description_used: str | None = None
    journal: Journal | None = None
    origin: str | None = None
    lines: tuple[Posting, ...]


class SettledInvoice(Stamped, frozen=True, kw_only=True):
    id: int
    total_amount: Amount


class PaymentMove(Stamped, frozen=True, kw_only=True):
    number: str | None = None
    journal: Named | None = None
    lines: tuple[Posting, ...]


class Payment(Stamped, frozen=True, kw_only=True):
    """The line on a customer's or supplier's account that money was booked to."""

    date: Day
    account: Named
    party: PartyName | None = None
    debit: Amount
    credit: Amount
    second_currency: Coded | None = None
    amount_second_currency: Amount | None = None
    description_used: str | None = None
    invoice_payments: tuple[SettledInvoice, ...]
    move: PaymentMove


class BankNumber(Stamped, frozen=True, kw_only=True):
    type: str | None = None
    number: str | None = None


class Bank(Stamped, frozen=True, kw_only=True):
    party: Named | None = None


class BankDetails(Stamped, frozen=True, kw_only=True):
    bank: Bank | None = None
    numbers: tuple[BankNumber, ...] = ()


class BookedAccount(Named, frozen=True, kw_only=True):
    code: str | None = None
    balance: Amount | None = None


class StatementJournal(Stamped, frozen=True, kw_only=True):
    """What bank statements are entered in: a bank account."""

    name: str | None = None
    currency: Coded
    account: BookedAccount
    bank_account: BankDetails | None = None
    active: Flag


class BankStatement(Stamped, frozen=True, kw_only=True):
    state: str
    journal: Named


class StatementLine(Stamped, frozen=True, kw_only=True):
    number: str | None = None
    date: Day
    amount: Amount
    description: str | None = None
    party: PartyName | None = None
    move: int | None = None
    statement: BankStatement

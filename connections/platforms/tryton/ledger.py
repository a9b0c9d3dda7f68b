"""Tryton's moves → journal entries and payments.

A payment is the line on a customer's or supplier's account that money was booked to: there every
way of paying ends, be it a bank statement, a payment order or the invoice's own dialog. Its id is
what invoices tell as having settled them.
"""

import datetime as dt
from decimal import Decimal

from connections.platforms.tryton import wire
from connections.schemas import BillPayment, JournalEntry, Payment
from connections.schemas.base import (
    AccountRef,
    ContactRef,
    CustomerRef,
    NamedRef,
    PaymentLine,
    PaymentLink,
    SupplierRef,
)
from connections.schemas.ledger import (
    JournalLine,
    JournalRecordRef,
    JournalRecordType,
    JournalTracking,
    TrackingRecordRef,
)
from connections.schemas.purchases import BillPaymentLinkType
from connections.schemas.sales import PaymentLinkType

ZERO = Decimal()
_RATE = Decimal("0.000001")
_INVOICE = "account.invoice"
_STATEMENT_LINE = "account.statement.line"
# What posts an invoice is told by the journal: paying one in its dialog has the same origin.
_INVOICE_JOURNALS = frozenset({"revenue", "expense"})


def journal_entry(
    row: wire.Move, changed_at: dt.datetime | None, *, base_currency: str | None
) -> JournalEntry:
    lines = sorted(row.lines, key=lambda line: line.id)
    return JournalEntry(
        id=str(row.id),
        source_modified_date=changed_at,
        description=row.description_used or row.number,
        posted_on=row.date.date,
        created_on=row.create_date.utc if row.create_date else None,
        updated_on=changed_at,
        journal_ref=NamedRef(id=str(row.journal.id), name=row.journal.name)
        if row.journal
        else None,
        journal_lines=tuple(_journal_line(line, base_currency) for line in lines),
        record_ref=_record_ref(row),
    )


def payment(
    row: wire.Payment, changed_at: dt.datetime | None, *, base_currency: str | None
) -> Payment:
    amount = -_amount(row)
    return Payment(
        id=str(row.id),
        source_modified_date=changed_at,
        customer_ref=CustomerRef(id=str(row.party.id), company_name=row.party.name)
        if row.party
        else None,
        account_ref=_money_account(row),
        payment_method_ref=_method(row),
        total_amount=amount,
        currency=_currency(row, base_currency),
        currency_rate=_rate(row),
        date=row.date.date,
        note=row.description_used,
        lines=(_payment_line(row, amount, "Invoice"),),
        reference=row.move.number,
    )


def bill_payment(
    row: wire.Payment, changed_at: dt.datetime | None, *, base_currency: str | None
) -> BillPayment:
    amount = _amount(row)
    return BillPayment(
        id=str(row.id),
        source_modified_date=changed_at,
        supplier_ref=SupplierRef(id=str(row.party.id), supplier_name=row.party.name)
        if row.party
        else None,
        account_ref=_money_account(row),
        payment_method_ref=_method(row),
        total_amount=amount,
        currency=_currency(row, base_currency),
        currency_rate=_rate(row),
        date=row.date.date,
        note=row.description_used,
        lines=(_payment_line(row, amount, "Bill"),),
        reference=row.move.number,
    )


def _journal_line(line: wire.Posting, base_currency: str | None) -> JournalLine:
    net = line.debit.decimal - line.credit.decimal
    contact = _contact(line)
    foreign = line.second_currency
    return JournalLine(
        description=line.description,
        net_amount=net,
        transaction_amount=line.amount_second_currency.decimal
        if foreign and line.amount_second_currency
        else net,
        currency=base_currency,
        transaction_currency=foreign.code if foreign else base_currency,
        account_ref=AccountRef(id=str(line.account.id), name=line.account.name),
        tracking=JournalTracking(
            record_refs=(TrackingRecordRef(id=contact.id, data_type=contact.data_type),)
        )
        if contact
        else None,
        contact_ref=contact,
    )


def _contact(line: wire.Posting) -> ContactRef | None:
    kind = line.account.type
    if line.party is None or kind is None:
        return None
    if kind.receivable:
        return ContactRef(id=str(line.party), data_type="customers")
    return ContactRef(id=str(line.party), data_type="suppliers") if kind.payable else None


def _record_ref(row: wire.Move) -> JournalRecordRef | None:
    """Return what was booked, as the lines tell it: where they came from, on which side."""
    for line in sorted(row.lines, key=lambda line: line.id):
        model, _, record_id = (line.origin or "").partition(",")
        if model == _STATEMENT_LINE:
            return _statement_ref(line, record_id)
    model, _, record_id = (row.origin or "").partition(",")
    is_posting = row.journal is not None and row.journal.type in _INVOICE_JOURNALS
    if model != _INVOICE or not is_posting:
        return None
    kind = next((kind for line in row.lines if (kind := _document_type(line))), None)
    return JournalRecordRef(id=record_id, data_type=kind) if kind else None


def _statement_ref(line: wire.Posting, record_id: str) -> JournalRecordRef:
    kind = line.account.type
    if kind is not None and kind.receivable:
        return JournalRecordRef(id=str(line.id), data_type="payments")
    if kind is not None and kind.payable:
        return JournalRecordRef(id=str(line.id), data_type="billPayments")
    return JournalRecordRef(id=record_id, data_type="bankTransactions")


def _document_type(line: wire.Posting) -> JournalRecordType | None:
    kind = line.account.type
    is_debit = line.debit.decimal > line.credit.decimal
    if kind is None:
        return None
    if kind.receivable:
        return "invoices" if is_debit else "creditNotes"
    if kind.payable:
        return "billCreditNotes" if is_debit else "bills"
    return None


def _amount(row: wire.Payment) -> Decimal:
    """Return what was debited, in the currency that was paid in."""
    if row.second_currency and row.amount_second_currency:
        return row.amount_second_currency.decimal
    return row.debit.decimal - row.credit.decimal


def _currency(row: wire.Payment, base_currency: str | None) -> str | None:
    return row.second_currency.code if row.second_currency else base_currency


def _rate(row: wire.Payment) -> Decimal:
    amount = _amount(row)
    base = row.debit.decimal - row.credit.decimal
    return (base / amount).quantize(_RATE) if row.second_currency and amount else Decimal(1)


def _method(row: wire.Payment) -> NamedRef | None:
    journal = row.move.journal
    return NamedRef(id=str(journal.id), name=journal.name) if journal else None


def _money_account(row: wire.Payment) -> AccountRef | None:
    """Return where the money went or came from: the other side's largest amount."""
    side = (row.credit.decimal > row.debit.decimal) - (row.credit.decimal < row.debit.decimal)
    amounts = {
        line.id: side * (line.debit.decimal - line.credit.decimal)
        for line in row.move.lines
        if line.account.id != row.account.id
    }
    largest = max(amounts, key=lambda line_id: (amounts[line_id], -line_id), default=None)
    if largest is None or amounts[largest] <= 0:
        return None
    account = next(line.account for line in row.move.lines if line.id == largest)
    return AccountRef(id=str(account.id), name=account.name)


def _payment_line[Kind: (PaymentLinkType, BillPaymentLinkType)](
    row: wire.Payment, amount: Decimal, kind: Kind
) -> PaymentLine[Kind]:
    """Return the one line of a payment: Tryton links each to one document at most."""
    document = row.invoice_payments[0] if row.invoice_payments else None
    link_type: Kind = kind
    if document is None:
        link_type = "PaymentOnAccount"
    elif document.total_amount.decimal < 0:
        link_type = "CreditNote"
    return PaymentLine(
        amount=amount,
        links=(
            PaymentLink(
                type=link_type,
                id=str(document.id) if document else None,
                amount=-amount,
                currency_rate=_rate(row),
            ),
        ),
        allocated_on_date=row.date.date,
    )

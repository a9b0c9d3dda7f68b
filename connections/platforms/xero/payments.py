"""Xero's payments, overpayments and prepayments → canonical payments.

A payment of Xero's settles one document; what settles none yet is an overpayment or a prepayment,
and what goes back to a customer is a payment of a credit.
https://developer.xero.com/documentation/api/accounting/payments
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from connections.platforms.xero import wire
from connections.platforms.xero.documents import ZERO, rate
from connections.platforms.xero.ledger import Chart
from connections.platforms.xero.moments import day, day_or_none, moment
from connections.schemas import BillPayment, Payment
from connections.schemas.base import CustomerRef, PaymentLine, PaymentLink, SupplierRef

SALES = frozenset(
    {"ACCRECPAYMENT", "ARCREDITPAYMENT", "AROVERPAYMENTPAYMENT", "ARPREPAYMENTPAYMENT"}
)
PURCHASES = frozenset(
    {"ACCPAYPAYMENT", "APCREDITPAYMENT", "APOVERPAYMENTPAYMENT", "APPREPAYMENTPAYMENT"}
)
RECEIVED = frozenset({"RECEIVE-OVERPAYMENT", "AROVERPAYMENT", "RECEIVE-PREPAYMENT", "ARPREPAYMENT"})
SPENT = frozenset({"SPEND-OVERPAYMENT", "APOVERPAYMENT", "SPEND-PREPAYMENT", "APPREPAYMENT"})
_REFUND = frozenset({"CreditNote", "PaymentOnAccount"})

type _Link = Literal["Unlinked", "Invoice", "Bill", "CreditNote", "PaymentOnAccount"]


def payment(row: wire.Payment, chart: Chart) -> Payment:
    kind, document = _settled(row, "Invoice")
    contact = document.contact if document else None
    return Payment(
        customer_ref=CustomerRef(id=contact.id, company_name=contact.name) if contact else None,
        lines=_lines(row, kind, document),
        **_common(row, document, _amount(row, kind), chart),
    )


def bill_payment(row: wire.Payment, chart: Chart) -> BillPayment:
    kind, document = _settled(row, "Bill")
    contact = document.contact if document else None
    return BillPayment(
        supplier_ref=SupplierRef(id=contact.id, supplier_name=contact.name) if contact else None,
        lines=_lines(row, kind, document),
        **_common(row, document, _amount(row, kind), chart),
    )


def received_on_account(row: wire.OnAccount, record_id: str) -> Payment:
    contact = row.contact
    return Payment(
        customer_ref=CustomerRef(id=contact.id, company_name=contact.name) if contact else None,
        lines=tuple(_allocated(row, "Invoice")),
        **_on_account(row, record_id),
    )


def spent_on_account(row: wire.OnAccount, record_id: str) -> BillPayment:
    contact = row.contact
    return BillPayment(
        supplier_ref=SupplierRef(id=contact.id, supplier_name=contact.name) if contact else None,
        lines=tuple(_allocated(row, "Bill")),
        **_on_account(row, record_id),
    )


def _common(
    row: wire.Payment, document: wire.DocumentPart | None, amount: Decimal, chart: Chart
) -> dict[str, Any]:
    account = row.account
    return {
        "id": row.id,
        "source_modified_date": moment(row.updated),
        "account_ref": chart.ref(account.id, account.code) if account else None,
        "total_amount": amount,
        "currency": document.currency_code if document else None,
        "currency_rate": rate(row.currency_rate),
        "date": day(row.date),
        "reference": row.reference or None,
    }


def _settled(
    row: wire.Payment, claim: Literal["Invoice", "Bill"]
) -> tuple[_Link, wire.DocumentPart | None]:
    """Return what the payment is for."""
    if row.credit_note:
        return "CreditNote", row.credit_note
    if on_account := row.overpayment or row.prepayment:
        return "PaymentOnAccount", on_account
    return (claim, row.invoice) if row.invoice else ("Unlinked", None)


def _amount(row: wire.Payment, kind: _Link) -> Decimal:
    """Return the money as it came in, or for a bill went out: a refund goes the other way."""
    return -row.amount if kind in _REFUND else row.amount


def _lines(
    row: wire.Payment, kind: _Link, document: wire.DocumentPart | None
) -> tuple[PaymentLine[Any], ...]:
    amount = _amount(row, kind)
    document_id = None
    if document:
        document_id = (
            document.invoice_id
            or document.credit_note_id
            or document.overpayment_id
            or document.prepayment_id
        )
    link = PaymentLink(
        type=kind, id=document_id, amount=-amount, currency_rate=rate(row.currency_rate)
    )
    return (PaymentLine(amount=amount, links=(link,), allocated_on_date=day(row.date)),)


def _on_account(row: wire.OnAccount, record_id: str) -> dict[str, Any]:
    return {
        "id": record_id,
        "source_modified_date": moment(row.updated),
        "total_amount": row.total,
        "currency": row.currency_code,
        "currency_rate": rate(row.currency_rate),
        "date": day(row.date),
        "reference": row.reference or None,
    }


def _allocated(
    row: wire.OnAccount, claim: Literal["Invoice", "Bill"]
) -> Iterator[PaymentLine[Any]]:
    """Return a line for each document that the money went to, and one for what is left of it."""
    for part in row.allocations:
        link = PaymentLink(
            type=claim,
            id=part.invoice.invoice_id if part.invoice else None,
            amount=-part.amount,
            currency_rate=rate(row.currency_rate),
        )
        on = day_or_none(part.date)
        yield PaymentLine(amount=part.amount, links=(link,), allocated_on_date=on)
    rest = row.total - sum((part.amount for part in row.allocations), ZERO)
    if rest:
        left: PaymentLink[_Link] = PaymentLink(
            type="PaymentOnAccount", amount=-rest, currency_rate=rate(row.currency_rate)
        )
        yield PaymentLine(amount=rest, links=(left,), allocated_on_date=day(row.date))

"""Sandbox documents and payments → canonical records."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connections.platforms.sandbox import wire
from connections.schemas import (
    Bill,
    BillCreditNote,
    BillPayment,
    CreditNote,
    Invoice,
    Payment,
)
from connections.schemas.base import (
    AccountRef,
    AllocatedPayment,
    Allocation,
    CustomerRef,
    NamedRef,
    PaymentAllocation,
    PaymentLine,
    PaymentLink,
    SupplierRef,
    TaxRateRef,
)
from connections.schemas.purchases import (
    BillCreditNoteLine,
    BillLine,
    BillPaymentLinkType,
    BillStatus,
)
from connections.schemas.sales import (
    CreditNoteStatus,
    InvoiceStatus,
    PaymentLinkType,
    SalesLine,
)

ZERO = Decimal()
CENT = Decimal("0.01")

_INVOICE_STATUS: dict[str, InvoiceStatus] = {
    "draft": "Draft",
    "submitted": "Submitted",
    "part_paid": "PartiallyPaid",
    "paid": "Paid",
    "void": "Void",
}
_BILL_STATUS: dict[str, BillStatus] = {
    "draft": "Draft",
    "open": "Open",
    "part_paid": "PartiallyPaid",
    "paid": "Paid",
    "void": "Void",
}
_CREDIT_STATUS: dict[str, CreditNoteStatus] = {
    "draft": "Draft",
    "submitted": "Submitted",
    "part_used": "PartiallyPaid",
    "used": "Paid",
    "void": "Void",
}
_PAYMENT_LINKS: dict[str, PaymentLinkType] = {"invoice": "Invoice", "credit_note": "CreditNote"}
_BILL_PAYMENT_LINKS: dict[str, BillPaymentLinkType] = {
    "bill": "Bill",
    "supplier_credit": "CreditNote",
}
_CREDITS = frozenset({"credit_note", "supplier_credit"})


def invoice(row: wire.Invoice) -> Invoice:
    lines = tuple(SalesLine(**_line(line)) for line in row.lines)
    return Invoice(
        id=row.id,
        source_modified_date=row.updated_at,
        invoice_number=row.number,
        customer_ref=CustomerRef(id=row.customer_id, company_name=row.customer_name),
        issue_date=row.date,
        due_date=row.due_date,
        paid_on_date=row.paid_on,
        currency=row.currency,
        currency_rate=row.exchange_rate,
        line_items=lines,
        payment_allocations=tuple(_settled_by(row, part) for part in row.allocations),
        total_discount=_total_discount(lines),
        sub_total=row.net,
        additional_tax_amount=ZERO,
        additional_tax_percentage=ZERO,
        total_tax_amount=row.tax,
        total_amount=row.total,
        amount_due=row.amount_due,
        discount_percentage=ZERO,
        status=_INVOICE_STATUS.get(row.status, "Unknown"),
        note=row.note,
    )


def bill(row: wire.Bill) -> Bill:
    return Bill(
        id=row.id,
        source_modified_date=row.updated_at,
        reference=row.reference,
        supplier_ref=SupplierRef(id=row.supplier_id, supplier_name=row.supplier_name),
        issue_date=row.date,
        due_date=row.due_date,
        currency=row.currency,
        currency_rate=row.exchange_rate,
        line_items=tuple(
            BillLine(line_number=str(number), **_line(line))
            for number, line in enumerate(row.lines, start=1)
        ),
        status=_BILL_STATUS.get(row.status, "Unknown"),
        sub_total=row.net,
        tax_amount=row.tax,
        total_amount=row.total,
        amount_due=row.amount_due,
        note=row.note,
        payment_allocations=tuple(_settled_by(row, part) for part in row.allocations),
    )


def credit_note(row: wire.CreditNote) -> CreditNote:
    lines = tuple(SalesLine(**_line(line)) for line in row.lines)
    return CreditNote(
        id=row.id,
        source_modified_date=row.updated_at,
        credit_note_number=row.number,
        customer_ref=CustomerRef(id=row.customer_id, company_name=row.customer_name),
        total_amount=row.total,
        total_discount=_total_discount(lines),
        sub_total=row.net,
        additional_tax_amount=ZERO,
        additional_tax_percentage=ZERO,
        total_tax_amount=row.tax,
        discount_percentage=ZERO,
        remaining_credit=row.remaining,
        status=_CREDIT_STATUS.get(row.status, "Unknown"),
        issue_date=row.date,
        allocated_on_date=max((part.date for part in row.allocations), default=None),
        currency=row.currency,
        currency_rate=row.exchange_rate,
        line_items=lines,
        payment_allocations=tuple(_spent_on(row, part) for part in row.allocations),
        note=row.note,
    )


def bill_credit_note(row: wire.SupplierCredit) -> BillCreditNote:
    lines = tuple(BillCreditNoteLine(**_line(line)) for line in row.lines)
    return BillCreditNote(
        id=row.id,
        source_modified_date=row.updated_at,
        bill_credit_note_number=row.number,
        supplier_ref=SupplierRef(id=row.supplier_id, supplier_name=row.supplier_name),
        total_amount=row.total,
        total_discount=_total_discount(lines),
        sub_total=row.net,
        total_tax_amount=row.tax,
        discount_percentage=ZERO,
        remaining_credit=row.remaining,
        status=_CREDIT_STATUS.get(row.status, "Unknown"),
        issue_date=row.date,
        allocated_on_date=max((part.date for part in row.allocations), default=None),
        currency=row.currency,
        currency_rate=row.exchange_rate,
        line_items=lines,
        payment_allocations=tuple(_spent_on(row, part) for part in row.allocations),
        note=row.note,
    )


def payment(row: wire.Payment) -> Payment:
    return Payment(
        id=row.id,
        source_modified_date=row.updated_at,
        customer_ref=CustomerRef(id=row.customer_id, company_name=row.customer_name),
        account_ref=_account(row.account_id),
        payment_method_ref=_method(row.method),
        total_amount=row.amount,
        currency=row.currency,
        currency_rate=row.exchange_rate,
        date=row.date,
        note=row.note,
        lines=_payment_lines(row, _PAYMENT_LINKS),
        reference=row.reference,
    )


def bill_payment(row: wire.BillPayment) -> BillPayment:
    return BillPayment(
        id=row.id,
        source_modified_date=row.updated_at,
        supplier_ref=SupplierRef(id=row.supplier_id, supplier_name=row.supplier_name),
        account_ref=_account(row.account_id),
        total_amount=row.amount,
        currency=row.currency,
        currency_rate=row.exchange_rate,
        date=row.date,
        note=row.note,
        payment_method_ref=_method(row.method),
        lines=_payment_lines(row, _BILL_PAYMENT_LINKS),
        reference=row.reference,
    )


def _line(line: wire.Line) -> dict[str, Any]:
    """Return what the lines of all four documents have in common."""
    return {
        "description": line.description,
        "unit_amount": line.unit_price,
        "quantity": line.quantity,
        "discount_amount": _discount(line),
        "discount_percentage": line.discount_percent,
        "sub_total": line.net,
        "tax_amount": line.tax,
        "total_amount": line.total,
        "account_ref": _account(line.account_id, line.account_name),
        "tax_rate_ref": TaxRateRef(id=line.tax_rate_id) if line.tax_rate_id else None,
        "item_ref": NamedRef(id=line.item_id) if line.item_id else None,
    }


def _discount(line: wire.Line) -> Decimal:
    """Return what a discount took off the line; the platform tells only the percentage."""
    if not line.discount_percent:
        return ZERO
    gross = (line.quantity * line.unit_price).quantize(CENT, ROUND_HALF_UP)
    return gross - line.net


def _total_discount(lines: Iterable[SalesLine | BillCreditNoteLine]) -> Decimal:
    return sum((line.discount_amount or ZERO for line in lines), ZERO)


def _account(account_id: str | None, name: str | None = None) -> AccountRef | None:
    return AccountRef(id=account_id, name=name) if account_id else None


def _method(method: str | None) -> NamedRef | None:
    """Return the payment method, which here has a name and no id of its own."""
    return NamedRef(id=method, name=method) if method else None


def _settled_by(row: wire.Invoice | wire.Bill, part: wire.DocumentAllocation) -> PaymentAllocation:
    """Return what settled a document; a credit counts as a payment, told apart by its note."""
    return _allocation(
        row,
        AllocatedPayment(
            id=part.payment_id,
            note="Credit" if part.kind in _CREDITS else None,
            account_ref=_account(part.account_id),
            currency=row.currency,
            currency_rate=row.exchange_rate,
            paid_on_date=part.date,
        ),
        part,
    )


def _spent_on(
    row: wire.CreditNote | wire.SupplierCredit, part: wire.CreditAllocation
) -> PaymentAllocation:
    """Return where a credit went; the other side is the document it settled."""
    return _allocation(
        row,
        AllocatedPayment(
            id=part.document_id,
            note="Credit",
            currency=row.currency,
            currency_rate=row.exchange_rate,
            paid_on_date=part.date,
        ),
        part,
    )


def _allocation(
    row: wire.Document,
    other_side: AllocatedPayment,
    part: wire.DocumentAllocation | wire.CreditAllocation,
) -> PaymentAllocation:
    return PaymentAllocation(
        payment=other_side,
        allocation=Allocation(
            currency=row.currency,
            currency_rate=row.exchange_rate,
            allocated_on_date=part.date,
            total_amount=part.amount,
        ),
    )


def _payment_lines[Kind: (PaymentLinkType, BillPaymentLinkType)](
    row: wire.AnyPayment, kinds: Mapping[str, Kind]
) -> tuple[PaymentLine[Kind], ...]:
    """Return a line for each document the payment settled, and one for what is left of it."""
    lines = []
    for part in row.applied:
        amount = _applied_amount(part)
        kind: Kind = kinds.get(part.kind, "Unknown")
        lines.append(_payment_line(row, amount, kind, part.document_id))
    rest = row.amount - sum((line.amount for line in lines), ZERO)
    if rest:
        lines.append(_payment_line(row, rest, "PaymentOnAccount"))
    return tuple(lines)


def _payment_line[Kind: (PaymentLinkType, BillPaymentLinkType)](
    row: wire.AnyPayment, amount: Decimal, kind: Kind, document_id: str | None = None
) -> PaymentLine[Kind]:
    link = PaymentLink(type=kind, id=document_id, amount=-amount, currency_rate=row.exchange_rate)
    return PaymentLine(amount=amount, links=(link,), allocated_on_date=row.date)


def _applied_amount(part: wire.Applied) -> Decimal:
    """Return the money a document took; a credit gives money, so it counts against the sum."""
    return -part.amount if part.kind in _CREDITS else part.amount

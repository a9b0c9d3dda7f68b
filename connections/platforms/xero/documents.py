"""Xero's invoices, bills and credit notes → canonical records."""

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from connections.platforms.xero import wire
from connections.platforms.xero.ledger import Chart
from connections.platforms.xero.moments import day, day_or_none, moment
from connections.schemas import Bill, BillCreditNote, CreditNote, Invoice
from connections.schemas.base import (
    AllocatedPayment,
    Allocation,
    CustomerRef,
    NamedRef,
    PaymentAllocation,
    SupplierRef,
    TaxRateRef,
)
from connections.schemas.purchases import BillCreditNoteLine, BillLine, BillStatus
from connections.schemas.sales import InvoiceStatus, SalesLine

ZERO = Decimal()
ONE = Decimal(1)
CENT = Decimal("0.01")

type _CreditStatus = Literal["Unknown", "Draft", "Submitted", "PartiallyPaid", "Paid", "Void"]

# What awaits approval (SUBMITTED) is in no ledger and no report yet, just like a draft.
# https://developer.xero.com/documentation/api/accounting/types#invoice-status-codes
_INVOICE_STATUS: dict[str, InvoiceStatus] = {
    "DRAFT": "Draft",
    "SUBMITTED": "Draft",
    "AUTHORISED": "Submitted",
    "PAID": "Paid",
    "VOIDED": "Void",
}
_BILL_STATUS: dict[str, BillStatus] = {
    "DRAFT": "Draft",
    "SUBMITTED": "Draft",
    "AUTHORISED": "Open",
    "PAID": "Paid",
    "VOIDED": "Void",
}


def invoice(row: wire.Invoice, chart: Chart) -> Invoice:
    lines = tuple(SalesLine(**_line(row, line, chart)) for line in row.line_items)
    partly = row.status == "AUTHORISED" and _is_partly_settled(row)
    return Invoice(
        id=row.id,
        source_modified_date=moment(row.updated),
        invoice_number=row.invoice_number or None,
        customer_ref=_customer(row),
        issue_date=day(row.date),
        due_date=day_or_none(row.due_date),
        paid_on_date=day_or_none(row.fully_paid_on_date),
        currency=row.currency_code,
        currency_rate=rate(row.currency_rate),
        line_items=lines,
        payment_allocations=tuple(_settled_by(row)),
        total_discount=_total_discount(lines),
        sub_total=row.sub_total,
        additional_tax_amount=ZERO,
        additional_tax_percentage=ZERO,
        total_tax_amount=row.total_tax,
        total_amount=row.total,
        amount_due=row.amount_due,
        discount_percentage=ZERO,
        status="PartiallyPaid" if partly else _INVOICE_STATUS.get(row.status, "Unknown"),
        note=row.reference or None,
    )


def bill(row: wire.Invoice, chart: Chart) -> Bill:
    partly = row.status == "AUTHORISED" and _is_partly_settled(row)
    return Bill(
        id=row.id,
        source_modified_date=moment(row.updated),
        # The supplier's number; Xero asks for it under "reference" and keeps it here.
        reference=row.invoice_number or row.reference or None,
        supplier_ref=_supplier(row),
        issue_date=day(row.date),
        due_date=day_or_none(row.due_date),
        currency=row.currency_code,
        currency_rate=rate(row.currency_rate),
        line_items=tuple(
            BillLine(line_number=str(number), **_line(row, line, chart))
            for number, line in enumerate(row.line_items, start=1)
        ),
        status="PartiallyPaid" if partly else _BILL_STATUS.get(row.status, "Unknown"),
        sub_total=row.sub_total,
        tax_amount=row.total_tax,
        total_amount=row.total,
        amount_due=row.amount_due,
        note=row.reference if row.invoice_number and row.reference else None,
        payment_allocations=tuple(_settled_by(row)),
    )


def credit_note(row: wire.CreditNote, chart: Chart) -> CreditNote:
    lines = tuple(SalesLine(**_line(row, line, chart)) for line in row.line_items)
    return CreditNote(
        id=row.id,
        source_modified_date=moment(row.updated),
        credit_note_number=row.credit_note_number or None,
        customer_ref=_customer(row),
        total_amount=row.total,
        total_discount=_total_discount(lines),
        sub_total=row.sub_total,
        additional_tax_amount=ZERO,
        additional_tax_percentage=ZERO,
        total_tax_amount=row.total_tax,
        discount_percentage=ZERO,
        remaining_credit=row.remaining_credit,
        status=_credit_status(row),
        issue_date=day(row.date),
        allocated_on_date=_last_allocated(row),
        currency=row.currency_code,
        currency_rate=rate(row.currency_rate),
        line_items=lines,
        payment_allocations=tuple(_spent_on(row)),
        note=row.reference or None,
    )


def bill_credit_note(row: wire.CreditNote, chart: Chart) -> BillCreditNote:
    lines = tuple(BillCreditNoteLine(**_line(row, line, chart)) for line in row.line_items)
    return BillCreditNote(
        id=row.id,
        source_modified_date=moment(row.updated),
        bill_credit_note_number=row.credit_note_number or None,
        supplier_ref=_supplier(row),
        total_amount=row.total,
        total_discount=_total_discount(lines),
        sub_total=row.sub_total,
        total_tax_amount=row.total_tax,
        discount_percentage=ZERO,
        remaining_credit=row.remaining_credit,
        status=_credit_status(row),
        issue_date=day(row.date),
        allocated_on_date=_last_allocated(row),
        currency=row.currency_code,
        currency_rate=rate(row.currency_rate),
        line_items=lines,
        payment_allocations=tuple(_spent_on(row)),
        note=row.reference or None,
    )


def rate(theirs: Decimal | None) -> Decimal | None:
    """Return what one unit of the document's currency is worth in the base currency.

    Xero tells the opposite: how much of the document's currency one unit of the base buys.
    https://developer.xero.com/documentation/api/accounting/invoices
    """
    if not theirs:
        return None
    return ONE if theirs == ONE else (ONE / theirs).quantize(Decimal("1e-10"), ROUND_HALF_UP)


def _customer(row: wire.Document) -> CustomerRef | None:
    return CustomerRef(id=row.contact.id, company_name=row.contact.name) if row.contact else None


def _supplier(row: wire.Document) -> SupplierRef | None:
    return SupplierRef(id=row.contact.id, supplier_name=row.contact.name) if row.contact else None


def _is_partly_settled(row: wire.Invoice) -> bool:
    return bool(row.amount_paid or row.amount_credited)


def _credit_status(row: wire.CreditNote) -> _CreditStatus:
    if row.status == "AUTHORISED" and row.remaining_credit != row.total:
        return "PartiallyPaid"
    return _INVOICE_STATUS.get(row.status, "Unknown")


def _line(row: wire.Document, line: wire.Line, chart: Chart) -> dict[str, Any]:
    """Return what the lines of all four documents have in common."""
    tax = line.tax_amount or ZERO
    shown = line.line_amount or ZERO
    # Amounts of lines hold the tax where the document says so.
    net = shown - tax if row.line_amount_types == "Inclusive" else shown
    return {
        "description": line.description or None,
        "unit_amount": line.unit_amount or ZERO,
        "quantity": ZERO if line.quantity is None else line.quantity,
        "discount_amount": _discount(line),
        "discount_percentage": line.discount_rate,
        "sub_total": net,
        "tax_amount": tax,
        "total_amount": net + tax,
        "account_ref": chart.ref(line.account_id, line.account_code),
        "tax_rate_ref": TaxRateRef(id=line.tax_type) if line.tax_type else None,
        "item_ref": NamedRef(id=line.item.id, name=line.item.name)
        if line.item and line.item.id
        else None,
    }


def _discount(line: wire.Line) -> Decimal:
    """Return what a discount took off the line, told as an amount or as a percentage."""
    if line.discount_amount:
        return line.discount_amount
    if not line.discount_rate:
        return ZERO
    gross = (line.quantity or ZERO) * (line.unit_amount or ZERO)
    return gross.quantize(CENT, ROUND_HALF_UP) - (line.line_amount or ZERO)


def _total_discount(lines: tuple[SalesLine, ...] | tuple[BillCreditNoteLine, ...]) -> Decimal:
    return sum((line.discount_amount or ZERO for line in lines), ZERO)


def _settled_by(row: wire.Invoice) -> Iterator[PaymentAllocation]:
    """Tell what settled a document; a credit counts as a payment, told apart by its note."""
    for part in row.payments:
        yield _allocation(row, part.id, part.date, part.amount, reference=part.reference)
    for credit in (*row.credit_notes, *row.overpayments, *row.prepayments):
        other = credit.credit_note_id or credit.overpayment_id or credit.prepayment_id
        note = "Credit" if credit.credit_note_id else None
        yield _allocation(row, other, credit.date, credit.applied_amount, note=note)


def _spent_on(row: wire.CreditNote) -> Iterator[PaymentAllocation]:
    """Tell where a credit went: to the documents it settled, or back as money."""
    for part in row.allocations:
        other = part.invoice.invoice_id if part.invoice else None
        yield _allocation(row, other, part.date, part.amount, note="Credit")
    for payment in row.payments:
        yield _allocation(row, payment.id, payment.date, payment.amount, note="Refund")


def _allocation(
    row: wire.Document,
    other: str | None,
    on: str | None,
    amount: Decimal | None,
    *,
    note: str | None = None,
    reference: str | None = None,
) -> PaymentAllocation:
    return PaymentAllocation(
        payment=AllocatedPayment(
            id=other,
            note=note,
            reference=reference or None,
            currency=row.currency_code,
            currency_rate=rate(row.currency_rate),
            paid_on_date=day_or_none(on),
        ),
        allocation=Allocation(
            currency=row.currency_code,
            currency_rate=rate(row.currency_rate),
            allocated_on_date=day_or_none(on),
            total_amount=amount,
        ),
    )


def _last_allocated(row: wire.CreditNote) -> date | None:
    return max((day(part.date) for part in row.allocations if part.date), default=None)

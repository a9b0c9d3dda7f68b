"""Tryton's invoices → invoices, bills and credit notes.

They are one model: a credit note is an invoice whose total is negative.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from connections.platforms.tryton import wire
from connections.schemas import Bill, BillCreditNote, CreditNote, Invoice
from connections.schemas.base import (
    AccountRef,
    AllocatedPayment,
    Allocation,
    CustomerRef,
    PaymentAllocation,
    SupplierRef,
    TaxRateRef,
)
from connections.schemas.purchases import BillCreditNoteLine, BillLine, BillStatus
from connections.schemas.sales import CreditNoteStatus, InvoiceStatus, SalesLine

ZERO = Decimal()
_CENT = Decimal("0.01")
_RATE = Decimal("0.000001")

_UNPOSTED = frozenset({"draft", "validated"})
_INVOICE_STATUS: dict[str, InvoiceStatus] = {
    "draft": "Draft",
    "validated": "Submitted",
    "posted": "Submitted",
    "paid": "Paid",
    "cancelled": "Void",
}
_BILL_STATUS: dict[str, BillStatus] = {
    "draft": "Draft",
    "validated": "Open",
    "posted": "Open",
    "paid": "Paid",
    "cancelled": "Void",
}


def invoice(
    row: wire.Invoice, changed_at: dt.datetime | None, *, base_currency: str | None
) -> Invoice:
    status = _INVOICE_STATUS.get(row.state, "Unknown")
    due = _due(row)
    return Invoice(
        id=str(row.id),
        source_modified_date=changed_at,
        invoice_number=row.number,
        customer_ref=CustomerRef(id=str(row.party.id), company_name=row.party.name),
        issue_date=_issued(row),
        due_date=_due_date(row),
        paid_on_date=row.reconciled.date if row.reconciled and row.state != "cancelled" else None,
        currency=row.currency.code,
        currency_rate=_currency_rate(row, base_currency),
        line_items=tuple(SalesLine(**line) for line in _lines(row, sign=1)),
        payment_allocations=_allocations(row, base_currency),
        total_discount=ZERO,
        sub_total=row.untaxed_amount.decimal,
        additional_tax_amount=ZERO,
        additional_tax_percentage=ZERO,
        total_tax_amount=row.tax_amount.decimal,
        total_amount=row.total_amount.decimal,
        amount_due=due,
        discount_percentage=ZERO,
        status=_settled(row, due) or status,
        note=row.comment or row.description,
    )


def bill(row: wire.Invoice, changed_at: dt.datetime | None, *, base_currency: str | None) -> Bill:
    due = _due(row)
    return Bill(
        id=str(row.id),
        source_modified_date=changed_at,
        reference=row.reference or row.number,
        supplier_ref=SupplierRef(id=str(row.party.id), supplier_name=row.party.name),
        issue_date=_issued(row),
        due_date=_due_date(row),
        currency=row.currency.code,
        currency_rate=_currency_rate(row, base_currency),
        line_items=tuple(
            BillLine(line_number=str(number), **line)
            for number, line in enumerate(_lines(row, sign=1), start=1)
        ),
        status=_settled(row, due) or _BILL_STATUS.get(row.state, "Unknown"),
        sub_total=row.untaxed_amount.decimal,
        tax_amount=row.tax_amount.decimal,
        total_amount=row.total_amount.decimal,
        amount_due=due,
        note=row.comment or row.description,
        payment_allocations=_allocations(row, base_currency),
    )


def credit_note(
    row: wire.Invoice, changed_at: dt.datetime | None, *, base_currency: str | None
) -> CreditNote:
    return CreditNote(
        credit_note_number=row.number,
        customer_ref=CustomerRef(id=str(row.party.id), company_name=row.party.name),
        additional_tax_amount=ZERO,
        additional_tax_percentage=ZERO,
        line_items=tuple(SalesLine(**line) for line in _lines(row, sign=-1)),
        **_credit(row, changed_at, base_currency),
    )


def bill_credit_note(
    row: wire.Invoice, changed_at: dt.datetime | None, *, base_currency: str | None
) -> BillCreditNote:
    return BillCreditNote(
        bill_credit_note_number=row.reference or row.number,
        supplier_ref=SupplierRef(id=str(row.party.id), supplier_name=row.party.name),
        line_items=tuple(BillCreditNoteLine(**line) for line in _lines(row, sign=-1)),
        **_credit(row, changed_at, base_currency),
    )


def _credit(
    row: wire.Invoice, changed_at: dt.datetime | None, base_currency: str | None
) -> dict[str, Any]:
    """Return what both kinds of credit note have in common, with amounts made positive."""
    remaining = -_due(row)
    allocations = _allocations(row, base_currency)
    return {
        "id": str(row.id),
        "source_modified_date": changed_at,
        "total_amount": -row.total_amount.decimal,
        "total_discount": ZERO,
        "sub_total": -row.untaxed_amount.decimal,
        "total_tax_amount": -row.tax_amount.decimal,
        "discount_percentage": ZERO,
        "remaining_credit": remaining,
        "status": _credit_status(row, remaining),
        "issue_date": row.invoice_date.date if row.invoice_date else None,
        "allocated_on_date": max(
            (on for part in allocations if (on := part.allocation.allocated_on_date)),
            default=None,
        ),
        "currency": row.currency.code,
        "currency_rate": _currency_rate(row, base_currency),
        "payment_allocations": allocations,
        "note": row.comment or row.description,
    }


def _credit_status(row: wire.Invoice, remaining: Decimal) -> CreditNoteStatus:
    return _settled(row, remaining) or _INVOICE_STATUS.get(row.state, "Unknown")


def _settled(row: wire.Invoice, due: Decimal) -> Any:
    """Return the status of a posted document that is settled, wholly or in part.

    Paid ones stay ``posted`` until the server's queue gets to them.
    """
    if row.state != "posted":
        return None
    if not due:
        return "Paid"
    return "PartiallyPaid" if abs(due) < abs(row.total_amount.decimal) else None


def _due(row: wire.Invoice) -> Decimal:
    """Return what is open; Tryton reckons nothing to pay on what is not posted."""
    return row.total_amount.decimal if row.state in _UNPOSTED else row.amount_to_pay.decimal


def _issued(row: wire.Invoice) -> dt.date:
    """Return the date on the document; a draft may not have one yet, but was begun on one.

    :raises ValueError: when it has neither.
    """
    if row.invoice_date is not None:
        return row.invoice_date.date
    if row.create_date is None:
        raise ValueError("neither invoice_date nor create_date")
    return row.create_date.utc.date()


def _due_date(row: wire.Invoice) -> dt.date | None:
    """Return when the last instalment is due."""
    dates = [each.maturity_date.date for each in row.lines_to_pay if each.maturity_date]
    return max(dates, default=None)


def _currency_rate(row: wire.Invoice, base_currency: str | None) -> Decimal | None:
    """Return the company's currency for one of the document's, as it was booked."""
    if row.currency.code == base_currency:
        return Decimal(1)
    base = sum((each.debit.decimal - each.credit.decimal for each in row.lines_to_pay), ZERO)
    foreign = sum((_foreign(each) for each in row.lines_to_pay), ZERO)
    return (base / foreign).quantize(_RATE, ROUND_HALF_EVEN) if foreign else None


def _lines(row: wire.Invoice, *, sign: int) -> Iterator[dict[str, Any]]:
    """Yield what the lines of all four documents have in common; titles are no lines."""
    lines = [line for line in row.lines if line.type == "line" and line.amount]
    for line, tax in zip(lines, _taxes(row, lines), strict=True):
        net = line.amount.decimal if line.amount else ZERO
        yield {
            "description": line.description,
            "unit_amount": line.unit_price.decimal if line.unit_price else ZERO,
            "quantity": sign * (line.quantity or ZERO),
            "discount_amount": ZERO,
            "sub_total": sign * net,
            "tax_amount": sign * tax,
            "total_amount": sign * (net + tax),
            "account_ref": AccountRef(id=str(line.account.id), name=line.account.name)
            if line.account
            else None,
            "tax_rate_ref": TaxRateRef(id=str(line.taxes[0].id), name=line.taxes[0].name)
            if len(line.taxes) == 1
            else None,
        }


def _taxes(row: wire.Invoice, lines: Sequence[wire.InvoiceLine]) -> list[Decimal]:
    """Return each line's part of the taxes, which Tryton reckons per document."""
    parts = [ZERO] * len(lines)
    for tax in row.taxes:
        taxed = [place for place, line in enumerate(lines) if tax.id in line.invoice_taxes]
        # What was entered by hand belongs to no line: all share it.
        places = taxed or list(range(len(lines)))
        weights = [line.amount.decimal if line.amount else ZERO for line in lines]
        shares = _shares(tax.amount.decimal, [weights[place] for place in places])
        for place, share in zip(places, shares, strict=True):
            parts[place] += share
    return parts


def _shares(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Divide an amount by weight, to the unit it is told in, so that the parts add up to it."""
    whole = sum(weights, ZERO)
    step = min(_CENT, Decimal(1).scaleb(int(amount.as_tuple().exponent)))
    shares: list[Decimal] = []
    given = reached = ZERO
    for place, weight in enumerate(weights, start=1):
        reached += weight
        fraction = reached / whole if whole else Decimal(place) / len(weights)
        until_here = (amount * fraction).quantize(step, ROUND_HALF_EVEN)
        shares.append(until_here - given)
        given = until_here
    return shares


def _allocations(row: wire.Invoice, base_currency: str | None) -> tuple[PaymentAllocation, ...]:
    """Return what settled a document, up to what is settled of it.

    One payment may settle several documents; Tryton links it to each with its whole amount.
    """
    left = abs(row.total_amount.decimal - _due(row)) if row.state != "cancelled" else ZERO
    lines = {each.id: each for each in (*row.payment_lines, *row.reconciliation_lines)}
    found = []
    for line in sorted(lines.values(), key=lambda each: (each.date.date, each.id)):
        amount = min(abs(_in_document_currency(line, row, base_currency)), left)
        left -= amount
        if amount:
            found.append(_allocation(row, line, amount, _currency_rate(row, base_currency)))
    return tuple(found)


def _allocation(
    row: wire.Invoice, line: wire.Settlement, amount: Decimal, rate: Decimal | None
) -> PaymentAllocation:
    is_payment = line.id in {each.id for each in row.payment_lines}
    other = _other_document(line, row)
    return PaymentAllocation(
        payment=AllocatedPayment(
            id=str(line.id) if is_payment or other is None else other,
            note=None if is_payment or other is None else "Credit",
            currency=row.currency.code,
            currency_rate=rate,
            paid_on_date=line.date.date,
        ),
        allocation=Allocation(
            currency=row.currency.code,
            currency_rate=rate,
            allocated_on_date=line.date.date,
            total_amount=amount,
        ),
    )


def _other_document(line: wire.Settlement, row: wire.Invoice) -> str | None:
    """Return the invoice or credit note behind a ledger line, where it is not a payment's."""
    model, _, record_id = (line.move_origin or "").partition(",")
    return record_id if model == "account.invoice" and record_id != str(row.id) else None


def _in_document_currency(
    line: wire.Settlement, row: wire.Invoice, base_currency: str | None
) -> Decimal:
    if row.currency.code == base_currency:
        return line.debit.decimal - line.credit.decimal
    return _foreign(line)


def _foreign(line: wire.LineToPay | wire.Settlement) -> Decimal:
    return line.amount_second_currency.decimal if line.amount_second_currency else ZERO

"""Rules for documents and for the payments that settle them."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from connections.schemas.purchases import Bill, BillCreditNote, BillPayment
from connections.schemas.sales import CreditNote, Invoice, Payment
from connections.schemas.validation.shared import ZERO, Finding, check_currency, summed


def invoice(invoice: Invoice) -> Iterator[Finding]:
    tax = ("TotalTaxAmount", invoice.total_tax_amount)
    yield from _claim("An invoice", invoice, invoice.customer_ref, tax)


def bill(bill: Bill) -> Iterator[Finding]:
    yield from _claim("A bill", bill, bill.supplier_ref, ("TaxAmount", bill.tax_amount))


def credit_note(note: CreditNote) -> Iterator[Finding]:
    yield from _credit("A credit note", note, note.customer_ref)


def bill_credit_note(note: BillCreditNote) -> Iterator[Finding]:
    yield from _credit("A bill credit note", note, note.supplier_ref)


def payment(payment: Payment) -> Iterator[Finding]:
    yield from _settlement("A payment", payment, payment.customer_ref)


def bill_payment(payment: BillPayment) -> Iterator[Finding]:
    yield from _settlement("A bill payment", payment, payment.supplier_ref)


def _claim(
    noun: str, document: Invoice | Bill, party: object, tax: tuple[str, Decimal]
) -> Iterator[Finding]:
    yield from _document(noun, document, party)
    yield from _dates(noun, document.issue_date, document.due_date)
    yield from _totals(
        noun, document.line_items, ("SubTotal", document.sub_total), tax, document.total_amount
    )
    yield from _due(noun, document.status, document.amount_due, document.total_amount)


def _credit(noun: str, note: CreditNote | BillCreditNote, party: object) -> Iterator[Finding]:
    yield from _document(noun, note, party)
    if note.issue_date is None:
        yield "warning", 11, f"{noun} should have an issue date."
    yield from _totals(
        noun,
        note.line_items,
        ("SubTotal", note.sub_total),
        ("TotalTaxAmount", note.total_tax_amount),
        note.total_amount,
    )
    remaining = note.remaining_credit
    if remaining is not None and not _within(remaining, note.total_amount):
        yield (
            "warning",
            42,
            (
                f"{noun}'s RemainingCredit ({remaining}) should be between 0"
                f" and TotalAmount ({note.total_amount})."
            ),
        )


def _settlement(noun: str, payment: Payment | BillPayment, party: object) -> Iterator[Finding]:
    yield from check_currency(noun, payment.currency, payment.currency_rate)
    if party is None:
        yield "warning", 22, f"{noun} should say whom it is with."
    if payment.total_amount is None:
        yield "warning", 35, f"{noun} should have an amount."
    elif payment.lines is not None:
        lines = sum((line.amount for line in payment.lines), ZERO)
        if lines != payment.total_amount:
            yield "warning", 30, summed(noun, "lines", lines, "TotalAmount", payment.total_amount)


def _document(
    noun: str, document: Invoice | Bill | CreditNote | BillCreditNote, party: object
) -> Iterator[Finding]:
    yield from check_currency(noun, document.currency, document.currency_rate)
    if party is None:
        yield "warning", 22, f"{noun} should say whom it is with."
    if document.status == "Unknown":
        yield "warning", 50, f"{noun} has a status that we do not know."


def _dates(noun: str, issued: date, due: date | None) -> Iterator[Finding]:
    if due is not None and due < issued:
        yield (
            "warning",
            10,
            f"{noun}'s DueDate ({due}) should not be before its IssueDate ({issued}).",
        )


def _totals(
    noun: str,
    lines: Iterable[Any] | None,
    net: tuple[str, Decimal | None],
    tax: tuple[str, Decimal],
    total: Decimal,
) -> Iterator[Finding]:
    """Compare the lines with the document and the document with itself."""
    net_name, net_amount = net
    tax_name, tax_amount = tax
    if net_amount is not None and net_amount + tax_amount != total:
        yield (
            "warning",
            33,
            (
                f"{noun}'s {net_name} ({net_amount}) and {tax_name} ({tax_amount}) should add up to"
                f" TotalAmount ({total})."
            ),
        )
    if not lines:
        if total:
            yield "warning", 34, f"{noun} with an amount ({total}) should have lines."
        return
    total_of_lines = net_of_lines = tax_of_lines = ZERO
    for line in lines:
        total_of_lines += line.total_amount or ZERO
        net_of_lines += line.sub_total or ZERO
        tax_of_lines += line.tax_amount or ZERO
    if total_of_lines != total:
        yield "warning", 30, summed(noun, "lines", total_of_lines, "TotalAmount", total)
    if net_amount is not None and net_of_lines != net_amount:
        yield "warning", 31, summed(noun, "lines' net", net_of_lines, net_name, net_amount)
    if tax_of_lines != tax_amount:
        yield "warning", 32, summed(noun, "lines' tax", tax_of_lines, tax_name, tax_amount)


def _due(noun: str, status: str, due: Decimal | None, total: Decimal) -> Iterator[Finding]:
    if due is None:
        return
    if not _within(due, total):
        yield (
            "warning",
            40,
            f"{noun}'s AmountDue ({due}) should be between 0 and TotalAmount ({total}).",
        )
    if status == "Paid" and due:
        yield "warning", 41, f"{noun} that is paid should have nothing due ({due})."


def _within(part: Decimal, whole: Decimal) -> bool:
    return 0 <= part <= whole if whole >= 0 else whole <= part <= 0

"""QuickBooks' invoices, bills and credits → canonical records."""

from collections.abc import Callable, Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from connections.platforms.quickbooks import wire
from connections.platforms.quickbooks.moments import day, day_or_none, moment
from connections.schemas import Bill, BillCreditNote, CreditNote, Invoice
from connections.schemas.base import (
    AccountRef,
    AllocatedPayment,
    Allocation,
    CustomerRef,
    NamedRef,
    PaymentAllocation,
    SupplierRef,
    TaxRateRef,
)
from connections.schemas.purchases import BillCreditNoteLine, BillLine
from connections.schemas.sales import SalesLine

ZERO = Decimal()
ONE = Decimal(1)
CENT = Decimal("0.01")
# What is bought or sold without tax says so in the United States; elsewhere by a rate of nothing.
_UNTAXED = "NON"
_SETTLING = frozenset({"Payment", "BillPaymentCheck", "BillPaymentCreditCard", "BillPayment"})

type HomeCurrency = Callable[[], str]
type _Status = Literal["PartiallyPaid", "Paid", "Void"]


def invoice(row: wire.Sale, home: HomeCurrency) -> Invoice:
    lines = tuple(SalesLine(**line) for line in _lines(row))
    due = row.total_amt if row.balance is None else row.balance
    return Invoice(
        id=row.id,
        source_modified_date=moment(row.meta_data.last_updated_time),
        invoice_number=row.doc_number,
        customer_ref=customer(row.customer_ref),
        issue_date=day(row.txn_date),
        due_date=day_or_none(row.due_date),
        currency=currency(row, home),
        currency_rate=row.exchange_rate,
        line_items=lines,
        payment_allocations=tuple(_settled_by(row, home)),
        total_discount=_discount(row.line),
        sub_total=row.total_amt - row.txn_tax_detail.total_tax,
        additional_tax_amount=ZERO,
        additional_tax_percentage=ZERO,
        total_tax_amount=row.txn_tax_detail.total_tax,
        total_amount=row.total_amt,
        amount_due=due,
        discount_percentage=ZERO,
        status=_status(row, due) or "Submitted",
        note=row.private_note,
    )


def bill(row: wire.PurchaseDocument, home: HomeCurrency) -> Bill:
    due = row.total_amt if row.balance is None else row.balance
    return Bill(
        id=row.id,
        source_modified_date=moment(row.meta_data.last_updated_time),
        reference=row.doc_number,
        supplier_ref=supplier(row.vendor_ref),
        issue_date=day(row.txn_date),
        due_date=day_or_none(row.due_date),
        currency=currency(row, home),
        currency_rate=row.exchange_rate,
        line_items=tuple(
            BillLine(line_number=str(number), **line)
            for number, line in enumerate(_lines(row), start=1)
        ),
        status=_status(row, due) or "Open",
        sub_total=row.total_amt - row.txn_tax_detail.total_tax,
        tax_amount=row.txn_tax_detail.total_tax,
        total_amount=row.total_amt,
        amount_due=due,
        note=row.private_note,
        payment_allocations=tuple(_settled_by(row, home)),
    )


def credit_note(row: wire.Sale, home: HomeCurrency) -> CreditNote:
    left = row.balance if row.remaining_credit is None else row.remaining_credit
    remaining = row.total_amt if left is None else left
    return CreditNote(
        id=row.id,
        source_modified_date=moment(row.meta_data.last_updated_time),
        credit_note_number=row.doc_number,
        customer_ref=customer(row.customer_ref),
        total_amount=row.total_amt,
        total_discount=_discount(row.line),
        sub_total=row.total_amt - row.txn_tax_detail.total_tax,
        additional_tax_amount=ZERO,
        additional_tax_percentage=ZERO,
        total_tax_amount=row.txn_tax_detail.total_tax,
        discount_percentage=ZERO,
        remaining_credit=remaining,
        status=_status(row, remaining) or "Submitted",
        issue_date=day(row.txn_date),
        currency=currency(row, home),
        currency_rate=row.exchange_rate,
        line_items=tuple(SalesLine(**line) for line in _lines(row)),
        payment_allocations=tuple(_settled_by(row, home)),
        note=row.private_note,
    )


def bill_credit_note(row: wire.PurchaseDocument, home: HomeCurrency) -> BillCreditNote:
    remaining = row.total_amt if row.balance is None else row.balance
    return BillCreditNote(
        id=row.id,
        source_modified_date=moment(row.meta_data.last_updated_time),
        bill_credit_note_number=row.doc_number,
        supplier_ref=supplier(row.vendor_ref),
        total_amount=row.total_amt,
        total_discount=_discount(row.line),
        sub_total=row.total_amt - row.txn_tax_detail.total_tax,
        total_tax_amount=row.txn_tax_detail.total_tax,
        discount_percentage=ZERO,
        remaining_credit=row.balance,
        status=_status(row, remaining) or "Submitted",
        issue_date=day(row.txn_date),
        currency=currency(row, home),
        currency_rate=row.exchange_rate,
        line_items=tuple(BillCreditNoteLine(**line) for line in _lines(row)),
        payment_allocations=tuple(_settled_by(row, home)),
        note=row.private_note,
    )


def customer(ref: wire.Ref | None) -> CustomerRef | None:
    return CustomerRef(id=ref.value, company_name=ref.name) if ref else None


def supplier(ref: wire.Ref | None) -> SupplierRef | None:
    return SupplierRef(id=ref.value, supplier_name=ref.name) if ref else None


def account(ref: wire.Ref | None) -> AccountRef | None:
    return AccountRef(id=ref.value, name=ref.name) if ref else None


def currency(row: wire.Transaction, home: HomeCurrency) -> str:
    """Return the currency, which companies with only one may leave out."""
    return row.currency_ref.value if row.currency_ref else home()


def is_void(row: wire.Transaction, amount: Decimal) -> bool:
    """Return whether a transaction was voided: no amounts are left, and the note begins so.

    https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/invoice#void-an-invoice
    """
    return not amount and (row.private_note or "").startswith("Voided")


def _status(row: wire.Document, remaining: Decimal) -> _Status | None:
    if is_void(row, row.total_amt):
        return "Void"
    if not remaining:
        return "Paid"
    return "PartiallyPaid" if remaining != row.total_amt else None


def _flat(lines: Iterable[wire.Line]) -> Iterator[wire.Line]:
    """Yield the lines that count: of a bundle its parts, and no sums."""
    for line in lines:
        if line.detail_type == "GroupLineDetail" and line.group_line_detail:
            yield from _flat(line.group_line_detail.line)
        elif line.detail_type != "SubTotalLineDetail":
            yield line


def _discount(lines: Iterable[wire.Line]) -> Decimal:
    discounts = (line.amount for line in lines if line.discount_line_detail)
    return sum(discounts, ZERO)


def _lines(row: wire.Document) -> Iterator[dict[str, Any]]:
    """Yield what the lines of all four documents have in common."""
    lines = list(_flat(row.line))
    taxes = _taxes(lines, row.txn_tax_detail.total_tax)
    for line, tax in zip(lines, taxes, strict=True):
        item = line.sales_item_line_detail or line.item_based_expense_line_detail
        detail = item or line.account_based_expense_line_detail or line.discount_line_detail
        net = -line.amount if line.discount_line_detail else line.amount
        # A line without a quantity is about one of it; a line of text is about nothing.
        quantity = item.qty if item and item.qty is not None else ONE if line.amount else ZERO
        unit = item.unit_price if item and item.unit_price is not None else net
        ref = item.item_account_ref if item else getattr(detail, "account_ref", None)
        tax_code = detail.tax_code_ref if detail else None
        yield {
            "description": line.description,
            "unit_amount": unit,
            "quantity": quantity,
            "discount_amount": ZERO,
            "sub_total": net,
            "tax_amount": tax,
            "total_amount": net + tax,
            "account_ref": account(ref),
            "tax_rate_ref": TaxRateRef(id=tax_code.value, name=tax_code.name) if tax_code else None,
            "item_ref": NamedRef(id=item.item_ref.value, name=item.item_ref.name)
            if item and item.item_ref
            else None,
        }


def _taxes(lines: list[wire.Line], total: Decimal) -> list[Decimal]:
    """Return each line's part of the tax, which is told for the whole document only.

    It is shared in proportion to what is taxed; the last of the taxed lines bears the rounding.
    """
    shares = [ZERO] * len(lines)
    amounts = {place: line.amount for place, line in enumerate(lines) if _is_taxed(line)}
    taxed = sum(amounts.values(), ZERO)
    if not total or not taxed:
        return shares
    for place, amount in amounts.items():
        shares[place] = (total * amount / taxed).quantize(CENT, ROUND_HALF_UP)
    shares[max(amounts)] += total - sum(shares, ZERO)
    return shares


def _is_taxed(line: wire.Line) -> bool:
    detail = (
        line.sales_item_line_detail
        or line.item_based_expense_line_detail
        or line.account_based_expense_line_detail
    )
    code = detail.tax_code_ref.value if detail and detail.tax_code_ref else _UNTAXED
    return bool(line.amount) and code != _UNTAXED


def _settled_by(row: wire.Document, home: HomeCurrency) -> Iterator[PaymentAllocation]:
    """Tell what settled a document; how much of it only the payment tells."""
    for link in row.linked_txn:
        if link.txn_type in _SETTLING:
            yield PaymentAllocation(
                payment=AllocatedPayment(
                    id=link.txn_id,
                    currency=currency(row, home),
                    currency_rate=row.exchange_rate,
                ),
                allocation=Allocation(
                    currency=currency(row, home), currency_rate=row.exchange_rate
                ),
            )

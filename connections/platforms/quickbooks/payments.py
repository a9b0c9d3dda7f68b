"""QuickBooks' payments and bill payments → canonical payments.

A payment's lines name what it settles; credits used up with it are lines, too, and make the money
less. https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/payment
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from connections.platforms.quickbooks import wire
from connections.platforms.quickbooks.documents import (
    ZERO,
    HomeCurrency,
    account,
    currency,
    customer,
    supplier,
)
from connections.platforms.quickbooks.moments import day, moment
from connections.schemas import BillPayment, Payment
from connections.schemas.base import NamedRef, PaymentLine, PaymentLink

type _Link = Literal[
    "Unlinked", "Invoice", "Bill", "CreditNote", "PaymentOnAccount", "ManualJournal", "Other"
]

_LINKS: dict[str, _Link] = {
    "Invoice": "Invoice",
    "Bill": "Bill",
    "CreditMemo": "CreditNote",
    "VendorCredit": "CreditNote",
    "JournalEntry": "ManualJournal",
}
_CREDITS = frozenset({"CreditMemo", "VendorCredit"})


def payment(row: wire.Payment, home: HomeCurrency) -> Payment:
    method = row.payment_method_ref
    return Payment(
        id=row.id,
        source_modified_date=moment(row.meta_data.last_updated_time),
        customer_ref=customer(row.customer_ref),
        account_ref=account(row.deposit_to_account_ref),
        payment_method_ref=NamedRef(id=method.value, name=method.name) if method else None,
        total_amount=row.total_amt,
        currency=currency(row, home),
        currency_rate=row.exchange_rate,
        date=day(row.txn_date),
        note=row.private_note,
        lines=tuple(_lines(row, row.total_amt)),
        reference=row.payment_ref_num or row.doc_number,
    )


def bill_payment(row: wire.BillPayment, home: HomeCurrency) -> BillPayment:
    return BillPayment(
        id=row.id,
        source_modified_date=moment(row.meta_data.last_updated_time),
        supplier_ref=supplier(row.vendor_ref),
        account_ref=account(paid_from(row)),
        total_amount=row.total_amt,
        currency=currency(row, home),
        currency_rate=row.exchange_rate,
        date=day(row.txn_date),
        note=row.private_note,
        lines=tuple(_lines(row, row.total_amt)),
        reference=row.doc_number,
    )


def paid_from(row: wire.BillPayment | wire.Movement) -> wire.Ref | None:
    return row.check_payment.bank_account_ref or row.credit_card_payment.cc_account_ref


def _lines(row: wire.Transaction, total: Decimal) -> Iterator[PaymentLine[Any]]:
    """Yield a line for each document, and one for what is on account."""
    rest = total
    for line in row.line:
        link = line.linked_txn[0] if line.linked_txn else None
        kind = link.txn_type if link else ""
        amount = -line.amount if kind in _CREDITS else line.amount
        rest -= amount
        yield _line(row, _LINKS.get(kind, "Other" if link else "Unlinked"), link, amount)
    if rest:
        yield _line(row, "PaymentOnAccount", None, rest)


def _line(
    row: wire.Transaction, kind: _Link, link: wire.LinkedTxn | None, amount: Decimal
) -> PaymentLine[Any]:
    linked = PaymentLink(
        type=kind,
        id=link.txn_id if link else None,
        amount=-amount or ZERO,
        currency_rate=row.exchange_rate,
    )
    return PaymentLine(amount=amount, links=(linked,), allocated_on_date=day(row.txn_date))

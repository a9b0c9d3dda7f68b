"""What moves money of a bank account or a credit card → canonical bank transactions.

QuickBooks has no list of bank transactions: they are what purchases, deposits, transfers, payments,
bill payments, sales receipts and refund receipts do to such accounts. Ids are unique within an
entity only, so that a transaction's is made of both. What moves nothing (a void, a payment all of
credits) or goes to another account (undeposited funds) is no bank transaction.
"""

from collections.abc import Callable, Container
from decimal import Decimal

from connections.platforms.quickbooks import wire
from connections.platforms.quickbooks.moments import day, moment
from connections.platforms.quickbooks.payments import paid_from
from connections.schemas import BankTransaction
from connections.schemas.banking import TransactionType

type BankAccounts = Callable[[], Container[str]]

OUT, IN = "out", "in"
_PURCHASE_TYPE: dict[str, TransactionType] = {"Check": "Check", "Cash": "Cash"}


def purchase(row: wire.Movement, _accounts: BankAccounts) -> tuple[BankTransaction, ...]:
    """Read an expense or a check; of a credit card also what was given back."""
    kind = _PURCHASE_TYPE.get(row.payment_type, "Debit")
    if row.credit:
        return _moved("Purchase", row, row.account_ref, row.total_amt, "Credit")
    return _moved("Purchase", row, row.account_ref, -row.total_amt, kind)


def deposit(row: wire.Movement, _accounts: BankAccounts) -> tuple[BankTransaction, ...]:
    return _moved("Deposit", row, row.deposit_to_account_ref, row.total_amt, "Dep")


def transfer(row: wire.Movement, accounts: BankAccounts) -> tuple[BankTransaction, ...]:
    """Read both ends of a transfer; either may lie outside of the banks."""
    known = accounts()
    ends = ((OUT, row.from_account_ref, -row.amount), (IN, row.to_account_ref, row.amount))
    return tuple(
        moved
        for end, ref, amount in ends
        if ref and ref.value in known
        for moved in _moved("Transfer", row, ref, amount, "Xfer", end=end)
    )


def payment(row: wire.Movement, accounts: BankAccounts) -> tuple[BankTransaction, ...]:
    return _banked("Payment", row, row.total_amt, "Payment", accounts)


def sales_receipt(row: wire.Movement, accounts: BankAccounts) -> tuple[BankTransaction, ...]:
    return _banked("SalesReceipt", row, row.total_amt, "Credit", accounts)


def refund_receipt(row: wire.Movement, accounts: BankAccounts) -> tuple[BankTransaction, ...]:
    return _banked("RefundReceipt", row, -row.total_amt, "Debit", accounts)


def bill_payment(row: wire.Movement, _accounts: BankAccounts) -> tuple[BankTransaction, ...]:
    kind: TransactionType = "Check" if row.pay_type == "Check" else "Payment"
    return _moved("BillPayment", row, paid_from(row), -row.total_amt, kind)


def ids(entity: str, row_id: str) -> tuple[str, ...]:
    """Return the ids that a row's transactions may have."""
    if entity == "Transfer":
        return tuple(f"{entity}-{row_id}-{end}" for end in (OUT, IN))
    return (f"{entity}-{row_id}",)


def _banked(
    entity: str, row: wire.Movement, amount: Decimal, kind: TransactionType, accounts: BankAccounts
) -> tuple[BankTransaction, ...]:
    """Read what may go to undeposited funds first; from there a deposit takes it to the bank."""
    ref = row.deposit_to_account_ref
    if ref is None or not amount or ref.value not in accounts():
        return ()
    return _moved(entity, row, ref, amount, kind)


def _moved(
    entity: str,
    row: wire.Movement,
    ref: wire.Ref | None,
    amount: Decimal,
    kind: TransactionType,
    *,
    end: str = "",
) -> tuple[BankTransaction, ...]:
    if ref is None or not amount:
        return ()
    party = row.entity_ref or row.customer_ref or row.vendor_ref
    transaction = BankTransaction(
        id="-".join(filter(None, (entity, row.id, end))),
        source_modified_date=moment(row.meta_data.last_updated_time),
        account_id=ref.value,
        cleared_on_date=day(row.txn_date),
        description=row.private_note or (party.name if party else None) or row.doc_number,
        amount=amount,
        transaction_type=kind,
    )
    return (transaction,)

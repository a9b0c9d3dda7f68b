"""Settling documents: payments in full and in part, on account, by credit, and taken back."""

from msgspec.structs import replace

from sandbox.ledger import moments
from sandbox.ledger.books import Books
from sandbox.ledger.documents import close, close_credit, status_of
from sandbox.ledger.money import in_base
from sandbox.ledger.records import Account, Allocation, Application, Document, Payment, Posting
from sandbox.ledger.sides import Side


def pay(
    books: Books,
    moment: int,
    side: Side,
    dues: list[tuple[Document, int]],
    *,
    account: Account,
    method: str,
    extra: int = 0,
) -> Payment:
    """Pay each document of one contact its amount; `extra` stays on the contact's account."""
    first = dues[0][0]
    today = moments.day_of(moment)
    rate = books.rate(first.currency, today)
    amount = sum(part for _, part in dues) + extra
    payment = Payment(
        id=books.new_id(side.payment_prefix),
        contact=first.contact,
        account=account,
        date=today,
        amount=amount,
        currency=first.currency,
        rate=rate,
        method=method,
        reference=first.number,
        applied=tuple(
            Application(document.id, side.document_kind, part) for document, part in dues
        ),
    )
    side.payment_log(books).put(payment, moment)
    settled = in_base(extra, rate)
    for document, part in dues:
        allocation = Allocation(payment.id, "payment", today, part, account.id)
        settled += _settle(books, moment, side, document, allocation)
    received = in_base(amount, rate)
    sign, control, contact = side.sign, books.chart[side.control], first.contact.id
    books.post(
        moment,
        [
            Posting(account, sign * received, sign * amount, contact),
            Posting(control, -sign * settled, -sign * amount, contact),
            Posting(books.chart["exchange"], sign * (settled - received), 0, contact),
        ],
        source=(side.payment_kind, payment.id),
        description=f"{'Payment from' if sign > 0 else 'Payment to'} {first.contact.name}",
        currency=first.currency,
    )
    if account.is_bank and received:
        kind = "deposit" if sign > 0 else "payment"
        text = f"{first.contact.name.upper()} {first.number or ''}".strip()
        books.bank_line(moment, account, sign * received, text, kind)
    return payment


def take_back(books: Books, moment: int, side: Side, payment_id: str) -> bool:
    """Delete a payment that never reached the bank: its documents are open again."""
    payment = side.payment_log(books).get(payment_id)
    if payment is None or payment.account.is_bank:
        return False
    log = side.document_log(books)
    documents = [log.get(application.document_id) for application in payment.applied]
    if any(document is None or document.status == "void" for document in documents):
        return False
    for document in documents:
        if document is None:
            continue
        undone = sum(
            allocation.amount
            for allocation in document.allocations
            if allocation.counterpart_id == payment_id
        )
        opened = replace(
            document,
            due=document.due + undone,
            paid_on=None,
            allocations=tuple(
                allocation
                for allocation in document.allocations
                if allocation.counterpart_id != payment_id
            ),
        )
        log.put(replace(opened, status=status_of(side, opened)), moment)
        books.open_documents.setdefault(opened.contact.id, {})[opened.id] = None
    side.payment_log(books).remove(payment_id, moment)
    books.unpost(moment, books.entry_of[payment_id])
    return True


def apply_credit(
    books: Books, moment: int, side: Side, credit: Document, document: Document
) -> None:
    """Settle as much of the document as the credit has left."""
    part = min(credit.due, document.due)
    today = moments.day_of(moment)
    used = in_base(credit.due, credit.rate) - in_base(credit.due - part, credit.rate)
    remaining = credit.due - part
    side.credit_log(books).put(
        replace(
            credit,
            due=remaining,
            status="part_used" if remaining else "used",
            paid_on=None if remaining else today,
            allocations=(
                *credit.allocations,
                Allocation(document.id, side.document_kind, today, part, None),
            ),
        ),
        moment,
    )
    if not remaining:
        close_credit(books, credit)
    # The wire knows one kind for credits on either side.
    allocation = Allocation(credit.id, "credit_note", today, part, None)
    settled = _settle(books, moment, side, document, allocation)
    contact = credit.contact.id
    books.post(
        moment,
        [
            Posting(books.chart[side.control], side.sign * (used - settled), 0, contact),
            Posting(books.chart["exchange"], side.sign * (settled - used), 0, contact),
        ],
        source=(side.credit_kind, credit.id),
        description=f"Rounding on {credit.number}",
        currency=credit.currency,
    )


def apply_on_account(
    books: Books, moment: int, side: Side, payment: Payment, document: Document
) -> None:
    """Use what a payment in the base currency left over; both stand in the same control account."""
    part = min(payment.unapplied, document.due)
    application = Application(document.id, side.document_kind, part)
    side.payment_log(books).put(replace(payment, applied=(*payment.applied, application)), moment)
    today = moments.day_of(moment)
    allocation = Allocation(payment.id, "payment", today, part, payment.account.id)
    _settle(books, moment, side, document, allocation)


def _settle(
    books: Books, moment: int, side: Side, document: Document, allocation: Allocation
) -> int:
    """Take the allocation off what is due; return what that clears in the base currency."""
    due = document.due - allocation.amount
    settled = replace(
        document,
        due=due,
        paid_on=None if due else allocation.date,
        allocations=(*document.allocations, allocation),
    )
    side.document_log(books).put(replace(settled, status=status_of(side, settled)), moment)
    if not due:
        close(books, document)
    return in_base(document.due, document.rate) - in_base(due, document.rate)

"""What a business does with its customers and suppliers, and what becomes of each document."""

from msgspec.structs import replace

from sandbox.ledger import documents, moments, settlement
from sandbox.ledger.books import Books
from sandbox.ledger.cash import transfer
from sandbox.ledger.level import bill_amount, invoice_amount
from sandbox.ledger.moments import DAY, HOUR, MINUTE
from sandbox.ledger.profile import item_id
from sandbox.ledger.records import Contact, Document, Line
from sandbox.ledger.sides import PURCHASES, SALES, Side

NOTES = (
    "Please quote our number.",
    "Delivered by our own van.",
    "Agreed by telephone.",
    "Replaces the order of last week.",
    "Purchase order to follow.",
    "Checked against the delivery note.",
)
_DISCOUNTED = 0.06
_MOST_PAID_TOGETHER = 4


def new_invoice(books: Books, moment: int) -> None:
    key = books.rng.choices(books.customer_pool, books.customer_weights)[0]
    contact = books.customers.get(key)
    if contact is None:
        return
    lines = sales_lines(books, contact, invoice_amount(books, key))
    note = books.rng.choice(NOTES) if books.chance(0.15) else None
    _enter(books, moment, SALES, documents.make(books, moment, SALES, contact, lines, note=note))


def new_bill(books: Books, moment: int, *, role: str) -> None:
    contact = books.suppliers.get(books.rng.choice(books.supplier_pool[role]))
    if contact is None:
        return
    lines = purchase_lines(books, contact, bill_amount(books, role))
    # Bills are entered some days after they were written.
    today = moments.day_of(moment)
    day = max(books.epoch, today - books.rng.choice((0, 0, 0, 1, 2, 5)))
    _enter(
        books, moment, PURCHASES, documents.make(books, moment, PURCHASES, contact, lines, day=day)
    )
    if books.chance(books.profile.habits.entered_twice):
        twice = documents.make(books, moment, PURCHASES, contact, lines, day=day)
        documents.submit(books, moment, PURCHASES, twice)
        books.at(moment + _delay(books, 5 * HOUR), documents.delete, PURCHASES, twice.id)


def sales_lines(books: Books, contact: Contact, amount: int) -> tuple[Line, ...]:
    rng, profile = books.rng, books.profile
    count = rng.randint(1, profile.max_lines)
    items = rng.sample(books.catalog, min(count, len(books.catalog)))
    part = amount // max(1, sum(spec.role == "goods" for spec in items))
    lines = []
    for spec in items:
        item = books.items.get(item_id(spec))
        price = item.sale.price if item and item.sale else spec.price
        pieces = max(1, round(part / price)) if spec.role == "goods" else rng.randint(1, 3)
        tax = contact.tax_rate_id or books.tax_by_code[spec.tax].id
        lines.append(
            documents.make_line(
                books,
                description=spec.name,
                quantity=pieces * 100,
                unit_price=_price(books, contact, price),
                discount=rng.choice((500, 1000)) if rng.random() < _DISCOUNTED else 0,
                account=books.chart[spec.role],
                tax_rate_id=tax,
                item_id=item_id(spec),
            )
        )
    return tuple(lines)


def purchase_lines(books: Books, contact: Contact, amount: int) -> tuple[Line, ...]:
    account = contact.account or books.chart["inventory"]
    tax = contact.tax_rate_id or books.tax_by_code[books.profile.no_tax].id
    price = _price(books, contact, amount)
    if account.role != "inventory":
        return (
            documents.make_line(
                books,
                description=account.name,
                quantity=100,
                unit_price=price,
                account=account,
                tax_rate_id=tax,
            ),
        )
    goods = [spec for spec in books.catalog if spec.kind == "stock"]
    picked = books.rng.sample(goods, min(len(goods), books.rng.randint(1, 3)))
    return tuple(
        documents.make_line(
            books,
            description=spec.name,
            quantity=100 * max(1, price // len(picked) // spec.cost),
            unit_price=spec.cost,
            account=account,
            tax_rate_id=tax,
            item_id=item_id(spec),
        )
        for spec in picked
    )


def plan_outcome(books: Books, moment: int, side: Side, document: Document) -> None:
    """Decide whether and when it is paid, credited, voided or edited."""
    if not document.due:
        return
    habits, rng = books.profile.habits, books.rng
    late = rng.gauss(4, 9) if side is SALES else rng.gauss(0, 3)
    days = max(1, round(document.due_date - moments.day_of(moment) + late))
    paid_at = moment + days * DAY + rng.randint(-6 * HOUR, 6 * HOUR)
    luck = rng.random()
    if luck < habits.voided:
        books.at(moment + _delay(books, DAY), documents.void, side, document.id)
    elif luck < habits.voided + habits.unpaid * (1 if side is SALES else 0.4):
        return
    elif luck < habits.voided + habits.unpaid + habits.part_paid:
        books.at(paid_at, pay_document, side, document.id, share=rng.uniform(0.2, 0.8))
        books.at(paid_at + rng.randint(5, 40) * DAY, pay_document, side, document.id)
    elif luck < habits.voided + habits.unpaid + habits.part_paid + habits.credited:
        books.at(moment + _delay(books, 6 * DAY), credit_document, side, document.id)
        books.at(paid_at, pay_document, side, document.id)
    else:
        books.at(paid_at, pay_document, side, document.id)
    if books.chance(habits.edited):
        note = rng.choice(NOTES)
        books.at(moment + _delay(books, DAY), documents.edit_note, side, document.id, note)
    if books.chance(habits.edited_after_payment):
        books.at(paid_at + _delay(books, 3 * DAY), charge_more, side, document.id)


def pay_document(
    books: Books, moment: int, side: Side, document_id: str, *, share: float = 1.0
) -> None:
    document = side.document_log(books).get(document_id)
    if document is None or document.status not in {side.open_status, "part_paid"}:
        return
    habits = books.profile.habits
    if books.chance(habits.credits_set_off):
        document = _use_credits(books, moment, side, document)
    if not document.due:
        return
    if share < 1:
        part = max(1, int(document.due * share))
        settlement.pay(
            books, moment, side, [(document, part)], account=books.chart["bank"], method="transfer"
        )
        return
    dues = [(document, document.due)]
    if books.chance(habits.pays_together):
        dues += _others_due(books, moment, side, document)
    local = document.currency == books.profile.currency
    if side is SALES and local and books.chance(habits.cheque):
        _pay_by_cheque(books, moment, dues)
        return
    extra = 0
    if local and side is SALES and books.chance(habits.overpaid):
        extra = books.rng.randint(1, 50) * 100
    method = books.rng.choice(("transfer", "transfer", "card", "direct_debit"))
    payment = settlement.pay(
        books, moment, side, dues, account=books.chart["bank"], method=method, extra=extra
    )
    if extra:
        books.at(moment + _delay(books, 9 * DAY), _use_on_account, payment.id)


def credit_document(books: Books, moment: int, side: Side, document_id: str) -> None:
    """Credit one line, and use the credit on the document while that is open."""
    document = side.document_log(books).get(document_id)
    if document is None or document.status in {"draft", "void"}:
        return
    credit = documents.credit_from(books, moment, side, document, document.lines[:1])
    if books.chance(books.profile.habits.credit_voided):
        books.at(moment + _delay(books, 3 * HOUR), documents.void_credit, side, credit.id)
        return
    if document.due and credit.due and books.chance(0.9):
        settlement.apply_credit(books, moment, side, credit, document)


def charge_more(books: Books, moment: int, side: Side, document_id: str) -> None:
    """Edit a document after it was paid; the difference is paid later."""
    document = side.document_log(books).get(document_id)
    if document is None:
        return
    line = documents.make_line(
        books,
        description="Carriage, charged later",
        quantity=100,
        unit_price=books.rng.randint(5, 60) * 100,
        account=document.lines[0].account,
        tax_rate_id=document.lines[0].tax_rate_id,
    )
    if documents.add_line(books, moment, side, document_id, line):
        books.at(moment + _delay(books, 20 * DAY), pay_document, side, document_id)


def _enter(books: Books, moment: int, side: Side, document: Document) -> None:
    """Submit a document, at once or after it was a draft for a while that some do not outlive."""
    habits = books.profile.habits
    if not books.chance(habits.draft):
        plan_outcome(books, moment, side, documents.submit(books, moment, side, document))
        return
    documents.keep_draft(books, moment, side, document)
    if books.chance(habits.discarded):
        books.at(moment + _delay(books, 2 * HOUR), documents.delete, side, document.id)
    else:
        books.at(moment + _delay(books, HOUR), _submit_later, side, document.id)


def _submit_later(books: Books, moment: int, side: Side, document_id: str) -> None:
    document = side.document_log(books).get(document_id)
    if document is None:
        return
    today = moments.day_of(moment)
    dated = replace(document, date=today, due_date=today + document.contact.terms)
    dated = replace(dated, rate=books.rate(dated.currency, today))
    plan_outcome(books, moment, side, documents.submit(books, moment, side, dated))


def _use_credits(books: Books, moment: int, side: Side, document: Document) -> Document:
    """Set off what the contact has left in credits before money is paid."""
    for key in list(books.open_credits.get(document.contact.id, {})):
        credit = side.credit_log(books).get(key)
        if credit is not None and credit.currency == document.currency and document.due:
            settlement.apply_credit(books, moment, side, credit, document)
            document = side.document_log(books).get(document.id) or document
    return document


def _others_due(
    books: Books, moment: int, side: Side, document: Document
) -> list[tuple[Document, int]]:
    today = moments.day_of(moment)
    others: list[tuple[Document, int]] = []
    for key in books.open_documents.get(document.contact.id, {}):
        other = side.document_log(books).get(key)
        if other is not None and key != document.id and other.due_date <= today:
            others.append((other, other.due))
        if len(others) == _MOST_PAID_TOGETHER - 1:
            break
    return others


def _pay_by_cheque(books: Books, moment: int, dues: list[tuple[Document, int]]) -> None:
    account = books.chart["undeposited"]
    payment = settlement.pay(books, moment, SALES, dues, account=account, method="cheque")
    books.at(moment + 3 * DAY, _deposit, payment.id)
    if books.chance(books.profile.habits.cheque_deleted):
        books.at(moment + _delay(books, DAY), _bounce, payment.id, [due[0].id for due in dues])


def _bounce(books: Books, moment: int, payment_id: str, document_ids: list[str]) -> None:
    if settlement.take_back(books, moment, SALES, payment_id):
        for document_id in document_ids:
            books.at(moment + _delay(books, 10 * DAY), pay_document, SALES, document_id)


def _deposit(books: Books, moment: int, payment_id: str) -> None:
    payment = books.payments.get(payment_id)
    if payment is not None:
        text = f"Cheque from {payment.contact.name}"
        transfer(
            books,
            moment,
            payment.amount,
            giver="undeposited",
            taker="bank",
            description=text,
            kind="deposit",
        )


def _use_on_account(books: Books, moment: int, payment_id: str) -> None:
    payment = books.payments.get(payment_id)
    if payment is None:
        return
    for key in books.open_documents.get(payment.contact.id, {}):
        document = books.invoices.get(key)
        if document is not None and document.currency == payment.currency:
            settlement.apply_on_account(books, moment, SALES, payment, document)
            return


def _price(books: Books, contact: Contact, base_price: int) -> int:
    if contact.currency == books.profile.currency:
        return base_price
    return max(1, round(base_price / books.profile.foreign[contact.currency]))


def _delay(books: Books, typical: int) -> int:
    return int(books.rng.uniform(0.3, 1.7) * typical) + MINUTE

"""Invoices, bills and their credits: entered, edited, voided, deleted, each with its entry."""

from msgspec.structs import replace

from sandbox.ledger import moments
from sandbox.ledger.books import Books
from sandbox.ledger.money import in_base, share
from sandbox.ledger.records import Account, Contact, Document, Line, Posting
from sandbox.ledger.sides import PURCHASES, Side


def make_line(
    books: Books,
    *,
    description: str,
    quantity: int,
    unit_price: int,
    account: Account,
    tax_rate_id: str,
    item_id: str | None = None,
    discount: int = 0,
) -> Line:
    net = share(quantity * unit_price, 10_000 - discount, 1_000_000)
    tax = share(net, books.tax_by_id[tax_rate_id].rate, 10_000)
    return Line(
        description, quantity, unit_price, discount, net, tax, account, tax_rate_id, item_id
    )


def make(
    books: Books,
    moment: int,
    side: Side,
    contact: Contact,
    lines: tuple[Line, ...],
    *,
    day: int | None = None,
    note: str | None = None,
) -> Document:
    """Make up a draft; nobody sees it before it is kept or submitted."""
    issued = moments.day_of(moment) if day is None else day
    return Document(
        id=books.new_id(side.document_prefix),
        number=None,
        contact=contact,
        date=issued,
        due_date=issued + contact.terms,
        currency=contact.currency,
        rate=books.rate(contact.currency, issued),
        status="draft",
        lines=lines,
        net=sum(line.net for line in lines),
        tax=sum(line.tax for line in lines),
        due=sum(line.net + line.tax for line in lines),
        note=note,
    )


def keep_draft(books: Books, moment: int, side: Side, document: Document) -> None:
    """Enter a document that posts nothing yet."""
    side.document_log(books).put(document, moment)


def submit(books: Books, moment: int, side: Side, document: Document) -> Document:
    """Enter a draft, new or kept, with its number, and post it."""
    opened = replace(document, number=_next_number(books, side, document))
    opened = replace(opened, status=status_of(side, opened))
    if not opened.due:
        opened = replace(opened, paid_on=opened.date)
    side.document_log(books).put(opened, moment)
    books.post(
        moment,
        document_postings(books, side, opened),
        source=(side.document_kind, opened.id),
        description=f"{opened.contact.name}: {opened.number or side.document_kind}",
        currency=opened.currency,
        day=opened.date,
    )
    if opened.due:
        books.open_documents.setdefault(opened.contact.id, {})[opened.id] = None
    return opened


def status_of(side: Side, document: Document) -> str:
    if not document.due:
        return "paid"
    return side.open_status if document.due == document.total else "part_paid"


def document_postings(
    books: Books, side: Side, document: Document, *, direction: int = 1
) -> list[Posting]:
    """Post the control account against each line's account, rounding differences on the first."""
    sign, rate, contact = side.sign * direction, document.rate, document.contact.id
    amounts: dict[str, list[int]] = {}
    accounts: dict[str, Account] = {}
    for line in document.lines:
        known = amounts.setdefault(line.account.id, [0, 0])
        accounts[line.account.id] = line.account
        known[0] += in_base(line.net, rate)
        known[1] += line.net
    tax = in_base(document.tax, rate)
    total = in_base(document.total, rate)
    first = next(iter(amounts.values()))
    first[0] += total - tax - sum(amount for amount, _ in amounts.values())
    control = books.chart[side.control]
    postings = [Posting(control, sign * total, sign * document.total, contact)]
    postings.extend(
        Posting(accounts[key], -sign * amount, -sign * foreign, contact)
        for key, (amount, foreign) in amounts.items()
    )
    if tax:
        account = books.chart["tax"]
        postings.append(Posting(account, -sign * tax, -sign * document.tax, contact))
    return postings


def edit_note(books: Books, moment: int, side: Side, document_id: str, note: str) -> None:
    document = side.document_log(books).get(document_id)
    if document is not None and document.status != "void":
        side.document_log(books).put(replace(document, note=note), moment)


def add_line(books: Books, moment: int, side: Side, document_id: str, line: Line) -> bool:
    """Add a line to a posted document in the base currency: it falls due again."""
    log = side.document_log(books)
    document = log.get(document_id)
    if (
        document is None
        or document.status in {"draft", "void"}
        or document.currency != books.profile.currency
    ):
        return False
    edited = replace(
        document,
        lines=(*document.lines, line),
        net=document.net + line.net,
        tax=document.tax + line.tax,
        due=document.due + line.net + line.tax,
        paid_on=None,
    )
    edited = replace(edited, status=status_of(side, edited))
    log.put(edited, moment)
    books.repost(moment, books.entry_of[document_id], document_postings(books, side, edited))
    books.open_documents.setdefault(edited.contact.id, {})[document_id] = None
    return True


def void(books: Books, moment: int, side: Side, document_id: str) -> bool:
    """Void an untouched document by a reversing entry; the document stays."""
    log = side.document_log(books)
    document = log.get(document_id)
    if document is None or document.status != side.open_status:
        return False
    log.put(replace(document, status="void", due=0), moment)
    books.reverse(moment, books.entry_of[document_id], f"Void of {document.number or 'bill'}")
    close(books, document)
    return True


def void_credit(books: Books, moment: int, side: Side, credit_id: str) -> None:
    """Void a credit that was not used."""
    log = side.credit_log(books)
    credit = log.get(credit_id)
    if credit is not None and credit.status == "submitted":
        log.put(replace(credit, status="void", due=0), moment)
        books.reverse(moment, books.entry_of[credit_id], f"Void of {credit.number}")
        close_credit(books, credit)


def delete(books: Books, moment: int, side: Side, document_id: str) -> bool:
    """Delete a document that nothing was settled with, and its entry too."""
    log = side.document_log(books)
    document = log.get(document_id)
    if document is None or document.status not in {"draft", side.open_status}:
        return False
    log.remove(document_id, moment)
    if document.status != "draft":
        books.unpost(moment, books.entry_of[document_id])
        close(books, document)
    return True


def close(books: Books, document: Document) -> None:
    books.open_documents.get(document.contact.id, {}).pop(document.id, None)


def close_credit(books: Books, credit: Document) -> None:
    books.open_credits.get(credit.contact.id, {}).pop(credit.id, None)


def credit_from(
    books: Books, moment: int, side: Side, document: Document, lines: tuple[Line, ...]
) -> Document:
    """Credit some lines of a document, at that document's exchange rate."""
    today = moments.day_of(moment)
    number = books.number(side.credit_kind, 101)
    credit = Document(
        id=books.new_id(side.credit_prefix),
        number=f"{'CN' if side.sign > 0 else 'SC'}-{number}",
        contact=document.contact,
        date=today,
        due_date=today,
        currency=document.currency,
        rate=document.rate,
        status="submitted",
        lines=lines,
        net=sum(line.net for line in lines),
        tax=sum(line.tax for line in lines),
        due=sum(line.net + line.tax for line in lines),
        note=f"Credit for {document.number or 'bill'}",
    )
    side.credit_log(books).put(credit, moment)
    books.post(
        moment,
        document_postings(books, side, credit, direction=-1),
        source=(side.credit_kind, credit.id),
        description=f"{credit.contact.name}: {credit.number}",
        currency=credit.currency,
    )
    if credit.due:
        books.open_credits.setdefault(credit.contact.id, {})[credit.id] = None
    return credit


def _next_number(books: Books, side: Side, document: Document) -> str | None:
    if side is PURCHASES:
        # Suppliers number their own bills, some not at all.
        if books.chance(0.03):
            return None
        return f"{document.contact.id[-3:]}/{books.rng.randint(1_000, 99_999)}"
    return f"INV-{books.number('invoice number', 1001)}"

"""What real books contain and importers trip over, planted on fixed days after the epoch."""

from collections.abc import Callable

from msgspec.structs import replace

from sandbox.ledger import documents, moments, trading
from sandbox.ledger.books import Books
from sandbox.ledger.moments import DAY, HOUR
from sandbox.ledger.profile import item_id
from sandbox.ledger.records import Contact, Line
from sandbox.ledger.sides import PURCHASES, SALES

LONG_INVOICE_LINES = 130
LONG_NOTE_LENGTH = 4_000
_EVERY_DAYS = 97
_ARCHIVING_DAY = 200


def plan_oddities(books: Books, day: int) -> None:
    """Plant each kind every few months, so that recent books have them as well."""
    start = moments.day_start(day) + 9 * HOUR
    plant = _ON_DAY.get((day - books.epoch) % _EVERY_DAYS)
    if plant is not None:
        books.at(start, plant)
    if day - books.epoch == _ARCHIVING_DAY:
        books.at(start, archive_records)


def invoice_nothing(books: Books, moment: int) -> None:
    line = _line(books, "Sample, free of charge", 0)
    _invoice(books, moment, _local_customer(books, 0), (line,))


def draft_to_forget(books: Books, moment: int) -> None:
    lines = (_line(books, "Angebot, unverbindlich", 12_000),)
    document = documents.make(books, moment, SALES, _local_customer(books, 6), lines)
    documents.keep_draft(books, moment, SALES, document)


def invoice_at_length(books: Books, moment: int) -> None:
    lines = tuple(
        _line(books, f"Gebäck & Kuchen №{number} — «täglich»", 100 + 7 * number)
        for number in range(1, LONG_INVOICE_LINES + 1)
    )
    _invoice(books, moment, _local_customer(books, 1), lines)


def annotate_at_length(books: Books, moment: int) -> None:
    words = "Liefern bis 7 Uhr, Schlüssel beim Nachbarn; ☕ zuerst. "
    note = (words * (LONG_NOTE_LENGTH // len(words) + 1))[:LONG_NOTE_LENGTH]
    document_id = _invoice(
        books, moment, _local_customer(books, 2), (_line(books, "Röstung", 900),)
    )
    books.at(moment + HOUR, documents.edit_note, SALES, document_id, note)


def invoice_to_void(books: Books, moment: int) -> None:
    line = _line(books, "Falsche Bestellung", 45_000)
    document_id = _invoice(books, moment, _local_customer(books, 3), (line,))
    books.at(moment + 3 * HOUR, documents.void, SALES, document_id)


def invoice_to_change_after_payment(books: Books, moment: int) -> None:
    line = _line(books, "Catering", 64_000)
    document_id = _invoice(books, moment, _local_customer(books, 4), (line,))
    books.at(moment + 5 * DAY, trading.pay_document, SALES, document_id)
    books.at(moment + 9 * DAY, trading.charge_more, SALES, document_id)


def bill_to_delete(books: Books, moment: int) -> None:
    contact = books.suppliers.get(books.supplier_pool["utilities"][0])
    if contact is None:
        return
    lines = trading.purchase_lines(books, contact, 12_345)
    document = documents.make(books, moment, PURCHASES, contact, lines)
    document = documents.submit(books, moment, PURCHASES, document)
    books.at(moment + 4 * HOUR, documents.delete, PURCHASES, document.id)


def rename_customer(books: Books, moment: int) -> None:
    """Rename somebody: documents keep the name they were made out to."""
    contact = _local_customer(books, 5)
    name = contact.name.removesuffix(" (vormals)")
    changed = name if name != contact.name else f"{name} (vormals)"
    books.customers.put(replace(contact, name=changed), moment)


def archive_records(books: Books, moment: int) -> None:
    supplier = books.suppliers.get(books.supplier_pool["marketing"].pop())
    if supplier is not None:
        books.suppliers.put(replace(supplier, status="archived"), moment)
    item = books.items.get(item_id(books.catalog.pop()))
    if item is not None:
        books.items.put(replace(item, status="archived"), moment)


def _line(books: Books, description: str, price: int) -> Line:
    return documents.make_line(
        books,
        description=description,
        quantity=100,
        unit_price=price,
        account=books.chart["sundry"],
        tax_rate_id=books.tax_by_code[books.profile.default_tax].id,
    )


def _local_customer(books: Books, place: int) -> Contact:
    found = [
        contact
        for contact in map(books.customers.get, books.customer_pool)
        if contact is not None and contact.currency == books.profile.currency
    ]
    return found[place % len(found)]


def _invoice(books: Books, moment: int, contact: Contact, lines: tuple[Line, ...]) -> str:
    document = documents.make(books, moment, SALES, contact, lines)
    document = documents.submit(books, moment, SALES, document)
    return document.id


_ON_DAY: dict[int, Callable[[Books, int], None]] = {
    20: invoice_nothing,
    25: draft_to_forget,
    30: invoice_at_length,
    40: annotate_at_length,
    50: invoice_to_void,
    60: invoice_to_change_after_payment,
    70: bill_to_delete,
    80: rename_customer,
}

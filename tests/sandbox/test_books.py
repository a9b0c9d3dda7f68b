"""What must hold in any books, at any moment."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from random import Random

import pytest

from sandbox.ledger import moments
from sandbox.ledger.books import Books
from sandbox.ledger.history import Log
from sandbox.ledger.money import in_base
from sandbox.ledger.oddities import LONG_INVOICE_LINES, LONG_NOTE_LENGTH
from sandbox.ledger.records import Document, Entry, Payment, Record
from sandbox.ledger.sides import PURCHASES, SALES, Side
from sandbox.views import collections
from tests.sandbox.conftest import EPOCH, NOON

#: Projects are seen through their customers.
LOGS = [name for name in collections.NAMES if name != "projects"]


def existing[R: Record](log: Log[R], moment: int) -> Iterator[R]:
    for revision in log.as_of(moment):
        assert revision.record is not None
        yield revision.record


def some_moments(books: Books) -> list[int]:
    """Draw moments at which something changed, with the present among them."""
    revisions = books.journal_entries.revisions(0, books.journal_entries.position(NOON))
    drawn = Random(5).sample([revision.moment for revision in revisions], 8)
    return [*drawn, NOON]


def open_items(books: Books, side: Side, moment: int) -> int:
    """Sum in the base currency what is owed, less what credits and payments have left."""
    owed = sum(
        in_base(document.due, document.rate)
        for document in existing(side.document_log(books), moment)
        if document.status in {side.open_status, "part_paid"}
    )
    credit = sum(
        in_base(document.due, document.rate)
        for document in existing(side.credit_log(books), moment)
    )
    on_account = sum(
        in_base(payment.unapplied, payment.rate)
        for payment in existing(side.payment_log(books), moment)
    )
    return owed - credit - on_account


def test_every_entry_balances(books: Books):
    for entry in existing(books.journal_entries, NOON):
        assert len(entry.postings) >= 2
        assert sum(posting.amount for posting in entry.postings) == 0


def test_sums_of_the_ledger_are_the_sums_of_its_entries(books: Books):
    for moment in some_moments(books)[-3:]:
        sums = books.totals.at(books.journal_entries.position(moment))
        added: Counter[str] = Counter()
        for entry in existing(books.journal_entries, moment):
            for posting in entry.postings:
                added[posting.account.id] += posting.amount
        assert {key: amount for key, amount in sums.balances.items() if amount} == {
            key: amount for key, amount in added.items() if amount
        }


@pytest.mark.parametrize("side", [SALES, PURCHASES], ids=["receivable", "payable"])
def test_control_account_is_the_sum_of_open_items(books: Books, side: Side):
    for moment in some_moments(books):
        sums = books.totals.at(books.journal_entries.position(moment))
        control = side.sign * sums.balances[books.chart[side.control].id]

        assert control == open_items(books, side, moment)
        assert control != 0


def test_bank_ledger_is_the_statements_closing_balance(books: Books):
    for moment in some_moments(books):
        sums = books.totals.at(books.journal_entries.position(moment))
        statement: dict[str, int] = {}
        added: Counter[str] = Counter()
        for line in sorted(existing(books.bank_transactions, moment), key=lambda line: line.id):
            added[line.bank_account_id] += line.amount
            statement[line.bank_account_id] = line.balance
            assert line.balance == added[line.bank_account_id]
        assert statement.keys() == {books.chart[role].id for role in ("bank", "savings", "card")}
        for account_id, closing in statement.items():
            assert sums.balances[account_id] == closing


def test_documents_add_up(books: Books):
    for side in (SALES, PURCHASES):
        for document in existing(side.document_log(books), NOON):
            assert document.net == sum(line.net for line in document.lines)
            assert document.tax == sum(line.tax for line in document.lines)
            settled = sum(allocation.amount for allocation in document.allocations)
            if document.status not in {"draft", "void"}:
                assert document.due == document.total - settled
            assert (document.paid_on is not None) == (document.status == "paid")
        for credit in existing(side.credit_log(books), NOON):
            used = sum(allocation.amount for allocation in credit.allocations)
            assert credit.due == (0 if credit.status == "void" else credit.total - used)


def test_allocations_are_told_the_same_from_both_sides(books: Books):
    for side in (SALES, PURCHASES):
        by_document: defaultdict[tuple[str, str], int] = defaultdict(int)
        for document in existing(side.document_log(books), NOON):
            for allocation in document.allocations:
                by_document[document.id, allocation.counterpart_id] += allocation.amount
        by_counterpart: defaultdict[tuple[str, str], int] = defaultdict(int)
        for payment in existing(side.payment_log(books), NOON):
            for application in payment.applied:
                by_counterpart[application.document_id, payment.id] += application.amount
        for credit in existing(side.credit_log(books), NOON):
            for allocation in credit.allocations:
                by_counterpart[allocation.counterpart_id, credit.id] += allocation.amount
        assert by_document == by_counterpart


def test_every_posted_document_has_its_entry(books: Books):
    sources = {entry.source_id for entry in existing(books.journal_entries, NOON)}
    for side in (SALES, PURCHASES):
        for document in existing(side.document_log(books), NOON):
            posted = document.status != "draft" and document.total != 0
            assert (document.id in sources) == posted
        for payment in existing(side.payment_log(books), NOON):
            assert payment.id in sources


def test_revisions_are_in_order_and_not_before_the_epoch(books: Books):
    start = moments.day_start(EPOCH.toordinal())
    for name in LOGS:
        log: Log[Document | Payment | Entry] = getattr(books, name)
        order = [revision.moment for revision in log.revisions(0, len(log))]
        assert order == sorted(order)
        assert order[0] >= start


def test_each_business_has_the_size_it_promises(books_of: Callable[[str], Books]):
    def documents(key: str) -> int:
        books = books_of(key)
        return sum(
            len(getattr(books, name).as_of(NOON))
            for name in ("invoices", "bills", "payments", "bill_payments")
        )

    assert 400 <= documents("small") <= 2_000
    assert documents("busy") >= 20_000
    assert 1_000 <= documents("awkward") <= 5_000


def test_few_customers_make_most_of_the_sales(books: Books):
    sold: Counter[str] = Counter()
    for invoice in existing(books.invoices, NOON):
        sold[invoice.contact.id] += in_base(invoice.net, invoice.rate)
    largest = sum(amount for _, amount in sold.most_common(len(sold) // 5))

    assert largest > 0.5 * sold.total()


def test_all_kinds_of_records_and_endings_occur(books: Books):
    for name in LOGS:
        assert getattr(books, name).as_of(NOON), name
    assert statuses_over_time(books.invoices) == {
        "draft",
        "submitted",
        "part_paid",
        "paid",
        "void",
    }
    assert statuses_over_time(books.bills) >= {"draft", "open", "part_paid", "paid"}
    assert statuses_over_time(books.credit_notes) >= {"submitted", "used"}
    assert any(revision.record is None for revision in books.invoices.changes(0, NOON))
    assert any(revision.record is None for revision in books.journal_entries.changes(0, NOON))
    kinds = {entry.source_kind for entry in existing(books.journal_entries, NOON)}
    assert kinds >= {"invoice", "bill", "payment", "bill_payment", "credit_note", "bank", "payroll"}


def statuses_over_time(log: Log[Document]) -> set[str]:
    revisions = log.revisions(0, log.position(NOON))
    return {revision.record.status for revision in revisions if revision.record is not None}


def test_tax_is_settled_regularly(books: Books):
    settled = [
        entry.date
        for entry in existing(books.journal_entries, NOON)
        if entry.description == books.profile.tax_authority
    ]

    assert len(settled) >= 24 // books.profile.tax_period - 1


def test_awkward_books_have_what_importers_trip_over(books_of: Callable[[str], Books]):
    books = books_of("awkward")
    invoices = list(existing(books.invoices, NOON))
    names = [contact.name for contact in existing(books.customers, NOON)]

    assert max(len(invoice.lines) for invoice in invoices) >= LONG_INVOICE_LINES > 120
    assert max(len(invoice.note or "") for invoice in invoices) == LONG_NOTE_LENGTH
    assert any(invoice.total == 0 and invoice.status == "paid" for invoice in invoices)
    assert {invoice.currency for invoice in invoices} == {"EUR", "USD", "GBP"}
    assert max(Counter(names).values()) > 1
    statuses = {invoice.status for invoice in invoices}
    assert statuses == {"draft", "submitted", "part_paid", "paid", "void"}
    assert any(credit.status == "void" for credit in existing(books.credit_notes, NOON))
    assert any(name.startswith("<script>") for name in names)
    assert {"مقهى النخيل", "🥐 Croissanterie 🥖"} <= set(names)
    assert any(account.code is None for account in existing(books.accounts, NOON))
    assert any(account.status == "archived" for account in existing(books.accounts, NOON))
    assert any(contact.status == "archived" for contact in existing(books.suppliers, NOON))
    assert any(item.status == "archived" for item in existing(books.items, NOON))
    exchange = books.chart["exchange"].id
    assert books.totals.at(books.journal_entries.position(NOON)).balances[exchange] != 0
    assert edited_after_payment(books)


def edited_after_payment(books: Books) -> list[str]:
    paid: dict[str, int] = {}
    edited = []
    for revision in books.invoices.revisions(0, books.invoices.position(NOON)):
        invoice = revision.record
        if invoice is None or invoice.status == "draft":
            continue
        if revision.id in paid and invoice.total > paid[revision.id]:
            edited.append(revision.id)
        if invoice.status == "paid":
            paid[revision.id] = invoice.total
    return edited

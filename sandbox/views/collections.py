"""Every collection by name: which revisions it has at a moment, and how one is shown."""

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from sandbox.ledger import moments
from sandbox.ledger.books import Books
from sandbox.ledger.history import Log, Revision
from sandbox.ledger.records import Account, BankAccount, Record
from sandbox.ledger.totals import Sums
from sandbox.views import extras, parties, postings, projects

type Body = dict[str, object]


class Row(msgspec.Struct, frozen=True):
    """One record to serve; `body` is empty for a deleted one."""

    id: str
    updated_at: int
    deleted: bool
    body: Body


class Selection(msgspec.Struct, frozen=True):
    total: int
    rows: list[Row]


type Select = Callable[[Books, int | None, int, int, int], Selection]


def select(
    books: Books,
    name: str,
    *,
    since: int | None,
    as_of: int,
    page: int,
    page_size: int,
    fields: Sequence[str] = (),
    shift: int = 0,
) -> Selection:
    """Show one page of what there is as of a moment, or of what changed since another.

    `fields` are wanted beside the usual ones. The page begins `shift` rows early.
    """
    start, stop = (page - 1) * page_size - shift, page * page_size - shift
    found = _SELECT[name](books, since, as_of, start, stop)
    if not fields:
        return found
    rows = [
        row
        if row.deleted
        else msgspec.structs.replace(row, body=extras.added(name, row.id, row.body, fields))
        for row in found.rows
    ]
    return Selection(found.total, rows)


def _plain[R: Record](log: Callable[[Books], Log[R]], show: Callable[[R], Body]) -> Select:
    def run(books: Books, since: int | None, as_of: int, start: int, stop: int) -> Selection:
        found = _revisions(log(books), since, as_of)
        return Selection(len(found), [_row(revision, show) for revision in found[start:stop]])

    return run


def _with_balance[R: (Account, BankAccount)](
    log: Callable[[Books], Log[R]], show: Callable[[R, Sums], Body]
) -> Select:
    """Show records whose balance is part of them: each posting is a change of the record."""

    def run(books: Books, since: int | None, as_of: int, start: int, stop: int) -> Selection:
        sums = books.totals.at(books.journal_entries.position(as_of))
        found = [
            msgspec.structs.replace(
                revision, moment=max(revision.moment, sums.touched.get(revision.id, 0))
            )
            for revision in log(books).as_of(as_of)
        ]
        found = [revision for revision in found if since is None or revision.moment > since]
        found.sort(key=lambda revision: (revision.moment, revision.id))
        rows = [_row(each, lambda record: show(record, sums)) for each in found[start:stop]]
        return Selection(len(found), rows)

    return run


def _projects(books: Books, since: int | None, as_of: int, start: int, stop: int) -> Selection:
    """Show projects, which change whenever their customer does."""
    found = [each for each in _revisions(books.customers, since, as_of) if projects.has_one(each)]
    rows = [
        _row(
            msgspec.structs.replace(each, id=projects.key_of(each.id)),
            partial(projects.project, created=each.created),
        )
        for each in found[start:stop]
    ]
    return Selection(len(found), rows)


def _revisions[R: Record](log: Log[R], since: int | None, as_of: int) -> list[Revision[R]]:
    return log.as_of(as_of) if since is None else log.changes(since, as_of)


def _row[R: Record](revision: Revision[R], show: Callable[[R], Body]) -> Row:
    if revision.record is None:
        return Row(
            revision.id,
            revision.moment,
            deleted=True,
            body={"id": revision.id, "deleted": True, "updated_at": moments.text(revision.moment)},
        )
    return Row(
        revision.id,
        revision.moment,
        deleted=False,
        body={
            "id": revision.id,
            "created_at": moments.text(revision.created),
            "updated_at": moments.text(revision.moment),
            **show(revision.record),
        },
    )


_SELECT: dict[str, Select] = {
    "accounts": _with_balance(lambda books: books.accounts, parties.account),
    "bank_accounts": _with_balance(lambda books: books.bank_accounts, parties.bank_account),
    "customers": _plain(lambda books: books.customers, parties.contact),
    "suppliers": _plain(lambda books: books.suppliers, parties.contact),
    "items": _plain(lambda books: books.items, parties.item),
    "tax_rates": _plain(lambda books: books.tax_rates, parties.tax_rate),
    "invoices": _plain(lambda books: books.invoices, postings.invoice),
    "bills": _plain(lambda books: books.bills, postings.bill),
    "credit_notes": _plain(lambda books: books.credit_notes, postings.credit_note),
    "supplier_credits": _plain(lambda books: books.supplier_credits, postings.supplier_credit),
    "payments": _plain(lambda books: books.payments, postings.payment),
    "bill_payments": _plain(lambda books: books.bill_payments, postings.bill_payment),
    "journal_entries": _plain(lambda books: books.journal_entries, postings.entry),
    "bank_transactions": _plain(lambda books: books.bank_transactions, postings.bank_line),
    "projects": _projects,
}

NAMES = tuple(_SELECT)

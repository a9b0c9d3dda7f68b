"""The ledger for plain-text accounting tools: every entry, straight from the postings."""

from sandbox.ledger import moments
from sandbox.ledger.books import Books
from sandbox.ledger.chart import plain_text_name
from sandbox.ledger.money import text

type Body = dict[str, object]


def journal(books: Books, as_of: int, first: int | None, last: int | None) -> list[Body]:
    """List entries dated within the days, oldest first."""
    names = {account.id: plain_text_name(account) for account in books.chart.values()}
    entries = [
        revision.record
        for revision in books.journal_entries.as_of(as_of)
        if revision.record is not None
    ]
    entries.sort(key=lambda entry: (entry.date, entry.id))
    return [
        {
            "date": moments.date_text(entry.date),
            "ref": entry.id,
            "lines": [
                {"account": names[posting.account.id], "amount": text(posting.amount)}
                for posting in entry.postings
            ],
        }
        for entry in entries
        if (first is None or entry.date >= first) and (last is None or entry.date <= last)
    ]

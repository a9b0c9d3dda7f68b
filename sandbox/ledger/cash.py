"""Money moved without a document: each movement is an entry and the bank lines it shows as."""

from sandbox.ledger.books import Books
from sandbox.ledger.records import Posting

type Amounts = dict[str, int]


def enter(
    books: Books,
    moment: int,
    amounts: Amounts,
    description: str,
    *,
    source: str = "manual",
    kind: str = "other",
    day: int | None = None,
) -> None:
    """Post debits by account role, with a bank line for each bank account or card among them."""
    postings = [
        Posting(books.chart[role], amount, amount, None, description)
        for role, amount in amounts.items()
        if amount
    ]
    lines = [
        books.bank_line(moment, posting.account, posting.amount, description, kind)
        for posting in postings
        if posting.account.is_bank
    ]
    books.post(
        moment,
        postings,
        source=(source, lines[0] if lines and source == "bank" else None),
        description=description,
        day=day,
    )


def transfer(
    books: Books,
    moment: int,
    amount: int,
    *,
    giver: str,
    taker: str,
    description: str,
    kind: str = "transfer",
) -> None:
    if amount > 0:
        amounts = {taker: amount, giver: -amount}
        enter(books, moment, amounts, description, source="bank", kind=kind)

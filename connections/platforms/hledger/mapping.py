"""From hledger's words to ours."""

from decimal import Decimal

from connections.platforms.hledger import wire
from connections.platforms.hledger.journal import Journal, Posted, currency_code
from connections.schemas import Account, JournalEntry
from connections.schemas.base import AccountRef
from connections.schemas.ledger import JournalLine

#: Accounts whose balance is usually a credit.
CREDIT_TYPES = frozenset({"Liability", "Equity", "Income"})


def account(name: str, journal: Journal, balance: Decimal) -> Account:
    kind = journal.account_type(name)
    return Account(
        id=name,
        name=name.rpartition(":")[2],
        fully_qualified_category=kind,
        fully_qualified_name=name.replace(":", "."),
        currency=journal.currency,
        current_balance=natural(kind, balance),
        type=kind,
        status="Active",
        is_bank_account=journal.is_cash(name),
    )


def journal_entry(transaction: wire.Transaction, journal: Journal, entry_id: str) -> JournalEntry:
    """:raises ValueError: when it cannot be told in the journal's currency, or does not balance."""
    lines = tuple(_line(posted, journal) for posted in journal.posted(transaction))
    words = [transaction.tcode and f"({transaction.tcode})", transaction.tdescription]
    return JournalEntry(
        id=entry_id,
        description=" ".join(filter(None, words)) or None,
        posted_on=transaction.tdate,
        journal_lines=lines,
    )


def natural(kind: str, amount: Decimal) -> Decimal:
    """Turn net debits into an amount that is positive on the account's usual side."""
    return -amount if kind in CREDIT_TYPES and amount else amount


def _line(posted: Posted, journal: Journal) -> JournalLine:
    posting = posted.posting
    foreign = posting.pamount[0] if len(posting.pamount) == 1 else None
    if foreign is not None and foreign.acommodity == journal.commodity:
        foreign = None
    return JournalLine(
        description=posting.pcomment.strip() or None,
        net_amount=posted.amount,
        currency=journal.currency,
        transaction_amount=foreign.aquantity.value if foreign else None,
        transaction_currency=currency_code(foreign.acommodity) if foreign else None,
        account_ref=AccountRef(id=posting.paccount, name=posting.paccount.rpartition(":")[2]),
    )

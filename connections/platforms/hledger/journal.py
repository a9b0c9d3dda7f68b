"""A journal as we understand it: real postings at cost, in one currency, to typed accounts."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from connections.platforms.hledger import wire
from connections.schemas.ledger import AccountType

# https://hledger.org/1.25/hledger.html#account-types
_BY_TAG: dict[str, AccountType] = {
    "a": "Asset", "asset": "Asset", "c": "Asset", "cash": "Asset",
    "l": "Liability", "liability": "Liability",
    "e": "Equity", "equity": "Equity", "v": "Equity", "conversion": "Equity",
    "r": "Income", "revenue": "Income",
    "x": "Expense", "expense": "Expense",
}  # fmt: skip
_BY_NAME: tuple[tuple[str, AccountType], ...] = (
    (r"assets?(:|$)", "Asset"),
    (r"(debts?|liabilit(y|ies))(:|$)", "Liability"),
    (r"equity(:|$)", "Equity"),
    (r"(income|revenue)s?(:|$)", "Income"),
    (r"expenses?(:|$)", "Expense"),
)
_CASH_TAGS = frozenset({"c", "cash"})
_CASH = re.compile(
    r"assets?(:.+)?:(cash|bank|che(ck|que?)(ing)?|savings?|current)(:|$)", re.IGNORECASE
)
_ROUNDING = Decimal("0.005")
_SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₣": "CHF", "zł": "PLN"}


class NotInOneCurrency(ValueError):
    """An amount has no price in the journal's own currency."""


class DoesNotBalance(ValueError):
    """The real postings of an entry do not add up to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A real posting at cost, in the journal's currency; debits are positive."""

    posting: wire.Posting
    amount: Decimal


def currency_code(commodity: str) -> str | None:
    """Return the ISO code of a currency's symbol or name; other commodities have none."""
    name = commodity.strip('" ')
    return _SYMBOLS.get(name) or (name if re.fullmatch(r"[A-Z]{3}", name) else None)


def real_postings(transaction: wire.Transaction) -> list[wire.Posting]:
    """Leave out the virtual ones, as `hledger --real` does: they are budgets and the like."""
    return [each for each in transaction.tpostings if each.ptype == "RegularPosting"]


def at_cost(amount: wire.Amount) -> tuple[str, Decimal]:
    """Return an amount in what was paid for it, where a price is given."""
    quantity = amount.aquantity.value
    if amount.aprice is None:
        return amount.acommodity, quantity
    price = amount.aprice.contents
    if amount.aprice.tag == "UnitPrice":
        return price.acommodity, quantity * price.aquantity.value
    return price.acommodity, price.aquantity.value.copy_sign(quantity)


def source_id(transaction: wire.Transaction) -> str:
    """Name an entry by what it says: its place in the file shifts with every line above it."""
    said = [transaction.tdate.isoformat(), transaction.tcode, transaction.tdescription]
    for posting in real_postings(transaction):
        amounts = [f"{amount.acommodity}{amount.aquantity.value}" for amount in posting.pamount]
        said += [posting.paccount, *amounts]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:24]


class Journal:
    """All transactions of a file and what follows from them together."""

    def __init__(self, transactions: Iterable[wire.Transaction]) -> None:
        self.transactions = sorted(transactions, key=lambda each: (each.tdate, each.tindex))
        self.commodity = self._most_used()
        self._declared = dict(
            declared for each in self.transactions for declared in _declarations(each)
        )

    @property
    def currency(self) -> str | None:
        return currency_code(self.commodity)

    def account_type(self, account: str) -> AccountType:
        """Say what an account is: as declared for it or an account above it, else by its name."""
        declared = self._declared_type(account)
        if declared in _BY_TAG:
            return _BY_TAG[declared]
        kinds = (kind for pattern, kind in _BY_NAME if re.match(pattern, account, re.IGNORECASE))
        return next(kinds, "Unknown")

    def is_cash(self, account: str) -> bool:
        declared = self._declared_type(account)
        return declared in _CASH_TAGS if declared else bool(_CASH.match(account))

    def posted(self, transaction: wire.Transaction) -> list[Posted]:
        """Return the real postings, which add up to nothing.

        :raises NotInOneCurrency: when one is in another commodity and has no price in ours.
        :raises DoesNotBalance: when they do not add up, as where the rest is in virtual postings.
        """
        postings = real_postings(transaction)
        amounts = [self._amount(posting) for posting in postings]
        rest = sum(amounts, Decimal())
        priced = [place for place, each in enumerate(postings) if _has_price(each)]
        if rest and priced and abs(rest) < _ROUNDING:
            # A price that hledger inferred has ten digits; what it lacks is no difference.
            amounts[priced[0]] -= rest
        elif rest:
            raise DoesNotBalance("Its real postings do not balance in the journal's currency.")
        return [
            Posted(posting=posting, amount=amount)
            for posting, amount in zip(postings, amounts, strict=True)
        ]

    def readable(self) -> Iterator[tuple[wire.Transaction, list[Posted]]]:
        """Yield the entries that can be told, oldest first; `posted` says why others cannot."""
        for transaction in self.transactions:
            with suppress(NotInOneCurrency, DoesNotBalance):
                yield transaction, self.posted(transaction)

    def balances(self) -> dict[str, Decimal]:
        """Add up each account's postings; debits are positive."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for _, entry in self.readable():
            for posted in entry:
                sums[posted.posting.paccount] += posted.amount
        return sums

    def _amount(self, posting: wire.Posting) -> Decimal:
        total = Decimal()
        for amount in posting.pamount:
            commodity, value = at_cost(amount)
            if commodity != self.commodity and value:
                raise NotInOneCurrency(
                    f"{posting.paccount} is posted to in {commodity or 'no currency'} without a "
                    f"price in {self.commodity or 'the currency of the journal'}."
                )
            total += value
        return total

    def _declared_type(self, account: str) -> str:
        parts = account.split(":")
        above = (":".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((self._declared[name] for name in above if name in self._declared), "")

    def _most_used(self) -> str:
        used = Counter(
            at_cost(amount)[0]
            for transaction in self.transactions
            for posting in real_postings(transaction)
            for amount in posting.pamount
        )
        if not used:
            return ""
        return max(used, key=lambda name: (used[name], currency_code(name) is not None, name))


def _declarations(transaction: wire.Transaction) -> Iterator[tuple[str, str]]:
    """Yield the types that accounts were declared with, which postings inherit as tags.

    A tag written at the posting or its transaction looks the same there and says nothing of the
    account: such postings are passed over.
    """
    for posting in transaction.tpostings:
        if "type:" in posting.pcomment or "type:" in transaction.tcomment:
            continue
        for name, value in posting.ptags:
            if name == "type":
                yield posting.paccount, value.strip().lower()


def _has_price(posting: wire.Posting) -> bool:
    return any(amount.aprice for amount in posting.pamount)

"""One business's books: the logs, the ledger, and the clockwork that adds one day after another.

The books depend on the business and the epoch only. Each day draws from its own seeded generator
and only appends revisions with moments of that day, so the past stays as it was.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from datetime import date
from random import Random
from threading import Lock
from typing import Concatenate

import msgspec

from sandbox.ledger import moments, money
from sandbox.ledger.chart import open_accounts
from sandbox.ledger.history import Log
from sandbox.ledger.profile import Profile
from sandbox.ledger.records import (
    Account,
    BankAccount,
    BankLine,
    Contact,
    Document,
    Entry,
    Item,
    Payment,
    Posting,
    TaxRate,
)
from sandbox.ledger.totals import Totals

HISTORY_MONTHS = 26

type Scheduled = tuple[int, int, Callable[[], None]]


class Books:
    def __init__(
        self, profile: Profile, epoch: date, begin_day: Callable[[Books, int], None]
    ) -> None:
        self.profile = profile
        self.epoch = epoch.toordinal()
        self.live_from = moments.month_start(moments.month_of(self.epoch) + HISTORY_MONTHS)
        self.accounts = Log[Account]()
        self.tax_rates = Log[TaxRate]()
        self.items = Log[Item]()
        self.customers = Log[Contact]()
        self.suppliers = Log[Contact]()
        self.invoices = Log[Document]()
        self.bills = Log[Document]()
        self.credit_notes = Log[Document]()
        self.supplier_credits = Log[Document]()
        self.payments = Log[Payment]()
        self.bill_payments = Log[Payment]()
        self.journal_entries = Log[Entry]()
        self.bank_accounts = Log[BankAccount]()
        self.bank_transactions = Log[BankLine]()
        self.totals = Totals()
        self.chart = open_accounts(profile.currency, profile.account_names, profile.extra_accounts)
        self.tax_by_code = {rate.code: rate for rate in profile.tax_rates}
        self.tax_by_id = {rate.id: rate for rate in profile.tax_rates}
        self.rng = Random(profile.key)
        self.day = self.epoch - 1
        # Who can be drawn for the next document, with the weights that make few of them large.
        self.customer_pool: list[str] = []
        self.customer_weights: list[float] = []
        self.supplier_pool: dict[str, list[str]] = {}
        self.open_documents: dict[str, dict[str, None]] = {}
        self.open_credits: dict[str, dict[str, None]] = {}
        self.catalog = list(profile.items)
        self.entry_of: dict[str, str] = {}
        self.unreconciled: list[str] = []
        self.loan_left = 0
        self._begin_day = begin_day
        self._bank_balances: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._queue: list[Scheduled] = []
        self._sequence = 0
        self._lock = Lock()

    def advance_to(self, moment: int) -> None:
        """Make sure that everything up to the end of the moment's day is there."""
        day = moments.day_of(moment)
        if day <= self.day:
            return
        with self._lock:
            while self.day < day:
                self._add_day(self.day + 1)

    def at[**P](
        self,
        moment: int,
        action: Callable[Concatenate[Books, int, P], object],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Have the action happen then, with the books and the moment as its first arguments."""
        self._sequence += 1

        def run() -> None:
            action(self, moment, *args, **kwargs)

        heapq.heappush(self._queue, (moment, self._sequence, run))

    def number(self, kind: str, start: int = 1) -> int:
        self._numbers[kind] = self._numbers.get(kind, start - 1) + 1
        return self._numbers[kind]

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{self.number(prefix):06d}"

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def moment_within(self, day: int, first_hour: float, last_hour: float) -> int:
        hour = self.rng.uniform(first_hour, last_hour)
        return moments.day_start(day) + int(hour * moments.HOUR)

    def rate(self, currency: str, day: int) -> int:
        """Tell what one unit of the currency is worth in the base currency."""
        if currency == self.profile.currency:
            return money.RATE_ONE
        wave = 0.04 * math.sin(day / 97) + 0.012 * math.sin(day / 13 + len(currency))
        return round(self.profile.foreign[currency] * (1 + wave) * money.RATE_ONE)

    def post(
        self,
        moment: int,
        postings: list[Posting],
        *,
        source: tuple[str, str | None],
        description: str,
        currency: str | None = None,
        day: int | None = None,
    ) -> Entry | None:
        """Enter a balanced entry; one without any amount is not entered."""
        kept = tuple(posting for posting in postings if posting.amount)
        if not kept:
            return None
        entry = Entry(
            id=self.new_id("jnl"),
            date=moments.day_of(moment) if day is None else day,
            description=description,
            currency=currency or self.profile.currency,
            source_kind=source[0],
            source_id=source[1],
            postings=kept,
        )
        self._enter(None, entry, moment)
        if source[1] is not None:
            self.entry_of[source[1]] = entry.id
        return entry

    def repost(self, moment: int, entry_id: str, postings: list[Posting]) -> None:
        """Replace an entry's postings, because its document was edited."""
        old = self.journal_entries.current[entry_id].record
        if old is None:
            raise LookupError(entry_id)
        kept = tuple(posting for posting in postings if posting.amount)
        self._enter(old, msgspec.structs.replace(old, postings=kept), moment)

    def reverse(self, moment: int, entry_id: str, description: str) -> None:
        entry = self.journal_entries.current[entry_id].record
        if entry is None:
            raise LookupError(entry_id)
        reversal = msgspec.structs.replace(
            entry,
            id=self.new_id("jnl"),
            date=moments.day_of(moment),
            description=description,
            postings=tuple(
                msgspec.structs.replace(
                    posting,
                    amount=-posting.amount,
                    transaction_amount=-posting.transaction_amount,
                )
                for posting in entry.postings
            ),
        )
        self._enter(None, reversal, moment)

    def unpost(self, moment: int, entry_id: str) -> None:
        entry = self.journal_entries.current[entry_id].record
        self.totals.apply(entry, None, moment)
        self.journal_entries.remove(entry_id, moment)

    def bank_line(
        self, moment: int, account: Account, amount: int, description: str, kind: str
    ) -> str:
        """Add a line to the statement of a bank account or card; return its id."""
        balance = self._bank_balances.get(account.id, 0) + amount
        self._bank_balances[account.id] = balance
        line = BankLine(
            self.new_id("btx"),
            account.id,
            moments.day_of(moment),
            description,
            amount,
            balance,
            kind,
            False,  # noqa: FBT003 - positional like the others, for speed
        )
        self.bank_transactions.put(line, moment)
        self.unreconciled.append(line.id)
        return line.id

    def balance(self, role: str) -> int:
        """Tell an account's net debit now."""
        return self.totals.live.balances[self.chart[role].id]

    def _enter(self, old: Entry | None, new: Entry, moment: int) -> None:
        if sum(posting.amount for posting in new.postings):
            raise ArithmeticError(f"{new.description} does not balance")
        self.totals.apply(old, new, moment)
        self.journal_entries.put(new, moment)

    def _add_day(self, day: int) -> None:
        self.rng.seed(f"{self.profile.key}|{self.epoch}|{day}")
        self._begin_day(self, day)
        end = moments.day_start(day + 1)
        while self._queue and self._queue[0][0] < end:
            heapq.heappop(self._queue)[2]()
        self.day = day

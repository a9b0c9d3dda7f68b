"""Running totals of the ledger per account and month, as of any number of entry revisions."""

from collections import OrderedDict, defaultdict
from threading import Lock
from typing import Self

from sandbox.ledger.moments import month_of
from sandbox.ledger.records import Entry

Cell = tuple[str, int]

_CHECKPOINT_EVERY = 1_000
_STATES_KEPT = 6


class Sums:
    """Net debits, and net cash received by counter-account, per (account id, month)."""

    def __init__(self) -> None:
        self.ledger: defaultdict[Cell, int] = defaultdict(int)
        self.cash: defaultdict[Cell, int] = defaultdict(int)
        self.balances: defaultdict[str, int] = defaultdict(int)
        self.touched: dict[str, int] = {}

    def copy(self) -> Self:
        other = type(self)()
        other.ledger = self.ledger.copy()
        other.cash = self.cash.copy()
        other.balances = self.balances.copy()
        other.touched = self.touched.copy()
        return other

    def add(self, entry: Entry, factor: int, moment: int) -> None:
        month = month_of(entry.date)
        received = 0
        for posting in entry.postings:
            account_id = posting.account.id
            amount = factor * posting.amount
            self.ledger[account_id, month] += amount
            self.balances[account_id] += amount
            self.touched[account_id] = moment
            if posting.account.type == "bank":
                received += amount
        if received:
            self._add_cash(entry, factor, month)

    def _add_cash(self, entry: Entry, factor: int, month: int) -> None:
        counters = [posting for posting in entry.postings if posting.account.type != "bank"]
        main = counters[0].account.id
        for posting in counters:
            # An exchange difference is part of what was paid or received, not a flow of its own.
            account_id = main if posting.account.role == "exchange" else posting.account.id
            self.cash[account_id, month] -= factor * posting.amount


class Totals:
    """Follows the log of entries; earlier states come from the checkpoint before them."""

    def __init__(self) -> None:
        self.live = Sums()
        self._changes: list[tuple[Entry | None, Entry | None, int]] = []
        self._checkpoints: list[Sums] = [Sums()]
        self._kept: OrderedDict[int, Sums] = OrderedDict()
        self._lock = Lock()

    def apply(self, old: Entry | None, new: Entry | None, moment: int) -> None:
        _apply(self.live, old, new, moment)
        self._changes.append((old, new, moment))
        if len(self._changes) % _CHECKPOINT_EVERY == 0:
            self._checkpoints.append(self.live.copy())

    def at(self, position: int) -> Sums:
        """Sum what the first so many revisions of entries left; not to be changed."""
        with self._lock:
            sums = self._kept.pop(position, None) or self._sum(position)
            self._kept[position] = sums
            if len(self._kept) > _STATES_KEPT:
                self._kept.popitem(last=False)
            return sums

    def _sum(self, position: int) -> Sums:
        nearest = position // _CHECKPOINT_EVERY
        sums = self._checkpoints[nearest].copy()
        for change in self._changes[nearest * _CHECKPOINT_EVERY : position]:
            _apply(sums, *change)
        return sums


def _apply(sums: Sums, old: Entry | None, new: Entry | None, moment: int) -> None:
    if old is not None:
        sums.add(old, -1, moment)
    if new is not None:
        sums.add(new, 1, moment)

"""hledger adds up the journal that was pulled: a second opinion that shares no code with ours."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.sandbox.test_plain_text_accounting import write_journal
from tests.test_key_figures import hledger

_TYPES = ("Asset", "Equity", "Expense", "Income", "Liability")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What some days brought."""

    revenue: Decimal
    expenses: Decimal

    @property
    def profit(self) -> Decimal:
        return self.revenue - self.expenses


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What there is at the end of a day; equity includes the profit so far."""

    assets: Decimal
    liabilities: Decimal
    equity: Decimal


class Ledger:
    """Journal entries as canonical JSON, classified by the chart of accounts that was pulled.

    hledger refuses entries that do not balance, so that reading them is a check as well.
    """

    def __init__(
        self,
        entries: Iterable[Mapping[str, Any]],
        accounts: Iterable[Mapping[str, Any]],
        *,
        currency: str,
        path: Path,
    ) -> None:
        types = {account["id"]: account["type"] for account in accounts}
        self.path = path
        write_journal(path, [_plain(entry, types) for entry in entries], currency)

    def between(self, first: dt.date, last: dt.date) -> Result:
        """Return what some days brought, the first and the last included."""
        days = ("-b", first.isoformat(), *_until(last))
        return Result(
            revenue=-hledger(self.path, "^Income", *days),
            expenses=hledger(self.path, "^Expense", *days),
        )

    def on(self, day: dt.date) -> Position:
        until = _until(day)
        return Position(
            assets=hledger(self.path, "^Asset", *until),
            liabilities=-hledger(self.path, "^Liability", *until),
            equity=-hledger(self.path, "^(Equity|Income|Expense)", *until),
        )

    def of_account(self, account: str, first: dt.date, last: dt.date) -> Decimal:
        """Return what an account was debited with over some days, both included."""
        return hledger(self.path, _named(account), "-b", first.isoformat(), *_until(last))

    def on_account(self, account: str, day: dt.date) -> Decimal:
        """Return what an account's debits exceed its credits by at the end of a day."""
        return hledger(self.path, _named(account), *_until(day))


def _named(account: str) -> str:
    return f"^[A-Za-z]+:{account}$"


def _until(day: dt.date) -> tuple[str, str]:
    """Return the option for the days up to one; hledger leaves out the day it is given."""
    return "-e", (day + dt.timedelta(days=1)).isoformat()


def _plain(entry: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Any]:
    lines = []
    for line in entry["journalLines"]:
        account = line["accountRef"]["id"]
        assert types[account] in _TYPES, f"account {account} is {types[account]}"
        lines.append({"account": f"{types[account]}:{account}", "amount": line["netAmount"]})
    return {"date": entry["postedOn"], "ref": entry["id"], "lines": lines}

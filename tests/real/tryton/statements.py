"""Tryton's own statements, as its client asks for them: the tree of account types with amounts."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.real.tryton.api import Rest

_FIELDS = ("name", "amount", "statement", "parent.id", "revenue", "assets")
_EQUITY, _ASSETS, _LIABILITIES = "Equity", "Assets", "Liabilities"
_NOT_OPERATING = "Non-operating section"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An income statement."""

    revenue: Decimal
    expenses: Decimal
    #: Of it, what does not come from the business itself: interest.
    not_operating: Decimal

    @property
    def profit(self) -> Decimal:
        return self.revenue - self.expenses

    @property
    def operating_profit(self) -> Decimal:
        return self.profit + self.not_operating


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A balance sheet; equity includes the profit of years that are not closed."""

    assets: Decimal
    liabilities: Decimal
    equity: Decimal


class Statements:
    """Statements of what is posted."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest

    def fiscal_years(self) -> dict[str, int]:
        return {each["name"]: each["id"] for each in self.rest.list("account.fiscalyear", ["name"])}

    def of_year(self, name: str) -> Result:
        return self._result({"fiscalyear": self.fiscal_years()[name]})

    def between(self, first: dt.date, last: dt.date) -> Result:
        return self._result({"from_date": first, "to_date": last})

    def on(self, day: dt.date) -> Sheet:
        """Ask for the balance sheet; ``cumulate`` brings in years that are not closed."""
        types = self._types({"date": day, "cumulate": True})
        totals = {top: Decimal(0) for top in (_ASSETS, _LIABILITIES, _EQUITY)}
        profit = Decimal(0)
        for each in types.values():
            # Each type's amount includes its descendants': what the leaves say is added up.
            own = _own_amount(each, types)
            if each["statement"] == "income":
                profit += own
            elif each["statement"] == "balance":
                totals[_top(each, types)] += own
        return Sheet(
            assets=-totals[_ASSETS],
            liabilities=totals[_LIABILITIES],
            equity=totals[_EQUITY] + profit,
        )

    def balances(self, kind: str, day: dt.date) -> dict[int, Decimal]:
        """Return the balance of each ``receivable`` or ``payable`` account, debits positive."""
        rows = self.rest.list(
            "account.account",
            ["debit", "credit"],  # an account's balance includes the accounts below it
            [[f"type.{kind}", "=", True]],
            context={"posted": True, "date": day, "cumulate": True},
        )
        return {row["id"]: row["debit"] - row["credit"] for row in rows}

    def _result(self, context: Mapping[str, Any]) -> Result:
        types = self._types(context)
        revenue = expenses = not_operating = Decimal(0)
        for each in types.values():
            if each["statement"] == "income":
                own = _own_amount(each, types)
                if each["revenue"]:
                    revenue += own
                else:
                    expenses -= own
            if each["name"] == _NOT_OPERATING:
                not_operating -= _credited(each)
        return Result(revenue=revenue, expenses=expenses, not_operating=not_operating)

    def _types(self, context: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
        rows = self.rest.list("account.account.type", _FIELDS, context={"posted": True, **context})
        return {row["id"]: row for row in rows}


def _credited(row: Mapping[str, Any]) -> Decimal:
    """Return a type's amount, credits positive: where it is flagged so, Tryton turns the sign."""
    amount: Decimal = row["amount"]
    return -amount if row["statement"] == "balance" and row["assets"] else amount


def _own_amount(row: Mapping[str, Any], types: Mapping[int, Mapping[str, Any]]) -> Decimal:
    children = [each for each in types.values() if _parent(each) == row["id"]]
    return _credited(row) - sum((_credited(each) for each in children), Decimal(0))


def _parent(row: Mapping[str, Any]) -> int | None:
    parent = row["parent"]
    return parent["id"] if parent else None


def _top(row: Mapping[str, Any], types: Mapping[int, Mapping[str, Any]]) -> str:
    """Return the name of what the type hangs on; below the chart's root, as it names them."""
    names = []
    place: int | None = row["id"]
    while place is not None:
        names.append(types[place]["name"])
        place = _parent(types[place])
    (found,) = {_ASSETS, _LIABILITIES, _EQUITY} & {each.split(" / ")[0] for each in names}
    return found

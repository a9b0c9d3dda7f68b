"""Tryton's account balances, month by month → balance sheet and profit and loss.

The balances are Tryton's own, reckoned for the context each question carries, as its statements'
are; the lines between an account and its section are those of the tree of account types.
"""

import datetime as dt
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connections.platforms.tryton import wire
from connections.platforms.tryton.account_types import AccountTypes, Section
from connections.schemas import BalanceSheet, DataType, ProfitAndLoss, ReportLine, single_id
from connections.schemas.statements import BalanceSheetPeriod, ProfitAndLossPeriod

ZERO = Decimal()

_NAMES: dict[Section, str] = {
    "assets": "Assets",
    "liabilities": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "cost_of_sales": "Cost of sales",
    "expenses": "Expenses",
    "other_income": "Other income",
    "other_expenses": "Other expenses",
}
_CREDIT_SECTIONS = frozenset({"liabilities", "equity", "income", "other_income"})
_RESULTS = frozenset({"income", "cost_of_sales", "expenses", "other_income", "other_expenses"})


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a statement."""

    first: dt.date

    @property
    def last(self) -> dt.date:
        return self.first.replace(day=monthrange(self.first.year, self.first.month)[1])

    def before(self) -> "Month":
        return Month((self.first - dt.timedelta(days=1)).replace(day=1))


def months(today: dt.date, *, earliest: dt.date, count: int) -> list[Month]:
    """Return the current month and those before it, newest first, back to the books' first."""
    found = [Month(today.replace(day=1))]
    while len(found) < count and found[-1].before().last >= earliest:
        found.append(found[-1].before())
    return found


def balance_sheet(
    periods: Sequence[tuple[dt.date, Sequence[wire.Balance]]],
    *,
    types: AccountTypes,
    currency: str | None,
    earliest: dt.date,
) -> BalanceSheet:
    return BalanceSheet(
        id=single_id(DataType.BALANCE_SHEET),
        currency=currency,
        reports=tuple(_sheet(on, balances, types) for on, balances in periods),
        most_recent_available_month=periods[0][0].replace(day=1) if periods else None,
        earliest_available_month=earliest.replace(day=1),
    )


def profit_and_loss(
    periods: Sequence[tuple[Month, Sequence[wire.Balance]]],
    *,
    types: AccountTypes,
    currency: str | None,
    earliest: dt.date,
) -> ProfitAndLoss:
    return ProfitAndLoss(
        id=single_id(DataType.PROFIT_AND_LOSS),
        reports=tuple(_result(month, balances, types) for month, balances in periods),
        report_basis="Accrual",
        currency=currency,
        most_recent_available_month=periods[0][0].first if periods else None,
        earliest_available_month=earliest.replace(day=1),
    )


def without_closing(
    balances: Iterable[wire.Balance], closing: Mapping[int, Decimal]
) -> list[wire.Balance]:
    """Take back what closing the year moved off the accounts: it is no income and no expense."""
    return [
        wire.Balance(
            id=each.id,
            code=each.code,
            name=each.name,
            type=each.type,
            debit_type=each.debit_type,
            credit_type=each.credit_type,
            debit=wire.Amount(decimal=each.debit.decimal - closing[each.id]),
            credit=each.credit,
        )
        if closing.get(each.id)
        else each
        for each in balances
    ]


def _sheet(
    on: dt.date, balances: Sequence[wire.Balance], types: AccountTypes
) -> BalanceSheetPeriod:
    lines = _by_section(balances, types)
    assets = lines["assets"].line("assets")
    liabilities = lines["liabilities"].line("liabilities")
    result = -sum((_debited(each) for each in _of_results(balances, types)), ZERO)
    return BalanceSheetPeriod(
        date=on,
        assets=assets,
        liabilities=liabilities,
        net_assets=assets.value - liabilities.value,
        equity=lines["equity"].line("equity", unclosed=result),
    )


def _result(
    month: Month, balances: Sequence[wire.Balance], types: AccountTypes
) -> ProfitAndLossPeriod:
    lines = _by_section(balances, types)
    income = lines["income"].line("income")
    cost_of_sales = lines["cost_of_sales"].line("cost_of_sales")
    expenses = lines["expenses"].line("expenses")
    other_income = lines["other_income"].line("other_income")
    other_expenses = lines["other_expenses"].line("other_expenses")
    gross_profit = income.value - cost_of_sales.value
    net_operating_profit = gross_profit - expenses.value
    net_other_income = other_income.value - other_expenses.value
    return ProfitAndLossPeriod(
        from_date=month.first,
        to_date=month.last,
        income=income,
        cost_of_sales=cost_of_sales,
        gross_profit=gross_profit,
        expenses=expenses,
        net_operating_profit=net_operating_profit,
        other_expenses=other_expenses,
        other_income=other_income,
        net_other_income=net_other_income,
        net_profit=net_operating_profit + net_other_income,
    )


class _Section:
    """One section's accounts, hung on their types."""

    def __init__(self, types: AccountTypes) -> None:
        self.types = types
        self.accounts: dict[int, list[ReportLine]] = defaultdict(list)
        self.children: dict[int | None, set[int]] = defaultdict(set)

    def add(self, type_id: int, line: ReportLine) -> None:
        self.accounts[type_id].append(line)
        parent: int | None = None
        for each in self.types.branch(type_id):
            self.children[parent].add(each.id)
            parent = each.id

    def line(self, section: Section, *, unclosed: Decimal = ZERO) -> ReportLine:
        items = self._items(self._top())
        if unclosed:
            items.append(ReportLine(name="Profit of years not closed yet", value=unclosed))
        return _sum(_NAMES[section], items)

    def _top(self) -> int | None:
        """Return the type below which the section branches: what is above says nothing."""
        top: int | None = None
        while len(self.children[top]) == 1 and not self.accounts.get(top or 0):
            (top,) = self.children[top]
        return top

    def _items(self, parent: int | None) -> list[ReportLine]:
        items = list(self.accounts.get(parent, ())) if parent is not None else []
        for type_id in sorted(self.children[parent], key=self.types.order):
            items.append(_sum(self.types.name(type_id), self._items(type_id)))
        return items


def _by_section(balances: Sequence[wire.Balance], types: AccountTypes) -> dict[Section, "_Section"]:
    sections: dict[Section, _Section] = defaultdict(lambda: _Section(types))
    for each in sorted(balances, key=lambda balance: (balance.code or "", balance.id)):
        type_id = _type(each)
        section = types.section(type_id)
        amount = _debited(each)
        if section is not None and amount:
            sections[section].add(
                type_id,
                ReportLine(
                    account_id=str(each.id),
                    name=each.name,
                    value=-amount if section in _CREDIT_SECTIONS else amount,
                ),
            )
    return sections


def _of_results(balances: Iterable[wire.Balance], types: AccountTypes) -> list[wire.Balance]:
    return [each for each in balances if types.section(_type(each)) in _RESULTS]


def _type(balance: wire.Balance) -> int:
    """Return where the account stands: some change sides with the sign of their balance."""
    amount = _debited(balance)
    if balance.debit_type is not None and amount > 0:
        return balance.debit_type
    if balance.credit_type is not None and amount < 0:
        return balance.credit_type
    return balance.type


def _debited(balance: wire.Balance) -> Decimal:
    return balance.debit.decimal - balance.credit.decimal


def _sum(name: str | None, items: Sequence[ReportLine]) -> ReportLine:
    return ReportLine(
        name=name,
        value=sum((item.value for item in items), ZERO),
        items=tuple(items) or None,
    )

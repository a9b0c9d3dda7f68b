"""Periods of statements, the same for every platform."""

from collections.abc import Callable, Iterable

from connections.schemas.statements import BalanceSheetPeriod, ProfitAndLossPeriod


def since_first_figure[P](periods: Iterable[P], is_empty: Callable[[P], bool]) -> tuple[P, ...]:
    """Return the periods, newest first, without those from before the books began."""
    kept = list(periods)
    while len(kept) > 1 and is_empty(kept[-1]):
        kept.pop()
    return tuple(kept)


def has_no_result(period: ProfitAndLossPeriod) -> bool:
    lines = (period.income, period.cost_of_sales, period.expenses)
    others = (period.other_income, period.other_expenses)
    return not any(line and line.items for line in (*lines, *others))


def has_no_balance(period: BalanceSheetPeriod) -> bool:
    return not any(
        line and line.items for line in (period.assets, period.liabilities, period.equity)
    )

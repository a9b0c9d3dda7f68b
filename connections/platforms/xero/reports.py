"""Asking for reports month by month: up to twelve columns an answer, 24 months in all."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from connections.platforms.errors import Unexpected
from connections.platforms.periods import has_no_balance, has_no_result, since_first_figure
from connections.platforms.xero import statements, wire
from connections.platforms.xero.moments import month_end
from connections.schemas import BalanceSheet, DataType, ProfitAndLoss, single_id

MONTHS = 24
COLUMNS = 12
LONG_MONTH = 31

type Params = Mapping[str, str | int]
type Ask = Callable[[str, Params], wire.Report]
type Columns = Iterator[tuple[wire.Report, int, date]]


def read_balance_sheet(
    ask: Ask, *, today: date, currency: str, accounts: statements.Accounts
) -> BalanceSheet:
    periods = (
        statements.balance_sheet_period(report, column, month, accounts)
        for report, column, month in _columns(ask, "BalanceSheet", today, _as_at)
    )
    kept = since_first_figure(periods, has_no_balance)
    return BalanceSheet(
        id=single_id(DataType.BALANCE_SHEET),
        currency=currency,
        reports=kept,
        most_recent_available_month=kept[0].date.replace(day=1) if kept else None,
        earliest_available_month=kept[-1].date.replace(day=1) if kept else None,
    )


def read_profit_and_loss(
    ask: Ask, *, today: date, currency: str, accounts: statements.Accounts
) -> ProfitAndLoss:
    periods = (
        statements.profit_and_loss_period(report, column, month, accounts)
        for report, column, month in _columns(ask, "ProfitAndLoss", today, _over)
    )
    kept = since_first_figure(periods, has_no_result)
    return ProfitAndLoss(
        id=single_id(DataType.PROFIT_AND_LOSS),
        reports=kept,
        # Unless asked for payments only, reports are on accrual basis.
        report_basis="Accrual",
        currency=currency,
        most_recent_available_month=kept[0].from_date if kept else None,
        earliest_available_month=kept[-1].from_date if kept else None,
    )


def _columns(ask: Ask, name: str, today: date, period: Callable[[date], dict[str, str]]) -> Columns:
    """Yield the columns from this month back, newest first.

    Each comparison ends on the same day of its month as the newest column, so that one which ends
    on the 30th leaves the 31st of other months out: the newest is always a month of 31 days, though
    it lie ahead. https://cdn.cdata.com/help/DXH/jp/rcmd/pg_accountingtable-profitandloss.htm

    :raises Unexpected: when a month comes twice.
    """
    seen: set[date] = set()
    newest = _month_end(today, 0)
    oldest = _month_end(today, 1 - MONTHS)
    anchor = newest
    while anchor.day != LONG_MONTH:
        anchor = _month_end(anchor, 1)
    while anchor >= oldest:
        report = ask(name, _comparing(period(anchor)))
        found = statements.columns(report)
        if not seen.isdisjoint(found):
            raise Unexpected("Xero sent the same data twice.", detail=f"{name} as of {anchor}")
        seen |= found.keys()
        for month in sorted(found, reverse=True):
            if oldest <= month <= newest:
                yield report, found[month], month
        anchor = _month_end(anchor, -COLUMNS)


def _comparing(period: dict[str, str]) -> Params:
    return {
        **period,
        "periods": COLUMNS - 1,
        "timeframe": "MONTH",
        # Not as the organization arranged it for itself.
        "standardLayout": "true",
    }


def _as_at(month: date) -> dict[str, str]:
    return {"date": month.isoformat()}


def _over(month: date) -> dict[str, str]:
    return {"fromDate": month.replace(day=1).isoformat(), "toDate": month.isoformat()}


def _month_end(on: date, months: int) -> date:
    """Return the last day of the month so many months from a day's."""
    number = on.year * 12 + on.month - 1 + months
    return month_end(date(number // 12, number % 12 + 1, 1))

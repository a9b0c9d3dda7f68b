"""Asking for reports month by month: 24 columns in one answer."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from connections.platforms.periods import has_no_balance, has_no_result, since_first_figure
from connections.platforms.quickbooks import statements, wire
from connections.platforms.quickbooks.moments import month_end
from connections.schemas import BalanceSheet, DataType, ProfitAndLoss, single_id
from connections.schemas.statements import ReportBasis

MONTHS = 24

type Params = Mapping[str, str | int]
type Ask = Callable[[str, Params], wire.Report]

_BASIS: dict[str, ReportBasis] = {"Accrual": "Accrual", "Cash": "Cash"}


def read_balance_sheet(ask: Ask, *, today: date) -> BalanceSheet:
    report = ask("BalanceSheet", _params(today))
    kept = since_first_figure(
        (
            statements.balance_sheet_period(report, column, month)
            for column, month in _newest_first(report)
        ),
        has_no_balance,
    )
    return BalanceSheet(
        id=single_id(DataType.BALANCE_SHEET),
        currency=report.header.currency,
        reports=kept,
        most_recent_available_month=kept[0].date.replace(day=1) if kept else None,
        earliest_available_month=kept[-1].date.replace(day=1) if kept else None,
    )


def read_profit_and_loss(ask: Ask, *, today: date) -> ProfitAndLoss:
    report = ask("ProfitAndLoss", _params(today))
    kept = since_first_figure(
        (
            statements.profit_and_loss_period(report, column, month)
            for column, month in _newest_first(report)
        ),
        has_no_result,
    )
    return ProfitAndLoss(
        id=single_id(DataType.PROFIT_AND_LOSS),
        reports=kept,
        report_basis=_BASIS.get(report.header.report_basis, "Unknown"),
        currency=report.header.currency,
        most_recent_available_month=kept[0].from_date if kept else None,
        earliest_available_month=kept[-1].from_date if kept else None,
    )


def _newest_first(report: wire.Report) -> Iterator[tuple[int, date]]:
    found = statements.columns(report)
    for month in sorted(found, reverse=True)[:MONTHS]:
        yield found[month], month


def _params(today: date) -> Params:
    """Ask for whole months; without a method the company's own preference decides."""
    first = today.year * 12 + today.month - MONTHS
    return {
        "start_date": date(first // 12, first % 12 + 1, 1).isoformat(),
        "end_date": month_end(today).isoformat(),
        "accounting_method": "Accrual",
        "summarize_column_by": "Month",
    }

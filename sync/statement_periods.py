"""Statements over other periods than the stored months: quarters, years, however many months.

Flows are added up line by line, balances are those of a period's last month. Everything stays
exact, and a line stays the sum of its items.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from connections.schemas import BalanceSheet, CashFlowStatement, ProfitAndLoss, ReportLine
from connections.schemas.statements import CashFlowPeriod, ProfitAndLossPeriod
from sync.statements import keyed

ZERO = Decimal()


@dataclass(frozen=True, slots=True)
class Periods:
    """Which periods are wanted: how long, how many, and back from which month."""

    #: In months.
    length: int
    count: int
    #: Any day of the newest month; None is the newest there is.
    start: dt.date | None = None


type Statement = BalanceSheet | ProfitAndLoss | CashFlowStatement


def over(statement: Statement, wanted: Periods) -> Statement:
    """Return the statement over the periods that are wanted, newest first.

    One that reaches back beyond the books begins where they begin; those before are left out.
    """
    match statement:
        case BalanceSheet():
            sheets = _grouped(statement.reports, lambda sheet: sheet.date, wanted)
            return msgspec.structs.replace(statement, reports=tuple(months[0] for months in sheets))
        case ProfitAndLoss():
            spans = _grouped(statement.reports, lambda period: period.to_date, wanted)
            return msgspec.structs.replace(statement, reports=tuple(map(_profit_and_loss, spans)))
        case CashFlowStatement():
            flows = _grouped(statement.reports, lambda period: period.to_date, wanted)
            return msgspec.structs.replace(statement, reports=tuple(map(_cash_flow, flows)))


def _grouped[P](
    months: Sequence[P], ends_on: Callable[[P], dt.date], wanted: Periods
) -> Iterator[list[P]]:
    """Yield the months of each period, newest first; none for a period without any."""
    stored = sorted(months, key=ends_on, reverse=True)
    if not stored:
        return
    last = _number(wanted.start or ends_on(stored[0]))
    for place in range(wanted.count):
        end = last - place * wanted.length
        within = [each for each in stored if end - wanted.length < _number(ends_on(each)) <= end]
        if within:
            yield within


def _number(day: dt.date) -> int:
    """Count months from the year 0."""
    return day.year * 12 + day.month


def _profit_and_loss(months: Sequence[ProfitAndLossPeriod]) -> ProfitAndLossPeriod:
    if len(months) == 1:
        return months[0]

    def line(name: str) -> ReportLine | None:
        return _merged([getattr(month, name) for month in months])

    def figure(name: str) -> Decimal:
        return sum((getattr(month, name) for month in months), ZERO)

    return ProfitAndLossPeriod(
        from_date=months[-1].from_date,
        to_date=months[0].to_date,
        income=line("income"),
        cost_of_sales=line("cost_of_sales"),
        gross_profit=figure("gross_profit"),
        expenses=line("expenses"),
        net_operating_profit=figure("net_operating_profit"),
        other_expenses=line("other_expenses"),
        other_income=line("other_income"),
        net_other_income=figure("net_other_income"),
        net_profit=figure("net_profit"),
    )


def _cash_flow(months: Sequence[CashFlowPeriod]) -> CashFlowPeriod:
    if len(months) == 1:
        return months[0]
    return CashFlowPeriod(
        from_date=months[-1].from_date,
        to_date=months[0].to_date,
        cash_receipts=_merged([month.cash_receipts for month in months]),
        cash_payments=_merged([month.cash_payments for month in months]),
    )


def _merged(lines: Sequence[ReportLine | None]) -> ReportLine | None:
    """Add up one line over the months, and what lies below it."""
    there = [line for line in lines if line is not None]
    if not there:
        return None
    return ReportLine(
        account_id=there[0].account_id,
        name=there[0].name,
        value=sum((line.value for line in there), ZERO),
        items=_merged_items(there),
    )


def _merged_items(lines: Sequence[ReportLine]) -> tuple[ReportLine, ...] | None:
    if not any(line.items for line in lines):
        return None
    columns: list[dict[Any, ReportLine]] = []
    for line in lines:
        # A heading that was posted to itself in one month is an item of its own over several.
        own = (msgspec.structs.replace(line, items=None),) if line.value else ()
        columns.append(keyed(line.items or own))
    keys = dict.fromkeys(key for column in columns for key in column)
    merged = (_merged([column.get(key) for column in columns]) for key in keys)
    return tuple(line for line in merged if line is not None)

"""Rules for financial statements: figures that do not follow from their parts are errors."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from connections.schemas.statements import (
    BalanceSheet,
    CashFlowStatement,
    ProfitAndLoss,
    ReportLine,
)
from connections.schemas.validation.shared import ZERO, Finding, check_currency, summed


def balance_sheet(sheet: BalanceSheet) -> Iterator[Finding]:
    yield from check_currency("A balance sheet", sheet.currency, None)
    for period in sheet.reports:
        yield from _lines(f"{period.date}", period.assets, period.liabilities, period.equity)
        net_assets = _value(period.assets) - _value(period.liabilities)
        if net_assets != period.net_assets:
            yield "error", 71, _follows(period.date, "NetAssets", period.net_assets, net_assets)
        if period.equity is not None and period.equity.value != period.net_assets:
            yield (
                "warning",
                72,
                (
                    f"{period.date}: NetAssets ({period.net_assets}) should be the same as Equity"
                    f" ({period.equity.value})."
                ),
            )


def profit_and_loss(report: ProfitAndLoss) -> Iterator[Finding]:
    yield from check_currency("A profit and loss report", report.currency, None)
    for period in report.reports:
        sections = (
            period.income,
            period.cost_of_sales,
            period.expenses,
            period.other_income,
            period.other_expenses,
        )
        yield from _lines(f"{period.to_date}", *sections)
        gross = _value(period.income) - _value(period.cost_of_sales)
        operating = gross - _value(period.expenses)
        other = _value(period.other_income) - _value(period.other_expenses)
        for rule, name, told, expected in (
            (73, "GrossProfit", period.gross_profit, gross),
            (74, "NetOperatingProfit", period.net_operating_profit, operating),
            (75, "NetOtherIncome", period.net_other_income, other),
            (76, "NetProfit", period.net_profit, operating + other),
        ):
            if told != expected:
                yield "error", rule, _follows(period.to_date, name, told, expected)


def cash_flow(report: CashFlowStatement) -> Iterator[Finding]:
    yield from check_currency("A cash flow statement", report.currency, None)
    for period in report.reports:
        yield from _lines(f"{period.to_date}", period.cash_receipts, period.cash_payments)


def _lines(period: str, *lines: ReportLine | None) -> Iterator[Finding]:
    for line in lines:
        if line is not None and line.items:
            total = sum((item.value for item in line.items), ZERO)
            if total != line.value:
                name = line.name or "A line"
                yield (
                    "error",
                    70,
                    f"{period}: " + summed(name, "items", total, "Value", line.value),
                )
            yield from _lines(period, *line.items)


def _value(line: ReportLine | None) -> Decimal:
    return line.value if line else ZERO


def _follows(on: date, name: str, told: Decimal, expected: Decimal) -> str:
    return f"{on}: {name} ({told}) should follow from its parts ({expected})."

"""QuickBooks' reports → canonical financial statements.

A report is a tree: sections with a head, rows and a sum, whose group tells what they are about;
some groups are results and have a sum only. A cell that is empty holds nothing.
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/profitandloss
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation

from connections.platforms.errors import Unexpected
from connections.platforms.quickbooks import wire
from connections.platforms.quickbooks.moments import column_month, day, month_end
from connections.schemas import ReportLine
from connections.schemas.statements import BalanceSheetPeriod, ProfitAndLossPeriod

ZERO = Decimal()

INCOME, COST, EXPENSES = "Income", "Cost of sales", "Expenses"
OTHER_INCOME, OTHER_EXPENSES = "Other income", "Other expenses"
ASSETS, LIABILITIES, EQUITY = "Assets", "Liabilities", "Equity"

_PROFIT_GROUPS = {
    "Income": INCOME,
    "COGS": COST,
    "Expenses": EXPENSES,
    "OtherIncome": OTHER_INCOME,
    "OtherExpenses": OTHER_EXPENSES,
}
_BALANCE_GROUPS = {"TotalAssets": ASSETS, "Liabilities": LIABILITIES, "Equity": EQUITY}

type Sections = dict[str, list[ReportLine]]


def columns(report: wire.Report) -> dict[date, int]:
    """Return the columns by the month's last day that each is about; a total is of no month."""
    found: dict[date, int] = {}
    for place, column in enumerate(report.columns.column):
        told = {each.name: each.value for each in column.meta_data}
        key = told.get("ColKey", "")
        if place == 0 or key == "total" or column.col_title in {"Total", "TOTAL"}:
            continue
        try:
            found[_month(column, told)] = place
        except ValueError as error:
            raise _unreadable(str(error)) from error
    return found


def profit_and_loss_period(report: wire.Report, column: int, end: date) -> ProfitAndLossPeriod:
    """:raises Unexpected: when a section cannot be told, or the figures do not add up"""
    sections = _sections(report.rows, column, _PROFIT_GROUPS)
    income, cost, expenses, other_income, other_expenses = (
        _combined(kind, sections) for kind in (INCOME, COST, EXPENSES, OTHER_INCOME, OTHER_EXPENSES)
    )
    gross_profit = income.value - cost.value
    operating = gross_profit - expenses.value
    other = other_income.value - other_expenses.value
    _compare(report.rows, column, "NetIncome", operating + other)
    return ProfitAndLossPeriod(
        from_date=end.replace(day=1),
        to_date=end,
        income=income,
        cost_of_sales=cost,
        gross_profit=gross_profit,
        expenses=expenses,
        net_operating_profit=operating,
        other_expenses=other_expenses,
        other_income=other_income,
        net_other_income=other,
        net_profit=operating + other,
    )


def balance_sheet_period(report: wire.Report, column: int, end: date) -> BalanceSheetPeriod:
    """:raises Unexpected: when a section cannot be told, or the figures do not add up"""
    sections = _sections(report.rows, column, _BALANCE_GROUPS)
    assets, liabilities, equity = (
        _combined(kind, sections) for kind in (ASSETS, LIABILITIES, EQUITY)
    )
    net_assets = assets.value - liabilities.value
    if equity.value != net_assets:
        raise _wrong("Equity", equity.value, net_assets)
    return BalanceSheetPeriod(
        date=end,
        assets=assets,
        liabilities=liabilities,
        net_assets=net_assets,
        equity=equity,
    )


def _month(column: wire.Column, told: dict[str, str]) -> date:
    """:raises ValueError: when the column is about no whole month"""
    if "EndDate" not in told:
        return column_month(column.col_title)
    end = day(told["EndDate"])
    if end != month_end(end):
        raise ValueError(f"{end} is not the end of a month")
    return end


def _sections(rows: wire.ReportRows, column: int, groups: dict[str, str]) -> Sections:
    """Return the sections of a report by what they are about.

    :raises Unexpected: when there are figures outside of those that we know.
    """
    found: Sections = {}
    for row in rows.row:
        kind = groups.get(row.group)
        if kind is not None:
            found.setdefault(kind, []).append(_line(row, column))
        elif row.rows.row:
            # A frame around several: what is owed and what is owned.
            for inner, lines in _sections(row.rows, column, groups).items():
                found.setdefault(inner, []).extend(lines)
        elif row.col_data and _figure(row.col_data, column):
            raise _unreadable(f"{_label(row.col_data)!r} is in no section")
    return found


def _line(row: wire.ReportRow, column: int) -> ReportLine:
    """Return a section with its rows; those without a figure in this column are left out.

    :raises Unexpected: when its sum is not that of its rows.
    """
    items: list[ReportLine] = []
    if own := _figure(row.header.col_data, column):
        # An account that has accounts below it and was posted to itself.
        items.append(_leaf(row.header.col_data, own))
    for inner in row.rows.row:
        if inner.rows.row or inner.summary.col_data:
            line = _line(inner, column)
            if line.items:
                items.append(line)
        elif value := _figure(inner.col_data, column):
            items.append(_leaf(inner.col_data, value))
    total = sum((item.value for item in items), ZERO)
    head = row.header.col_data
    if row.summary.col_data and (told := _figure(row.summary.col_data, column)) != total:
        raise _wrong(_label(head), told, total)
    return ReportLine(name=_label(head) or None, value=total, items=tuple(items) or None)


def _leaf(cells: tuple[wire.ColumnData, ...], value: Decimal) -> ReportLine:
    return ReportLine(account_id=cells[0].id or None, name=cells[0].value or None, value=value)


def _combined(kind: str, sections: Sections) -> ReportLine:
    """Return what there is of a kind under our name for it."""
    lines = sections.get(kind, [])
    items = tuple(item for line in lines for item in line.items or ())
    total = sum((line.value for line in lines), ZERO)
    return ReportLine(name=kind, value=total, items=items or None)


def _compare(rows: wire.ReportRows, column: int, group: str, ours: Decimal) -> None:
    """:raises Unexpected: when the report's own result is another than follows from its rows"""
    for row in _all(rows):
        if row.group == group and (theirs := _figure(row.summary.col_data, column)) != ours:
            raise _wrong(group, theirs, ours)


def _all(rows: wire.ReportRows) -> Iterator[wire.ReportRow]:
    for row in rows.row:
        yield row
        yield from _all(row.rows)


def _label(cells: tuple[wire.ColumnData, ...]) -> str:
    return cells[0].value if cells else ""


def _figure(cells: tuple[wire.ColumnData, ...], column: int) -> Decimal:
    """Return a cell's amount; a cell that is empty or missing holds none.

    :raises Unexpected: when it is no amount.
    """
    text = cells[column].value if column < len(cells) else ""
    if not text:
        return ZERO
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise _unreadable(f"{text!r} is not an amount") from error
    if not amount.is_finite():
        raise _unreadable(f"{text!r} is not an amount")
    return amount


def _wrong(name: str, theirs: Decimal, ours: Decimal) -> Unexpected:
    return Unexpected(
        "QuickBooks Online sent a statement that does not add up.",
        detail=f"{name!r}: {theirs} is not what follows from the rows, {ours}",
    )


def _unreadable(detail: str) -> Unexpected:
    return Unexpected(
        "QuickBooks Online sent a statement that we do not understand.", detail=detail
    )

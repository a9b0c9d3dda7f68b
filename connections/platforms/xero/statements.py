"""Xero's reports → canonical financial statements.

A report is a table: a head with a date for each column, then sections of rows, each with its sum.
Titles differ from country to country, so where a title says nothing the accounts decide.
https://developer.xero.com/documentation/api/accounting/reports
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from connections.platforms.errors import Unexpected
from connections.platforms.xero import wire
from connections.platforms.xero.moments import column_month
from connections.schemas import ReportLine
from connections.schemas.statements import BalanceSheetPeriod, ProfitAndLossPeriod

ZERO = Decimal()

INCOME, COST, EXPENSES = "Income", "Cost of sales", "Expenses"
OTHER_INCOME, OTHER_EXPENSES = "Other income", "Other expenses"
ASSETS, LIABILITIES, EQUITY = "Assets", "Liabilities", "Equity"

_PROFIT_TITLES = {
    "income": INCOME,
    "revenue": INCOME,
    "sales": INCOME,
    "trading income": INCOME,
    "turnover": INCOME,
    "cost of goods sold": COST,
    "cost of sales": COST,
    "direct costs": COST,
    "administrative costs": EXPENSES,
    "expenses": EXPENSES,
    "operating expenses": EXPENSES,
    "overheads": EXPENSES,
    "non-operating income": OTHER_INCOME,
    "other income": OTHER_INCOME,
    "interest": OTHER_EXPENSES,
    "non-operating expenses": OTHER_EXPENSES,
    "other expenses": OTHER_EXPENSES,
    "taxation": OTHER_EXPENSES,
}
_PROFIT_TYPES = {
    "REVENUE": INCOME,
    "SALES": INCOME,
    "OTHERINCOME": OTHER_INCOME,
    "DIRECTCOSTS": COST,
    "DEPRECIATN": EXPENSES,
    "EXPENSE": EXPENSES,
    "OVERHEADS": EXPENSES,
}
_BALANCE_HEADS = {
    "assets": ASSETS,
    "liabilities": LIABILITIES,
    "capital and reserves": EQUITY,
    "equity": EQUITY,
}
_BALANCE_CLASSES = {"ASSET": ASSETS, "LIABILITY": LIABILITIES, "EQUITY": EQUITY}
_NET_PROFIT = frozenset({"net profit", "net loss", "net income", "profit for the year"})

# What stands in an account's place where a row is computed: the year's earnings, and what
# currencies gained while nothing was sold.
_COMPUTED = frozenset({"abababab-abab-abab-abab-abababababab", "FXGROUPID"})

type Accounts = Callable[[], Mapping[str, wire.Account]]
type Sections = dict[str, list[ReportLine]]


def columns(report: wire.Report) -> dict[date, int]:
    """Return the columns by the month's last day that each is about."""
    for row in report.rows:
        if row.row_type == "Header":
            try:
                return {column_month(cell.value): i for i, cell in enumerate(row.cells) if i}
            except ValueError as error:
                raise _unreadable(str(error)) from error
    raise _unreadable("no head")


def profit_and_loss_period(
    report: wire.Report, column: int, month_end: date, accounts: Accounts
) -> ProfitAndLossPeriod:
    """:raises Unexpected: when a section cannot be told, or the figures do not add up"""
    sections: Sections = {}
    for row in _sections(report):
        if row.title:
            title = row.title.lower().removeprefix("less ").removeprefix("plus ")
            kind = _PROFIT_TITLES.get(title) or _by_accounts(row, accounts, _profit_kind)
            sections.setdefault(kind, []).append(_section(row, column))
    income, cost, expenses, other_income, other_expenses = (
        _combined(kind, sections.get(kind, []))
        for kind in (INCOME, COST, EXPENSES, OTHER_INCOME, OTHER_EXPENSES)
    )
    gross_profit = income.value - cost.value
    operating = gross_profit - expenses.value
    other = other_income.value - other_expenses.value
    _compare(report, column, _NET_PROFIT, operating + other)
    return ProfitAndLossPeriod(
        from_date=month_end.replace(day=1),
        to_date=month_end,
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


def balance_sheet_period(
    report: wire.Report, column: int, month_end: date, accounts: Accounts
) -> BalanceSheetPeriod:
    """:raises Unexpected: when a section cannot be told, or the figures do not add up"""
    sections: Sections = {}
    head: str | None = None
    for row in _sections(report):
        title = (row.title or "").lower()
        head = _BALANCE_HEADS.get(title, head)
        if row.title and row.rows:
            kind = head or _by_accounts(row, accounts, _balance_kind)
            sections.setdefault(kind, []).append(_section(row, column))
    assets, liabilities, equity = (
        _combined(kind, sections.get(kind, [])) for kind in (ASSETS, LIABILITIES, EQUITY)
    )
    net_assets = assets.value - liabilities.value
    _compare(report, column, frozenset({"net assets"}), net_assets)
    return BalanceSheetPeriod(
        date=month_end,
        assets=assets,
        liabilities=liabilities,
        net_assets=net_assets,
        equity=equity,
    )


def _sections(report: wire.Report) -> Iterator[wire.ReportRow]:
    return (row for row in report.rows if row.row_type == "Section")


def _by_accounts(
    section: wire.ReportRow, accounts: Accounts, kind_of: Callable[[wire.Account], str | None]
) -> str:
    """Return what a section is about by the first account in it.

    :raises Unexpected: when there is none that tells.
    """
    known = accounts()
    for row in section.rows:
        account = known.get(_account_id(row) or "")
        if account and (kind := kind_of(account)):
            return kind
    raise _unreadable(f"section {section.title!r}")


def _profit_kind(account: wire.Account) -> str | None:
    return _PROFIT_TYPES.get(account.type)


def _balance_kind(account: wire.Account) -> str | None:
    return _BALANCE_CLASSES.get(account.class_)


def _section(section: wire.ReportRow, column: int) -> ReportLine:
    """Return a section with its rows; those without a figure in this column are left out.

    :raises Unexpected: when its sum is not that of its rows.
    """
    items: list[ReportLine] = []
    told: Decimal | None = None
    for row in section.rows:
        if row.row_type == "SummaryRow":
            told = _figure(row, column)
        elif row.rows:
            items.append(_section(row, column))
        elif value := _figure(row, column):
            items.append(ReportLine(account_id=_account_id(row), name=_label(row), value=value))
    total = sum((item.value for item in items), ZERO)
    if told is not None and told != total:
        raise Unexpected(
            "Xero sent a statement that does not add up.",
            detail=f"{section.title!r}: {told} is not the sum of its rows, {total}",
        )
    return ReportLine(name=section.title or None, value=total, items=tuple(items) or None)


def _combined(kind: str, sections: list[ReportLine]) -> ReportLine:
    """Return sections of a kind as one line; one that fills it alone is not shown within it."""
    shown = [section for section in sections if section.items]
    if len(shown) == 1 and kind not in {ASSETS, LIABILITIES}:
        return ReportLine(name=kind, value=shown[0].value, items=shown[0].items)
    total = sum((section.value for section in shown), ZERO)
    return ReportLine(name=kind, value=total, items=tuple(shown) or None)


def _compare(report: wire.Report, column: int, labels: frozenset[str], ours: Decimal) -> None:
    """:raises Unexpected: when the report's own figure is another than follows from its rows"""
    for section in _sections(report):
        for row in section.rows:
            if _label(row).lower() in labels and (theirs := _figure(row, column)) != ours:
                raise Unexpected(
                    "Xero sent a statement that does not add up.",
                    detail=f"{_label(row)!r}: {theirs} is not what follows from the rows, {ours}",
                )


def _label(row: wire.ReportRow) -> str:
    return row.cells[0].value if row.cells else ""


def _account_id(row: wire.ReportRow) -> str | None:
    """Return the account a row is about; sums and what is computed have none."""
    for cell in row.cells:
        for attribute in cell.attributes:
            if attribute.id == "account" and attribute.value not in _COMPUTED:
                return attribute.value
    return None


def _figure(row: wire.ReportRow, column: int) -> Decimal:
    """Return a cell's amount; a cell that is empty or missing holds none.

    :raises Unexpected: when it is no amount.
    """
    text = row.cells[column].value if column < len(row.cells) else ""
    if not text:
        return ZERO
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise _unreadable(f"{text!r} is not an amount") from error
    if not amount.is_finite():
        raise _unreadable(f"{text!r} is not an amount")
    return amount


def _unreadable(detail: str) -> Unexpected:
    return Unexpected("Xero sent a statement that we do not understand.", detail=detail)

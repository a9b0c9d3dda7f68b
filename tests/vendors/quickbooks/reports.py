"""Balance sheet and profit and loss as QuickBooks lays them out, each figure a sum of postings.

A tree of sections: a head, rows and a sum, or, of results, a sum only. A cell without a figure is
empty. Accounts below others stand in a section of their own, whose head has what the upper one was
posted itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.vendors.books import LONG_AGO, Body, cents
from tests.vendors.quickbooks.company import Company, moment_text

type Figures = list[int]

_RESULT_TYPES = frozenset(
    {"Income", "Cost of Goods Sold", "Expense", "Other Income", "Other Expense"}
)


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    first: date
    last: date
    key: str = ""


class Unavailable(Exception):
    """What is asked for is not shown here."""


def report(company: Company, name: str, params: Any) -> Body:
    """:raises Unavailable: for a basis or columns that the stand-in does not know"""
    if params.get("accounting_method", "Accrual") != "Accrual":
        raise Unavailable("accounting_method")
    today = company.clock.now().date()
    first = date.fromisoformat(params.get("start_date", today.replace(month=1, day=1).isoformat()))
    last = date.fromisoformat(params.get("end_date", today.isoformat()))
    by = params.get("summarize_column_by", "Total")
    if by not in {"Total", "Month"}:
        raise Unavailable("summarize_column_by")
    columns = _months(first, last) if by == "Month" else []
    if by == "Total" or name == "ProfitAndLoss":
        columns.append(Column("Total", first, last, key="total"))
    table = _Table(company, columns, is_balance=name == "BalanceSheet")
    rows = _balance_sheet(table) if name == "BalanceSheet" else _profit_and_loss(table)
    is_empty = not table.sums
    return {
        "Header": {
            "Time": moment_text(company.clock.now()),
            "ReportName": name,
            "ReportBasis": "Accrual",
            "StartPeriod": str(first),
            "EndPeriod": str(last),
            "SummarizeColumnsBy": by,
            "Currency": company.currency,
            "Option": [
                {"Name": "AccountingStandard", "Value": "GAAP"},
                {"Name": "NoReportData", "Value": str(is_empty).lower()},
            ],
        },
        "Columns": {"Column": [_head(column) for column in (None, *columns)]},
        "Rows": {"Row": rows},
    }


def _profit_and_loss(table: "_Table") -> list[Body]:
    income, income_row = table.group("Income", "Income", {"Income"}, -1)
    cost, cost_row = table.group("Cost of Goods Sold", "COGS", {"Cost of Goods Sold"}, 1)
    gross = _minus(income, cost)
    expenses, expenses_row = table.group("Expenses", "Expenses", {"Expense"}, 1)
    operating = _minus(gross, expenses)
    rows = [
        income_row,
        *([cost_row] if any(cost) else []),
        table.result("Gross Profit", "GrossProfit", gross),
        expenses_row,
        table.result("Net Operating Income", "NetOperatingIncome", operating),
    ]
    more, more_row = table.group("Other Income", "OtherIncome", {"Other Income"}, -1)
    less, less_row = table.group("Other Expenses", "OtherExpenses", {"Other Expense"}, 1)
    other = _minus(more, less)
    rows += [row for row in (more_row, less_row) if "Rows" in row]
    if "Rows" in more_row or "Rows" in less_row:
        rows.append(table.result("Net Other Income", "NetOtherIncome", other))
    net = [a + b for a, b in zip(operating, other, strict=True)]
    return [*rows, table.result("Net Income", "NetIncome", net)]


def _balance_sheet(table: "_Table") -> list[Body]:
    group = table.group
    current = table.frame(
        "Current Assets",
        "CurrentAssets",
        group("Bank Accounts", "BankAccounts", {"Bank"}, 1),
        group("Accounts Receivable", "AR", {"Accounts Receivable"}, 1),
        group("Other Current Assets", "OtherCurrentAssets", {"Other Current Asset"}, 1),
    )
    fixed = group("Fixed Assets", "FixedAssets", {"Fixed Asset"}, 1)
    other = group("Other Assets", "OtherAssets", {"Other Asset"}, 1)
    _, assets = table.frame("ASSETS", "TotalAssets", current, fixed, other, total="TOTAL ASSETS")
    owed_soon = table.frame(
        "Current Liabilities",
        "CurrentLiabilities",
        group("Accounts Payable", "AP", {"Accounts Payable"}, -1),
        group("Credit Cards", "CreditCards", {"Credit Card"}, -1),
        group(
            "Other Current Liabilities", "OtherCurrentLiabilities", {"Other Current Liability"}, -1
        ),
    )
    owed_late = group("Long-Term Liabilities", "LongTermLiabilities", {"Long Term Liability"}, -1)
    liabilities = table.frame("Liabilities", "Liabilities", owed_soon, owed_late)
    _, both = table.frame(
        "LIABILITIES AND EQUITY",
        "TotalLiabilitiesAndEquity",
        liabilities,
        table.equity(),
        total="TOTAL LIABILITIES AND EQUITY",
    )
    return [assets, both]


class _Table:
    def __init__(self, company: Company, columns: list[Column], *, is_balance: bool) -> None:
        self.company = company
        self.columns = columns
        self.is_balance = is_balance
        self.accounts = {row.id: row.body for row in company.rows("Account")}
        # One walk over the postings instead of one for each cell.
        self.sums: dict[tuple[str, int], int] = {}
        for posting in company.postings:
            for place, column in enumerate(columns):
                if (LONG_AGO if is_balance else column.first) <= posting.on <= column.last:
                    key = (posting.account_id, place)
                    self.sums[key] = self.sums.get(key, 0) + posting.cents

    def group(self, title: str, group: str, types: set[str], sign: int) -> tuple[Figures, Body]:
        """Return the sum and the section of the accounts of some types."""
        members = {
            key: [sign * each for each in self._own(key)]
            for key, body in self.accounts.items()
            if body["AccountType"] in types
        }
        rows = self._tree(members, parent=None)
        return self._section(title, group, _sum(members.values(), self.columns), rows)

    def equity(self) -> tuple[Figures, Body]:
        rows: list[Body] = []
        total = self._nothing()
        for key, body in self.accounts.items():
            if body["AccountType"] != "Equity":
                continue
            figures = [-each for each in self._own(key)]
            if body["AccountSubType"] == "RetainedEarnings":
                earned = [
                    self._earned(LONG_AGO, self.company.year_start(column.last))
                    for column in self.columns
                ]
                figures = [a + b for a, b in zip(figures, earned, strict=True)]
            total = [a + b for a, b in zip(total, figures, strict=True)]
            if any(figures):
                rows.append(_data(body["Name"], key, figures))
        current = [
            self._earned(
                self.company.year_start(column.last),
                date.fromordinal(column.last.toordinal() + 1),
            )
            for column in self.columns
        ]
        # No account has the year's result, so that its row has no id.
        rows.append({**_data("Net Income", None, current), "group": "NetIncome"})
        total = [a + b for a, b in zip(total, current, strict=True)]
        return self._section("Equity", "Equity", total, rows)

    def frame(
        self, title: str, group: str, *parts: tuple[Figures, Body], total: str = ""
    ) -> tuple[Figures, Body]:
        """Put sections into one; those without rows are left out."""
        rows = [row for _, row in parts if "Rows" in row]
        figures = _sum((figures for figures, _ in parts), self.columns)
        return self._section(title, group, figures, rows, total=total)

    def result(self, title: str, group: str, figures: Figures) -> Body:
        return {"Summary": _cells(title, figures), "type": "Section", "group": group}

    def _section(
        self, title: str, group: str, figures: Figures, rows: list[Body], total: str = ""
    ) -> tuple[Figures, Body]:
        section: Body = {"Header": self._title(title)}
        summary = _cells(total or f"Total {title}", figures)
        if rows:
            section["Rows"] = {"Row": rows}
        else:
            # A section in which nothing is has a sum of nothing, not of zero.
            summary = self._title(total or f"Total {title}")
        return figures, {**section, "Summary": summary, "type": "Section", "group": group}

    def _tree(self, members: dict[str, Figures], parent: str | None) -> list[Body]:
        """Return the rows of the accounts directly below another, each with those below it."""
        rows: list[Body] = []
        for key, figures in members.items():
            body = self.accounts[key]
            above = body.get("ParentRef", {}).get("value")
            if (above if above in members else None) != parent:
                continue
            below = self._tree(members, parent=key)
            if below:
                rows.append(self._account_section(body["Name"], key, figures, members, below))
            elif any(figures):
                rows.append(_data(body["Name"], key, figures))
        return rows

    def _account_section(
        self, name: str, key: str, figures: Figures, members: dict[str, Figures], below: list[Body]
    ) -> Body:
        total = _sum((figures, *self._below(key, members)), self.columns)
        head = _data(name, key, figures)["ColData"]
        return {
            "Header": {"ColData": head},
            "Rows": {"Row": below},
            "Summary": _cells(f"Total {name}", total),
            "type": "Section",
        }

    def _below(self, key: str, members: dict[str, Figures]) -> Iterable[Figures]:
        for other, figures in members.items():
            if self.accounts[other].get("ParentRef", {}).get("value") == key:
                yield figures
                yield from self._below(other, members)

    def _own(self, key: str) -> Figures:
        return [self.sums.get((key, place), 0) for place in range(len(self.columns))]

    def _nothing(self) -> Figures:
        return [0] * len(self.columns)

    def _title(self, title: str) -> Body:
        return {"ColData": [{"value": title}, *({"value": ""} for _ in self.columns)]}

    def _earned(self, first: date, before: date) -> int:
        results = {
            key for key, body in self.accounts.items() if body["AccountType"] in _RESULT_TYPES
        }
        return -sum(
            posting.cents
            for posting in self.company.postings
            if posting.account_id in results and first <= posting.on < before
        )


def _months(first: date, last: date) -> list[Column]:
    columns: list[Column] = []
    start = first
    while start <= last:
        following = date(start.year + start.month // 12, start.month % 12 + 1, 1)
        end = min(last, date.fromordinal(following.toordinal() - 1))
        is_whole = (start.day == 1 and end != last) or date.fromordinal(
            end.toordinal() + 1
        ).day == 1
        title = f"{start:%b %Y}" if is_whole else f"{start:%b} {start.day}-{end.day}, {start.year}"
        columns.append(Column(title, start, end, key=title))
        start = following
    return columns


def _head(column: Column | None) -> Body:
    if column is None:
        told = [{"Name": "ColKey", "Value": "account"}]
        return {"ColTitle": "", "ColType": "Account", "MetaData": told}
    told = [{"Name": "ColKey", "Value": column.key}]
    if column.key != "total":
        told = [
            {"Name": "StartDate", "Value": str(column.first)},
            {"Name": "EndDate", "Value": str(column.last)},
            *told,
        ]
    return {"ColTitle": column.title, "ColType": "Money", "MetaData": told}


def _data(name: str, account: str | None, figures: Figures) -> Body:
    first = {"value": name} if account is None else {"value": name, "id": account}
    cells = [first, *({"value": str(cents(each)) if each else ""} for each in figures)]
    return {"ColData": cells, "type": "Data"}


def _cells(label: str, figures: Figures) -> Body:
    return {"ColData": [{"value": label}, *({"value": str(cents(each))} for each in figures)]}


def _sum(parts: Iterable[Figures], columns: list[Column]) -> Figures:
    total = [0] * len(columns)
    for part in parts:
        total = [a + b for a, b in zip(total, part, strict=True)]
    return total


def _minus(left: Figures, right: Figures) -> Figures:
    return [a - b for a, b in zip(left, right, strict=True)]

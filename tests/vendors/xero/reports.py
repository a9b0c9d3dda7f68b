"""Balance sheet and profit and loss as Xero lays them out, each figure a sum over the postings."""

from calendar import monthrange
from datetime import date

from tests.vendors.books import LONG_AGO, Body, cents
from tests.vendors.xero.organisation import Organisation
from tests.vendors.xero.views import ms_date

# Xero gives the year's earnings, which are no account, an id that is none either.
EARNINGS = "abababab-abab-abab-abab-abababababab"

type Figures = list[int]
type Period = tuple[date, date]

_RESULT = frozenset({"REVENUE", "EXPENSE"})
_INCOME = frozenset({"SALES", "REVENUE"})
_OPERATING = frozenset({"OVERHEADS", "EXPENSE", "DEPRECIATN"})


def profit_and_loss(
    books: Organisation, first: date, last: date, periods: int, months: int
) -> Body:
    columns = [(_shift(first, -k * months), _shift(last, -k * months)) for k in range(periods + 1)]
    table = _Table(books, columns)
    income = table.section("Income", _INCOME, -1)
    cost = table.section("Less Cost of Sales", {"DIRECTCOSTS"}, 1)
    gross = _minus(income, cost)
    table.figures("Gross Profit", gross)
    other = table.section("Plus Other Income", {"OTHERINCOME"}, -1)
    operating = table.section("Less Operating Expenses", _OPERATING, 1)
    net = _minus([a + b for a, b in zip(gross, other, strict=True)], operating)
    table.figures("Net Profit", net)
    span = f"{_words(first)} to {_words(last)}"
    return table.report("ProfitAndLoss", "Profit and Loss", span)


def balance_sheet(books: Organisation, on: date, periods: int, months: int) -> Body:
    columns = [(LONG_AGO, _shift(on, -k * months)) for k in range(periods + 1)]
    table = _Table(books, columns)
    table.head("Assets")
    assets = _sum(
        table.section("Bank", {"BANK"}, 1, "ASSET"),
        table.section("Current Assets", {"CURRENT", "INVENTORY"}, 1),
        table.section("Fixed Assets", {"FIXED"}, 1),
    )
    table.figures("Total Assets", assets)
    table.head("Liabilities")
    liabilities = _sum(
        table.section("Current Liabilities", {"CURRLIAB", "BANK"}, -1, "LIABILITY"),
        table.section("Non-Current Liabilities", {"TERMLIAB"}, -1),
    )
    table.figures("Total Liabilities", liabilities)
    table.figures("Net Assets", _minus(assets, liabilities))
    table.equity()
    return table.report("BalanceSheet", "Balance Sheet", f"As at {_words(on)}")


class _Table:
    def __init__(self, books: Organisation, columns: list[Period]) -> None:
        self.books = books
        self.columns = columns
        heads = [{"Value": ""}, *({"Value": f"{last:%d %b %Y}"} for _, last in columns)]
        self.rows: list[Body] = [{"RowType": "Header", "Cells": heads}]
        # One walk over the postings instead of one for each cell.
        self.sums: dict[tuple[str, int], int] = {}
        for posting in books.postings:
            for i, (first, last) in enumerate(columns):
                if first <= posting.on <= last:
                    key = (posting.account_id, i)
                    self.sums[key] = self.sums.get(key, 0) + posting.cents

    def head(self, title: str) -> None:
        self.rows.append({"RowType": "Section", "Title": title, "Rows": []})

    def section(
        self, title: str, types: frozenset[str] | set[str], sign: int, kind: str | None = None
    ) -> Figures:
        """Add the accounts of some types that have any figure; a section without is left out."""
        rows = [
            (account["Name"], key, figures)
            for key, account in self.books.accounts.items()
            if account["Type"] in types and kind in {None, account["Class"]}
            for figures in [[sign * self.sums.get((key, i), 0) for i in range(len(self.columns))]]
            if any(figures)
        ]
        return self._add(title, rows, f"Total {title.removeprefix('Less ').removeprefix('Plus ')}")

    def equity(self) -> None:
        rows = []
        for key, account in self.books.accounts.items():
            if account["Class"] != "EQUITY":
                continue
            figures = [-self.sums.get((key, i), 0) for i in range(len(self.columns))]
            if account.get("SystemAccount") == "RETAINEDEARNINGS":
                earlier = [self._earned(LONG_AGO, self._year_start(on)) for _, on in self.columns]
                figures = [a + b for a, b in zip(figures, earlier, strict=True)]
            if any(figures):
                rows.append((account["Name"], key, figures))
        current = [
            self._earned(self._year_start(on), date.fromordinal(on.toordinal() + 1))
            for _, on in self.columns
        ]
        rows.append(("Current Year Earnings", EARNINGS, current))
        self._add("Equity", rows, "Total Equity")

    def figures(self, label: str, figures: Figures) -> None:
        """Add a row that follows from others, in a section of its own without a title."""
        cells = [{"Value": label}, *({"Value": str(cents(figure))} for figure in figures)]
        row = {"RowType": "Row", "Cells": cells}
        self.rows.append({"RowType": "Section", "Title": "", "Rows": [row]})

    def report(self, kind: str, name: str, span: str) -> Body:
        now = self.books.clock.now()
        return {
            "ReportID": kind,
            "ReportName": name,
            "ReportType": kind,
            "ReportTitles": [name, self.books.name, span],
            "ReportDate": _words(now.date()),
            "UpdatedDateUTC": ms_date(now),
            "Fields": [],
            "Rows": self.rows,
        }

    def _add(self, title: str, rows: list[tuple[str, str, Figures]], sum_label: str) -> Figures:
        total = [sum(row[2][i] for row in rows) for i in range(len(self.columns))]
        if rows:
            shown = [
                {"RowType": "Row", "Cells": _cells(name, figures, key)}
                for name, key, figures in rows
            ]
            summary = {"RowType": "SummaryRow", "Cells": _cells(sum_label, total)}
            self.rows.append({"RowType": "Section", "Title": title, "Rows": [*shown, summary]})
        return total

    def _earned(self, first: date, before: date) -> int:
        results = {
            key for key, account in self.books.accounts.items() if account["Class"] in _RESULT
        }
        return -sum(
            posting.cents
            for posting in self.books.postings
            if posting.account_id in results and first <= posting.on < before
        )

    def _year_start(self, on: date) -> date:
        """Return the first day of the financial year that a day is in."""
        body = self.books.body
        for year in (on.year, on.year - 1, on.year - 2):
            end = date(year, body["FinancialYearEndMonth"], body["FinancialYearEndDay"])
            if end < on:
                return date.fromordinal(end.toordinal() + 1)
        raise AssertionError("a year has one end")


def _cells(label: str, figures: Figures, account: str | None = None) -> list[Body]:
    values = [label, *(str(cents(figure)) for figure in figures)]
    if account is None:
        return [{"Value": value} for value in values]
    mark = [{"Value": account, "Id": "account"}]
    return [{"Value": value, "Attributes": mark} for value in values]


def _shift(on: date, months: int) -> date:
    """Move by months, on the same day: from the 30th of one month to the 30th of another."""
    number = on.year * 12 + on.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(on.day, monthrange(year, month)[1]))


def _minus(left: Figures, right: Figures) -> Figures:
    return [a - b for a, b in zip(left, right, strict=True)]


def _sum(*parts: Figures) -> Figures:
    return [sum(column) for column in zip(*parts, strict=True)]


def _words(on: date) -> str:
    return f"{on.day} {on:%B %Y}"


MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}

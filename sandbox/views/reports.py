"""Balance sheet, profit and loss and cash flow by month, each a sum over the ledger."""

from collections.abc import Iterable, Iterator

from sandbox.ledger import moments
from sandbox.ledger.books import Books
from sandbox.ledger.money import text
from sandbox.ledger.records import Account
from sandbox.ledger.totals import Cell, Sums

type Body = dict[str, object]
type Line = tuple[int, Body]

_MONTHS_BY_DEFAULT = 24
_GROUPS = {
    "bank": "Cash at bank",
    "receivable": "Accounts receivable",
    "current_asset": "Other current assets",
    "fixed_asset": "Fixed assets",
    "payable": "Accounts payable",
    "credit_card": "Credit cards",
    "tax": "Tax",
    "current_liability": "Other current liabilities",
    "long_term_liability": "Long-term liabilities",
}


class Report:
    """One kind of report over a range of months, as the books were at a moment."""

    def __init__(self, books: Books, moment: int, first: int | None, last: int | None) -> None:
        """:raises ValueError: when the range is empty"""
        self.books = books
        self.moment = moment
        self.sums: Sums = books.totals.at(books.journal_entries.position(moment))
        self.accounts = list(books.chart.values())
        earliest = moments.month_of(books.epoch)
        current = moments.month_of(moments.day_of(moment))
        self.last = min(current if last is None else last, current)
        self.first = max(self.last - _MONTHS_BY_DEFAULT if first is None else first, earliest)
        if self.first > self.last:
            raise ValueError("from must not be after to, nor both outside the books")

    def body(self, kind: str) -> Body:
        months = range(self.last, self.first - 1, -1)
        periods = {
            "balance_sheet": self._balance_sheets,
            "profit_and_loss": self._profits,
            "cash_flow": self._cash_flows,
        }[kind](months)
        return {
            "currency": self.books.profile.currency,
            "basis": "accrual",
            "earliest": moments.date_text(self.books.epoch),
            "latest": moments.date_text(moments.day_of(self.moment)),
            "as_of": moments.text(self.moment),
            "periods": list(periods),
        }

    def _balance_sheets(self, months: Iterable[int]) -> Iterator[Body]:
        earliest = moments.month_of(self.books.epoch)
        running: dict[str, int] = {}
        at_end: dict[int, dict[str, int]] = {}
        for month in range(earliest, self.last + 1):
            for account in self.accounts:
                moved = self.sums.ledger.get((account.id, month), 0)
                running[account.id] = running.get(account.id, 0) + moved
            at_end[month] = dict(running)
        for month in months:
            before = at_end.get(self._year_start(month) - 1, {})
            yield self._balance_sheet(month, at_end[month], before)

    def _balance_sheet(self, month: int, balances: dict[str, int], before: dict[str, int]) -> Body:
        earlier, until_now = -self._result(before), -self._result(balances)
        equity = [
            _leaf(account, amount)
            for account in self.accounts
            if account.classification == "equity"
            for amount in [
                -balances[account.id] + (earlier if account.type == "retained_earnings" else 0)
            ]
            if amount
        ]
        equity.append(_row(None, "Profit of the current year", until_now - earlier, []))
        return {
            "date": moments.date_text(min(moments.month_end(month), moments.day_of(self.moment))),
            "assets": _section("Assets", self._groups("asset", balances, 1)),
            "liabilities": _section("Liabilities", self._groups("liability", balances, -1)),
            "equity": _section("Equity", equity),
        }

    def _result(self, balances: dict[str, int]) -> int:
        """Net debits of income and expenses: minus the profit."""
        return sum(
            balances.get(account.id, 0)
            for account in self.accounts
            if account.classification in {"income", "expense"}
        )

    def _year_start(self, month: int) -> int:
        start = self.books.profile.year_start[0] - 1
        return (month - start) // 12 * 12 + start

    def _groups(self, classification: str, balances: dict[str, int], sign: int) -> list[Line]:
        grouped: dict[str, list[Line]] = {}
        for account in self.accounts:
            amount = sign * balances[account.id]
            if account.classification == classification and amount:
                grouped.setdefault(_GROUPS[account.type], []).append(_leaf(account, amount))
        return [_row(None, name, None, rows) for name, rows in grouped.items()]

    def _profits(self, months: Iterable[int]) -> Iterator[Body]:
        for month in months:
            yield {
                **self._period(month),
                "income": self._results("Income", {"sales"}, month, -1),
                "cost_of_sales": self._results("Cost of sales", {"cost_of_sales"}, month, 1),
                "expenses": self._results("Expenses", {"overhead", "depreciation"}, month, 1),
                "other_income": self._results("Other income", {"other_income"}, month, -1),
                "other_expenses": self._results("Other expenses", {"interest", "tax"}, month, 1),
            }

    def _results(self, name: str, types: set[str], month: int, sign: int) -> Body:
        """Show the accounts of some types, those with a parent account below that."""
        rows: list[Line] = []
        below: dict[str, list[Line]] = {}
        parents: list[Account] = []
        heads = {account.parent_id for account in self.accounts}
        for account in self.accounts:
            if account.type not in types or account.classification in {"asset", "liability"}:
                continue
            amount = sign * self.sums.ledger.get((account.id, month), 0)
            if account.id in heads:
                parents.append(account)
            elif amount and account.parent_id is not None:
                below.setdefault(account.parent_id, []).append(_leaf(account, amount))
            elif amount:
                rows.append(_leaf(account, amount))
        rows.extend(
            _row(parent.id, parent.name, None, below[parent.id])
            for parent in parents
            if parent.id in below
        )
        return _section(name, rows)

    def _cash_flows(self, months: Iterable[int]) -> Iterator[Body]:
        for month in months:
            flows = [
                (account, self.sums.cash.get(_cell(account, month), 0)) for account in self.accounts
            ]
            receipts = [_leaf(account, amount) for account, amount in flows if amount > 0]
            payments = [_leaf(account, -amount) for account, amount in flows if amount < 0]
            yield {
                **self._period(month),
                "receipts": _section("Receipts", receipts),
                "payments": _section("Payments", payments),
            }

    def _period(self, month: int) -> Body:
        return {
            "from": moments.date_text(moments.month_start(month)),
            "to": moments.date_text(moments.month_end(month)),
        }


def _cell(account: Account, month: int) -> Cell:
    return account.id, month


def _leaf(account: Account, amount: int) -> Line:
    return _row(account.id, account.name, amount, [])


def _row(account_id: str | None, name: str, amount: int | None, rows: list[Line]) -> Line:
    total = sum(part for part, _ in rows) if amount is None else amount
    return total, {
        "account_id": account_id,
        "name": name,
        "total": text(total),
        "rows": [row for _, row in rows],
    }


def _section(name: str, rows: list[Line]) -> Body:
    return {
        "name": name,
        "total": text(sum(amount for amount, _ in rows)),
        "rows": [row for _, row in rows],
    }

"""Reports equal the ledger they are views of."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from sandbox.ledger import moments
from sandbox.ledger.books import Books
from sandbox.views.journal import journal
from sandbox.views.reports import Report
from tests.sandbox.conftest import EPOCH, NOON

FIRST, LAST = moments.month_of(EPOCH.toordinal()), moments.month_of(moments.day_of(NOON))


def periods(books: Books, kind: str) -> list[dict[str, Any]]:
    found: Any = Report(books, NOON, FIRST, LAST).body(kind)["periods"]
    return list(found)


def total(section: dict[str, Any]) -> Decimal:
    """Check that every total below is the sum of its rows, and return the section's."""
    amount = Decimal(section["total"])
    if section["rows"] or section.get("account_id") is None:
        assert amount == sum((total(row) for row in section["rows"]), Decimal()) or (
            not section["rows"] and section.get("name") == "Profit of the current year"
        )
    return amount


def leaves(section: dict[str, Any]) -> dict[str | None, Decimal]:
    found: dict[str | None, Decimal] = {}
    for row in section["rows"]:
        if row["rows"]:
            found |= leaves(row)
        else:
            found[row["account_id"]] = Decimal(row["total"])
    return found


def test_every_month_end_balance_sheet_balances(books: Books):
    for sheet in periods(books, "balance_sheet"):
        assets, liabilities, equity = (
            total(sheet[part]) for part in ("assets", "liabilities", "equity")
        )
        assert assets == liabilities + equity
        assert assets > 0


def test_profit_and_loss_is_the_sum_of_the_journal(books: Books):
    roots = {
        "income": "Income:Sales",
        "other_income": "Income:Other",
        "cost_of_sales": "Expenses:CostOfSales",
        "expenses": "Expenses:Overheads",
        "other_expenses": "Expenses:Other",
    }
    added: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in journal(books, NOON, None, None):
        lines: Any = entry["lines"]
        for line in lines:
            root = ":".join(line["account"].split(":")[:2])
            added[root, str(entry["date"])[:7]] += Decimal(line["amount"])

    for period in periods(books, "profit_and_loss"):
        for part, root in roots.items():
            sign = -1 if "income" in part else 1
            assert total(period[part]) == sign * added[root, period["from"][:7]], part


def test_profit_moves_to_retained_earnings_at_the_year_end(books: Books):
    retained = books.chart["retained"].id
    sheets = {sheet["date"][:7]: sheet for sheet in periods(books, "balance_sheet")}
    profits = {period["from"][:7]: net(period) for period in periods(books, "profit_and_loss")}
    start = books.profile.year_start[0] - 1
    year = next(month for month in range(FIRST + 12, LAST) if month % 12 == start)

    before = leaves(sheets[moments.month_text(year - 1)]["equity"])
    after = leaves(sheets[moments.month_text(year)]["equity"])

    last_year = sum(profits[moments.month_text(month)] for month in range(year - 12, year))
    assert after[retained] - before[retained] == last_year
    assert after[None] == profits[moments.month_text(year)]


def net(period: dict[str, Any]) -> Decimal:
    gain = total(period["income"]) + total(period["other_income"])
    spent = ("cost_of_sales", "expenses", "other_expenses")
    return gain - sum((total(period[part]) for part in spent), Decimal())


def test_cash_flow_is_the_change_of_the_bank_balances(books: Books):
    banks = {books.chart[role].id for role in ("bank", "savings")}
    held = {
        sheet["date"][:7]: sum(
            amount for key, amount in leaves(sheet["assets"]).items() if key in banks
        )
        for sheet in periods(books, "balance_sheet")
    }
    for flow in periods(books, "cash_flow"):
        month = moments.parse_month(flow["from"][:7])
        change = held[flow["from"][:7]] - held.get(moments.month_text(month - 1), Decimal())
        assert total(flow["receipts"]) - total(flow["payments"]) == change


def test_reports_show_25_months_newest_first_by_default(books: Books):
    body: Any = Report(books, NOON, None, None).body("profit_and_loss")

    assert [body["earliest"], body["latest"]] == ["2024-07-01", "2026-09-21"]
    starts = [period["from"] for period in body["periods"]]
    assert len(starts) == 25
    assert starts == sorted(starts, reverse=True)
    assert [starts[0], starts[-1]] == ["2026-09-01", "2024-09-01"]
    sheet: Any = Report(books, NOON, None, None).body("balance_sheet")["periods"]
    assert [each["date"] for each in sheet[:2]] == ["2026-09-21", "2026-08-31"]


def test_every_business_earns_money(books: Books):
    year = periods(books, "profit_and_loss")[1:13]
    sales = sum(total(period["income"]) for period in year)
    operating = sum(
        total(period["income"]) - total(period["cost_of_sales"]) - total(period["expenses"])
        for period in year
    )

    assert Decimal("0.02") < operating / sales < Decimal("0.35")

"""hledger reads the exported journal and comes to the figures of the reports."""

import csv
import shutil
import subprocess
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sandbox.ledger import moments
from sandbox.ledger.profiles import PROFILES
from tests.sandbox.conftest import Visitor

pytestmark = pytest.mark.skipif(
    shutil.which("hledger") is None, reason="hledger is not installed (apt-get install hledger)"
)


def write_journal(path: Path, entries: list[dict[str, Any]], currency: str) -> None:
    """Declare currency and accounts, too, so that hledger can check strictly."""
    accounts = sorted({line["account"] for entry in entries for line in entry["lines"]})
    with path.open("w") as journal:
        journal.write(f"commodity 1000.00 {currency}\n")
        journal.writelines(f"account {account}\n" for account in accounts)
        for entry in entries:
            journal.write(f"\n{entry['date']} {entry['ref']}\n")
            for line in entry["lines"]:
                journal.write(f"    {line['account']}  {line['amount']} {currency}\n")


def changes_by_month(journal: Path) -> dict[str, dict[str, Decimal]]:
    """Return what hledger adds up by month and the first two parts of the account name.

    With `--strict` it runs `hledger check --strict` first: unbalanced entries, undeclared or
    misspelt names and a wrong currency end it with an error.
    """
    command = ["hledger", "--strict", "-f", str(journal), "balance", "--monthly"]
    layout = ["--flat", "--depth", "2", "--no-total", "-O", "csv"]
    listed = subprocess.run([*command, *layout], capture_output=True, text=True, check=True).stdout
    found: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    for row in csv.DictReader(listed.splitlines()):
        account = row.pop("account")
        for month, amount in row.items():
            found[month][account] = Decimal(amount.split()[0])
    return found


def test_hledger_refuses_books_that_do_not_balance(tmp_path: Path):
    lines = [{"account": "Assets:A", "amount": "1.00"}, {"account": "Income:B", "amount": "-1.01"}]
    journal = tmp_path / "books.journal"
    write_journal(journal, [{"date": "2026-01-01", "ref": "jnl", "lines": lines}], "USD")

    with pytest.raises(subprocess.CalledProcessError):
        changes_by_month(journal)


@pytest.mark.parametrize("key", sorted(PROFILES))
def test_hledger_comes_to_the_same_figures(visitor: Visitor, tmp_path: Path, key: str):
    tokens = visitor.connect(key)
    newest = visitor.get("reports/profit_and_loss", tokens).json()
    as_of, last = newest["as_of"], moments.parse_month(newest["latest"][:7]) - 1
    months = {"from": moments.month_text(last - 11), "to": moments.month_text(last)}
    profit = visitor.get("reports/profit_and_loss", tokens, **months, as_of=as_of).json()
    sheet = visitor.get("reports/balance_sheet", tokens, **months, as_of=as_of).json()["periods"][0]
    entries = visitor.control("GET", f"businesses/{key}/journal", params={"as_of": as_of}).json()
    journal = tmp_path / "books.journal"
    write_journal(journal, entries, PROFILES[key].currency)

    year: defaultdict[str, Decimal] = defaultdict(Decimal)
    closing: defaultdict[str, Decimal] = defaultdict(Decimal)
    for month, changes in changes_by_month(journal).items():
        for account, amount in changes.items():
            if month <= months["to"]:
                closing[account.split(":")[0]] += amount
            if months["from"] <= month <= months["to"]:
                year[account] += amount

    def reported(*parts: str) -> Decimal:
        return sum(
            (Decimal(period[part]["total"]) for period in profit["periods"] for part in parts),
            Decimal(),
        )

    assert len(profit["periods"]) == 12
    assert reported("income") == -year["Income:Sales"] > 0
    assert reported("cost_of_sales") == year["Expenses:CostOfSales"]
    assert reported("income") - reported("cost_of_sales", "expenses") == -(
        year["Income:Sales"] + year["Expenses:CostOfSales"] + year["Expenses:Overheads"]
    )
    assert reported("other_income") == -year["Income:Other"]
    assert reported("other_expenses") == year["Expenses:Other"]
    assert Decimal(sheet["assets"]["total"]) == closing["Assets"]
    assert Decimal(sheet["liabilities"]["total"]) == -closing["Liabilities"]
    equity = closing["Equity"] + closing["Income"] + closing["Expenses"]
    assert Decimal(sheet["equity"]["total"]) == -equity

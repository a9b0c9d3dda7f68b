"""Balance sheet and profit and loss, from balances that follow from postings as in Tryton."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest

from connections.platforms.base import Unexpected
from connections.schemas import BalanceSheet, DataType, ProfitAndLoss, ReportLine, encode
from connections.schemas.validation import validate
from tests.connections.platforms.tryton.fake import FakeTryton, amount, day

RECORDS = Path(__file__).parent / "records"

CASH, RECEIVABLE, LOAN, CAPITAL, SALES, MATERIALS, RENT, INTEREST, GRANT, GUARANTEE = range(10, 20)
# Names and types of the universal chart; cash hangs on a type without the flag ``assets``.
ACCOUNTS = {
    CASH: ("1.1.1", "Checking", 20, "balance"),
    RECEIVABLE: ("1.1.5", "Trade receivables", 19, "balance"),
    LOAN: ("2.3.2", "Loans payable", 10, "balance"),
    CAPITAL: ("3.1.1", "Issued capital", 16, "balance"),
    SALES: ("4.2.2", "Services", 37, "income"),
    MATERIALS: ("5.1.1", "Materials", 38, "income"),
    RENT: ("5.2.1", "Rent", 39, "income"),
    INTEREST: ("6.2.6", "Interest", 44, "income"),
    GRANT: ("6.1.1", "Grants", 42, "income"),
    GUARANTEE: ("9.1", "Guarantees given", 5, "off-balance"),
}


@pytest.fixture
def fake() -> FakeTryton:
    """Books that began in November 2025 and whose first year nobody closed."""
    fake = FakeTryton()
    for number, (code, name, type_id, statement) in ACCOUNTS.items():
        kind = {"id": type_id, "statement": statement}
        fake.add("account.account", number, code=code, name=name, type=kind)
    post(fake, dt.date(2025, 11, 3), {CASH: "1000", LOAN: "-400", CAPITAL: "-600"})
    post(fake, dt.date(2025, 11, 20), {RECEIVABLE: "250.50", SALES: "-250.50"})
    post(fake, dt.date(2025, 12, 31), {RENT: "100", CASH: "-100"})
    post(fake, dt.date(2026, 1, 31), {RECEIVABLE: "70", SALES: "-70"})
    post(fake, dt.date(2026, 10, 1), {MATERIALS: "20.25", INTEREST: "5", CASH: "-25.25"})
    post(fake, dt.date(2026, 11, 28), {CASH: "8", GRANT: "-8"})
    post(fake, dt.date(2026, 11, 29), {CASH: "-1", RENT: "1"})
    return fake


def post(fake: FakeTryton, on: dt.date, debited: dict[int, str]) -> None:
    number = len(fake.tables["account.move"]) + 1
    date = day(on.year, on.month, on.day)
    fake.add("account.move", number, date=date, state="posted")
    fake.postings += [(on, account, Decimal(value)) for account, value in debited.items()]


def sheet(fake: FakeTryton) -> BalanceSheet:
    (page,) = fake.open().fetch(DataType.BALANCE_SHEET, since=None, cursor=None)
    (record,) = page.records
    assert isinstance(record, BalanceSheet)
    return record


def result(fake: FakeTryton) -> ProfitAndLoss:
    (page,) = fake.open().fetch(DataType.PROFIT_AND_LOSS, since=None, cursor=None)
    (record,) = page.records
    assert isinstance(record, ProfitAndLoss)
    return record


def value(line: ReportLine | None) -> Decimal:
    assert line is not None
    return line.value


@pytest.mark.parametrize("data_type", [DataType.BALANCE_SHEET, DataType.PROFIT_AND_LOSS])
def test_balances_become_their_record(fake: FakeTryton, data_type: DataType):
    expected = json.loads((RECORDS / f"{data_type}.json").read_text(), parse_float=Decimal)

    (page,) = fake.open().fetch(data_type, since=None, cursor=None)

    assert json.loads(encode(page.records[0]), parse_float=Decimal) == expected


def test_statements_are_not_found_odd(fake: FakeTryton):
    assert validate(sheet(fake)) == []
    assert validate(result(fake)) == []


def test_months_go_back_to_the_first_posting_newest_first(fake: FakeTryton):
    months = result(fake).reports

    assert (months[0].from_date, months[0].to_date) == (dt.date(2026, 11, 1), dt.date(2026, 11, 30))
    assert (months[-1].from_date, len(months)) == (dt.date(2025, 11, 1), 13)


def test_no_more_than_two_complete_years_are_asked_for(fake: FakeTryton):
    fake.add("account.fiscalyear", 3, start_date=day(2020, 1, 1), end_date=day(2024, 12, 31))
    fake.add("account.move", 99, date=day(2020, 1, 1), state="posted")

    assert len(result(fake).reports) == len(sheet(fake).reports) == 25
    assert result(fake).earliest_available_month == dt.date(2020, 1, 1)


def test_running_month_has_a_sheet_of_the_day(fake: FakeTryton):
    newest = sheet(fake).reports[0]

    assert newest.date == dt.date(2026, 11, 28)
    assert value(newest.assets) == Decimal("1203.25")


def test_sheet_cumulates_years_that_nobody_closed(fake: FakeTryton):
    """Without ``cumulate`` the sheet would balance and hold this year's movements only."""
    by_date = {period.date: period for period in sheet(fake).reports}

    january = by_date[dt.date(2026, 1, 31)]

    assert value(january.assets) == Decimal("1220.50")
    assert value(january.liabilities) == 400
    assert value(january.equity) == january.net_assets == Decimal("820.50")


def test_equity_holds_the_profit_of_all_years_that_nobody_closed(fake: FakeTryton):
    by_date = {period.date: period for period in sheet(fake).reports}

    equity = by_date[dt.date(2026, 1, 31)].equity

    assert equity is not None
    assert equity.items is not None
    assert {item.name: item.value for item in equity.items}["Profit of years not closed yet"] == (
        Decimal("220.50")
    )


def test_cash_is_an_asset_though_its_type_is_not_flagged(fake: FakeTryton):
    flagged = [row for row in fake.tables["account.account.type"].values() if row.get("assets")]

    assets = sheet(fake).reports[0].assets

    assert assets is not None
    assert not any(row["id"] == ACCOUNTS[CASH][2] for row in flagged)
    assert str(CASH) in {leaf.account_id for leaf in leaves(assets)}


def leaves(line: ReportLine) -> list[ReportLine]:
    return [leaf for item in line.items or () for leaf in leaves(item)] or [line]


def test_closing_a_year_takes_nothing_from_its_profit(fake: FakeTryton):
    before_sheet, before_result = sheet(fake), result(fake)
    close_2025(fake)

    after = sheet(fake)

    assert result(fake) == before_result
    assert [value(each.equity) for each in after.reports] == [
        value(each.equity) for each in before_sheet.reports
    ]
    assert validate(after) == []


def close_2025(fake: FakeTryton) -> None:
    """Move the year's result to capital, in the journal Tryton closes years in."""
    on = dt.date(2025, 12, 31)
    post(fake, on, {SALES: "250.50", RENT: "-100", CAPITAL: "-150.50"})
    move = {"company": 1, "state": "posted", "date": day(2025, 12, 31)}
    for number, account, debit, credit in ((1, SALES, "250.50", "0"), (2, RENT, "0", "100")):
        fake.add(
            "account.move.line",
            number,
            account={"id": account, "type": {"statement": "income"}},
            date=day(2025, 12, 31),
            debit=amount(debit),
            credit=amount(credit),
            move={**move, "journal": {"type": "situation"}},
        )


def test_account_that_changes_sides_stands_where_its_balance_puts_it(fake: FakeTryton):
    fake.tables["account.account"][RECEIVABLE].update(credit_type=8)
    post(fake, dt.date(2026, 11, 28), {RECEIVABLE: "-1000", CASH: "1000"})

    newest = sheet(fake).reports[0]

    assert newest.liabilities is not None
    assert {leaf.account_id: leaf.value for leaf in leaves(newest.liabilities)} == {
        str(LOAN): 400,
        str(RECEIVABLE): Decimal("679.50"),
    }
    assert validate(sheet(fake)) == []


def test_accounts_off_the_balance_sheet_stay_off_it(fake: FakeTryton):
    before = sheet(fake)
    post(fake, dt.date(2026, 11, 28), {GUARANTEE: "5000"})

    assert sheet(fake) == before


def test_books_without_postings_have_an_empty_month():
    fake = FakeTryton()

    (period,) = result(fake).reports
    (on,) = sheet(fake).reports

    assert [period.net_profit, on.net_assets] == [0, 0]


def test_month_outside_all_fiscal_years_has_no_sheet(fake: FakeTryton):
    fake.tables["account.fiscalyear"][2]["end_date"] = day(2026, 10, 31)

    assert sheet(fake).reports[0].date == dt.date(2026, 10, 31)
    assert sheet(fake).most_recent_available_month == dt.date(2026, 10, 1)


@pytest.mark.parametrize("data_type", [DataType.BALANCE_SHEET, DataType.PROFIT_AND_LOSS])
def test_balance_that_is_no_amount_is_refused(
    fake: FakeTryton, data_type: DataType, monkeypatch: pytest.MonkeyPatch
):
    balance = {"debit": amount("NaN"), "credit": amount("0")}
    monkeypatch.setattr(fake, "_balance", lambda *_: balance)

    with pytest.raises(Unexpected):
        list(fake.open().fetch(data_type, since=None, cursor=None))


def test_one_question_is_asked_for_each_month(fake: FakeTryton):
    result(fake)

    assert len(fake.asked("account.account")) == 13
    assert len(fake.requests) == 13 + 5

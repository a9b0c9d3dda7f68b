"""Key figures are those of the statements, to the cent."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connections.models import Connection
from connections.schemas import BalanceSheet, ProfitAndLoss, ReportLine
from connections.schemas.statements import BalanceSheetPeriod, ProfitAndLossPeriod
from sync.figures import key_figures
from sync.models import DataStatus
from tests.factories import ConnectionFactory
from tests.sync.scripted import page


def month_start(back: int) -> date:
    """The first day of the month that lies so many months before this one."""
    today = datetime.now(UTC).date()
    years, month = divmod(today.year * 12 + today.month - 1 - back, 12)
    return date(years, month + 1, 1)


def line(amount: Decimal) -> ReportLine:
    return ReportLine(name="line", value=amount)


def month(back: int, income: str, profit: str) -> ProfitAndLossPeriod:
    revenue, result = Decimal(income), Decimal(profit)
    return ProfitAndLossPeriod(
        from_date=month_start(back),
        to_date=month_start(back - 1) - timedelta(days=1),
        income=line(revenue),
        cost_of_sales=line(Decimal(0)),
        gross_profit=revenue,
        expenses=line(revenue - result),
        net_operating_profit=result,
        other_income=line(Decimal(0)),
        other_expenses=line(Decimal(0)),
        net_other_income=Decimal(0),
        net_profit=result,
    )


def income_statement(*months: ProfitAndLossPeriod) -> ProfitAndLoss:
    return ProfitAndLoss(id="profitAndLoss", reports=months, report_basis="Accrual", currency="GBP")


def balance_sheet(*equities: tuple[date, str]) -> BalanceSheet:
    return BalanceSheet(
        id="balanceSheet",
        currency="GBP",
        reports=tuple(
            BalanceSheetPeriod(
                date=day,
                assets=line(Decimal(equity)),
                liabilities=line(Decimal(0)),
                net_assets=Decimal(equity),
                equity=line(Decimal(equity)),
            )
            for day, equity in equities
        ),
    )


@pytest.fixture
def statements(platform, pull):
    """Pull the two statements, of which figures are made."""

    def run(income: ProfitAndLoss, sheet: BalanceSheet) -> None:
        platform.serve(page(income, cursor="1"))
        pull("profitAndLoss")
        platform.serve(page(sheet, cursor="1"))
        pull("balanceSheet")

    return run


TWO_YEARS = [month(back, f"{1000 + back}.10", f"{100 + back}.01") for back in range(25)]
SHEETS = balance_sheet((date(2026, 10, 31), "900.55"), (date(2025, 10, 31), "600.00"))


def test_revenue_and_profit_cover_the_latest_twelve_complete_months(company, statements):
    statements(income_statement(*TWO_YEARS), SHEETS)

    figures = key_figures(company)

    assert figures.revenue.amount == sum(Decimal(f"{1000 + back}.10") for back in range(1, 13))
    assert figures.revenue.previous == sum(Decimal(f"{1000 + back}.10") for back in range(13, 25))
    assert figures.operating_profit.amount == sum(
        Decimal(f"{100 + back}.01") for back in range(1, 13)
    )
    assert (figures.revenue.first_day, figures.revenue.last_day) == (
        month_start(12),
        month_start(0) - timedelta(days=1),
    )
    assert figures.revenue.period.startswith("12 months, ")
    assert figures.currency == "GBP"
    assert [each.first_day for each in figures.months] == [
        month_start(back) for back in range(12, 0, -1)
    ]
    assert figures.revenue.direction == "down"
    assert figures.note == ""


def test_equity_is_that_of_the_newest_balance_sheet(company, statements):
    statements(income_statement(*TWO_YEARS), SHEETS)

    equity = key_figures(company).equity

    assert (equity.amount, equity.previous) == (Decimal("900.55"), Decimal("600.00"))
    assert equity.period == "on 31 Oct 2026"
    assert (equity.change, equity.direction) == ("50.1%", "up")


def test_a_figure_names_the_statement_it_came_from(company, connection, statements):
    statements(income_statement(*TWO_YEARS), SHEETS)

    source = key_figures(company).revenue.source

    assert source is not None
    status = DataStatus.objects.get(data_type="profitAndLoss")
    assert source.connection_id == connection.pk
    assert source.pull_id == status.latest_success_pull_id
    assert source.pulled_at == status.last_success_at


def test_before_the_first_pull_each_figure_says_why_it_is_missing(company, connection):
    figures = key_figures(company)

    assert [card.amount for card in figures.cards] == [None, None, None]
    assert figures.revenue.period == "No profit and loss statement was pulled yet"
    assert figures.equity.period == "No balance sheet was pulled yet"
    assert figures.months == []


def test_months_after_a_gap_are_not_added_up(company, statements):
    statements(income_statement(TWO_YEARS[1], TWO_YEARS[2], TWO_YEARS[4]), SHEETS)

    revenue = key_figures(company).revenue

    assert revenue.amount == Decimal("1001.10") + Decimal("1002.10")
    assert revenue.previous is None
    assert revenue.change == ""
    assert revenue.period.startswith("2 months, ")


def test_an_old_statement_is_marked_stale(company, statements):
    statements(income_statement(*TWO_YEARS), SHEETS)
    DataStatus.objects.filter(data_type="balanceSheet").update(
        frequency="daily", last_success_at=datetime.now(UTC) - timedelta(days=2)
    )

    figures = key_figures(company)

    assert [card.source and card.source.is_stale for card in figures.cards] == [False, False, True]
    assert figures.note == "The balance sheet should have been pulled again by now."


def test_statements_of_different_times_are_said_to_be(company, statements):
    statements(income_statement(*TWO_YEARS), SHEETS)
    DataStatus.objects.filter(data_type="balanceSheet").update(
        last_success_at=datetime.now(UTC) - timedelta(days=2)
    )

    assert "different times" in key_figures(company).note


def test_the_linked_connection_is_preferred(company, connection, statements):
    statements(income_statement(*TWO_YEARS), SHEETS)
    Connection.objects.filter(pk=connection.pk).update(status=Connection.Status.UNLINKED)
    other = ConnectionFactory(company=company)

    source = key_figures(company).revenue.source
    assert source is not None
    assert source.connection_id == connection.pk

    DataStatus.objects.filter(connection=connection).update(connection=other)
    assert key_figures(company).revenue.amount is None

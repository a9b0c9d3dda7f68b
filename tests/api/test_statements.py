"""Financial statements over other periods, and what is still to be paid."""

import datetime as dt
from calendar import monthrange
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connections.schemas import DataType, ReportLine
from connections.schemas.base import CustomerRef, SupplierRef
from connections.schemas.statements import (
    BalanceSheetPeriod,
    CashFlowPeriod,
    ProfitAndLossPeriod,
)
from connections.schemas.validation import validate
from sync import ageing
from sync.models import Record
from sync.statement_periods import Periods, over
from tests.api.stored import a_canonical, keep, unsaved
from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db

TODAY = dt.date(2026, 5, 31)


@pytest.fixture
def connection(company):
    return ConnectionFactory(company=company)


def last_day(year, month):
    return dt.date(year, month, monthrange(year, month)[1])


def line(name, *items, value=None, account=None):
    if items:
        return ReportLine(name=name, value=sum(each.value for each in items), items=items)
    return ReportLine(name=name, account_id=account, value=Decimal(value))


def a_month(number, coffee, rent):
    income = line("Income", line("Sales", line("Coffee", account="200", value=coffee)))
    expenses = line("Expenses", line("Rent", account="400", value=rent))
    result = income.value - expenses.value
    return ProfitAndLossPeriod(
        from_date=dt.date(2026, number, 1),
        to_date=last_day(2026, number),
        income=income,
        gross_profit=income.value,
        expenses=expenses,
        net_operating_profit=result,
        net_other_income=Decimal(),
        net_profit=result,
    )


def a_profit_and_loss(*months):
    return a_canonical(DataType.PROFIT_AND_LOSS, reports=tuple(months))


MONTHS = [a_month(number, f"{number}00.10", "50.05") for number in (5, 4, 3, 2, 1)]


@pytest.mark.parametrize("level", ["company", "connection"])
def test_a_profit_and_loss_over_quarters(program, company, connection, level):
    keep(connection, DataType.PROFIT_AND_LOSS, a_profit_and_loss(*MONTHS))
    between = "" if level == "company" else f"/connections/{connection.pk}"
    path = f"/companies/{company.pk}{between}/data/financials/profitAndLoss"
    answer = program.get(f"{path}?periodLength=3&periodsToCompare=4&startMonth=2026-05-01")
    assert answer.status_code == 200, answer.content
    statement = answer.json()

    assert not {"id", "sourceModifiedDate", "modifiedDate", "metadata"} & set(statement)
    assert (statement["reportBasis"], statement["currency"]) == ("Accrual", "GBP")
    newest, oldest = statement["reports"]
    assert (newest["fromDate"], newest["toDate"]) == ("2026-03-01", "2026-05-31")
    assert (oldest["fromDate"], oldest["toDate"]) == ("2026-01-01", "2026-02-28")
    assert b'"grossProfit":1200.30,' in answer.content
    assert newest["income"]["items"][0]["items"] == [
        {"accountId": "200", "name": "Coffee", "value": 1200.3, "items": None}
    ]
    assert newest["expenses"]["value"] == 150.15


@pytest.mark.parametrize(
    ("asked", "first_days"),
    [
        ("periodLength=1&periodsToCompare=2", ["2026-05-01", "2026-04-01"]),
        ("periodLength=1&periodsToCompare=2&startMonth=2026-03-31", ["2026-03-01", "2026-02-01"]),
        ("periodLength=1&periodsToCompare=1&startMonth=2026-02-10T00:00:00Z", ["2026-02-01"]),
        ("periodLength=12&periodsToCompare=5", ["2026-01-01"]),
        ("periodLength=1&periodsToCompare=2&startMonth=2020-01-01", []),
        ("periodLength=1&periodsToCompare=2&startMonth=2026-07-01", []),
    ],
)
def test_which_periods_there_are(program, company, connection, asked, first_days):
    keep(connection, DataType.PROFIT_AND_LOSS, a_profit_and_loss(*MONTHS))
    answer = program.get(f"/companies/{company.pk}/data/financials/profitAndLoss?{asked}")
    assert [each["fromDate"] for each in answer.json()["reports"]] == first_days


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "periodLength=1",
        "periodLength=0&periodsToCompare=1",
        "periodLength=1&periodsToCompare=1&startMonth=May",
        "periodLength=1&periodsToCompare=1&asOf=then",
    ],
)
def test_what_cannot_be_answered(program, company, connection, asked):
    keep(connection, DataType.PROFIT_AND_LOSS, a_profit_and_loss(*MONTHS))
    answer = program.get(f"/companies/{company.pk}/data/financials/profitAndLoss?{asked}")
    assert answer.status_code == 400


def test_a_balance_is_that_of_the_last_month(program, company, connection):
    sheets = tuple(
        BalanceSheetPeriod(date=last_day(2026, each), net_assets=Decimal(f"{each}.10"))
        for each in (5, 4, 3, 2, 1)
    )
    keep(connection, DataType.BALANCE_SHEET, a_canonical(DataType.BALANCE_SHEET, reports=sheets))
    path = f"/companies/{company.pk}/data/financials/balanceSheet"
    answer = program.get(f"{path}?periodLength=2&periodsToCompare=9")
    assert [each["date"] for each in answer.json()["reports"]] == [
        "2026-05-31",
        "2026-03-31",
        "2026-01-31",
    ]
    assert b'"netAssets":5.10' in answer.content


def test_cash_flows_are_added_up(program, company, connection):
    flows = tuple(
        CashFlowPeriod(
            from_date=dt.date(2026, each, 1),
            to_date=last_day(2026, each),
            cash_receipts=line("Receipts", value="10.10") if each > 1 else None,
        )
        for each in (3, 2, 1)
    )
    keep(
        connection,
        DataType.CASH_FLOW_STATEMENT,
        a_canonical(DataType.CASH_FLOW_STATEMENT, reports=flows),
    )
    path = f"/companies/{company.pk}/data/financials/cashFlowStatement"
    answer = program.get(f"{path}?periodLength=3&periodsToCompare=1")
    (report,) = answer.json()["reports"]
    assert b'"value":20.20' in answer.content
    assert (report["fromDate"], report["cashPayments"]) == ("2026-01-01", None)
    assert answer.json()["reportInput"] == "Direct"


MONEY = st.decimals(-10_000, 10_000, places=2)


def lines(depth=2):
    leaf = st.builds(
        ReportLine,
        name=st.sampled_from("abc"),
        account_id=st.sampled_from([None, "1", "2"]),
        value=MONEY,
    )
    if not depth:
        return leaf
    below = st.lists(lines(depth - 1), min_size=1, max_size=3)
    heading = st.builds(
        lambda name, items: ReportLine(
            name=name, value=sum(each.value for each in items), items=tuple(items)
        ),
        st.sampled_from("abc"),
        below,
    )
    return st.one_of(leaf, heading)


@given(st.lists(st.tuples(lines(), lines()), min_size=2, max_size=6))
def test_what_is_added_up_still_adds_up(months):
    reports = [
        msgspec.structs.replace(
            a_month(number, "0", "0"),
            income=income,
            expenses=expenses,
            gross_profit=income.value,
            net_operating_profit=income.value - expenses.value,
            net_profit=income.value - expenses.value,
        )
        for number, (income, expenses) in reversed(list(enumerate(months, 1)))
    ]
    statement = a_profit_and_loss(*reports)
    (whole,) = over(statement, Periods(12, 1)).reports
    assert isinstance(whole, ProfitAndLossPeriod)
    assert whole.net_profit == sum(each.net_profit for each in reports)
    found = validate(msgspec.structs.replace(statement, reports=(whole,)))
    assert [each for each in found if each.level == "error"] == []


DOCUMENT = st.fixed_dictionaries(
    {
        "party": st.sampled_from(["", "1", "2"]),
        "amount_due": st.decimals(-1000, 100_000, places=2),
        "currency": st.sampled_from(["GBP", "EUR"]),
        "issued": st.integers(-400, 10),
        "due": st.one_of(st.none(), st.integers(-400, 400)),
        "is_deleted": st.booleans(),
        "is_draft": st.booleans(),
    }
)


def stored_documents(connection, data_type, documents):
    for number, each in enumerate(documents):
        is_invoice = data_type is DataType.INVOICES
        reference = {
            "customer_ref" if is_invoice else "supplier_ref": CustomerRef(
                id=each["party"], company_name=f"Party {each['party']}"
            )
            if is_invoice
            else SupplierRef(id=each["party"], supplier_name=f"Party {each['party']}")
        }
        due = each["due"]
        record = a_canonical(
            data_type,
            f"{number}",
            amount_due=each["amount_due"],
            currency=each["currency"],
            issue_date=TODAY + dt.timedelta(days=each["issued"]),
            due_date=None if due is None else TODAY + dt.timedelta(days=due),
            status="Draft" if each["is_draft"] else "Unknown",
            **reference,
        )
        yield record, each["is_deleted"]


@pytest.mark.parametrize("data_type", [DataType.INVOICES, DataType.BILLS])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(
    documents=st.lists(DOCUMENT, max_size=12),
    periods=st.integers(1, 6),
    days=st.integers(1, 90),
)
def test_the_buckets_add_up_to_what_is_due(connection, data_type, documents, periods, days):
    rows = Record.objects.within(connection.organization_id)
    rows.delete()
    Record.objects.bulk_create(
        [
            unsaved(connection, record, is_deleted=is_deleted)
            for record, is_deleted in stored_documents(connection, data_type, documents)
        ]
    )
    found = ageing.aged(rows, data_type, ageing.Parameters(TODAY, periods, days))

    sums = {
        (party.id, each.currency): sum(bucket.amount for bucket in each.buckets)
        for party in found
        for each in party.outstanding
    }
    expected: dict[tuple[str, str], Decimal] = {}
    for each in documents:
        if each["is_deleted"] or each["is_draft"] or each["issued"] > 0 or not each["amount_due"]:
            continue
        key = (each["party"], each["currency"])
        expected[key] = expected.get(key, 0) + each["amount_due"]
    assert sums == expected
    for party in found:
        for each in party.outstanding:
            closed = [bucket for bucket in each.buckets if bucket.from_date and bucket.to_date]
            assert len(closed) == periods
            for newer, older in pairwise(each.buckets):
                assert newer.from_date is not None
                assert older.to_date == newer.from_date - dt.timedelta(days=1)


def test_aged_debtors(program, company, connection):
    def invoice(number, due, amount, **fields):
        return a_canonical(
            DataType.INVOICES,
            number,
            customer_ref=CustomerRef(id="c1", company_name="Café Zoë"),
            issue_date=dt.date(2026, 1, 1),
            due_date=due,
            amount_due=Decimal(amount),
            **fields,
        )

    keep(
        connection,
        DataType.INVOICES,
        invoice("1", dt.date(2026, 5, 31), "100.10"),
        invoice("2", dt.date(2026, 5, 2), "0.20"),
        invoice("3", dt.date(2026, 5, 1), "5.00"),
        invoice("4", dt.date(2025, 1, 1), "7.00"),
        invoice("5", dt.date(2026, 6, 1), "9.00"),
        invoice("6", dt.date(2026, 5, 1), "77.00", status="Void"),
    )
    path = f"/companies/{company.pk}/reports/agedDebtor"
    answer = program.get(f"{path}?reportDate=2026-05-31&numberOfPeriods=2&periodLengthDays=30")
    assert answer.status_code == 200, answer.content
    report = answer.json()

    assert report["reportDate"] == "2026-05-31"
    (debtor,) = report["data"]
    assert (debtor["customerId"], debtor["customerName"]) == ("c1", "Café Zoë")
    (gbp,) = debtor["agedCurrencyOutstanding"]
    assert [
        (each.get("fromDate"), each.get("toDate"), each["amount"])
        for each in gbp["agedOutstandingAmounts"]
    ] == [
        ("2026-06-01", None, 9),
        ("2026-05-02", "2026-05-31", 100.3),
        ("2026-04-02", "2026-05-01", 5),
        (None, "2026-04-01", 7),
    ]
    assert b'"amount":100.30' in answer.content
    assert gbp["agedOutstandingAmounts"][1]["details"] == [{"name": "Invoices", "amount": 100.3}]
    assert program.get(f"{path}?numberOfPeriods=0").status_code == 400
    assert program.get(f"{path}?reportDate=0001-01-01").status_code == 400
    for number in ("0", "20260531", "1e9"):  # seconds since 1970 to others
        answer = program.get(f"{path}?reportDate={number}")
        assert answer.status_code == 400
        assert answer.json()["error"] == "reportDate: Write it as an ISO date, like 2026-11-28."
    assert program.get(f"{path}?reportDate=9999-12-31").status_code in {200, 400}


@pytest.mark.parametrize(
    ("name", "data_type"), [("agedDebtor", "invoices"), ("agedCreditor", "bills")]
)
def test_whether_a_report_can_be_had(program, company, name, data_type):
    path = f"/companies/{company.pk}/reports/{name}"
    assert program.get(f"{path}/available").status_code == 404
    connection = ConnectionFactory(company=company)
    assert program.get(f"{path}/available").json() is False
    assert program.get(path).status_code == 409
    keep(connection, DataType(data_type))
    assert program.get(f"{path}/available").json() is True
    assert program.get(path).json()["data"] == []


def test_aged_creditors(program, company, connection):
    supplier = SupplierRef(id="s1", supplier_name="Harbour Beans")
    keep(connection, DataType.BILLS, a_canonical(DataType.BILLS, supplier_ref=supplier))
    path = f"/companies/{company.pk}/reports/agedCreditor"
    (creditor,) = program.get(f"{path}?reportDate=2026-05-04").json()["data"]
    assert (creditor["supplierId"], creditor["supplierName"]) == ("s1", "Harbour Beans")
    newest = creditor["agedCurrencyOutstanding"][0]["agedOutstandingAmounts"][0]
    assert newest["amount"] == 100.1
    assert len(creditor["agedCurrencyOutstanding"][0]["agedOutstandingAmounts"]) == 4

"""What QuickBooks says, type by type, and the record it becomes."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connections.platforms.base import NotSupported, Unexpected
from connections.platforms.periods import has_no_result
from connections.platforms.quickbooks import QuickBooks
from connections.platforms.quickbooks.moments import column_month, moment
from connections.schemas import DataType, encode, listing
from connections.schemas.validation import validate
from tests.connections.platforms.contract import respond
from tests.connections.platforms.quickbooks import samples
from tests.connections.platforms.quickbooks.books import QuickBooksBooks
from tests.vendors.quickbooks import contract

RECORDS = Path(__file__).parent / "records"
ALL = sorted(QuickBooks.data_types)


REPORTS = {
    DataType.PROFIT_AND_LOSS: samples.PROFIT_AND_LOSS,
    DataType.BALANCE_SHEET: samples.BALANCE_SHEET,
}


def records_of(books: QuickBooksBooks, data_type: DataType, **changes: Any) -> list[Any]:
    platform = QuickBooks(books.client(), books.authorized())
    if data_type in REPORTS:
        books.fail(respond(200, body=json.dumps(REPORTS[data_type]).encode()))
    elif not data_type.is_single:
        books.show(data_type, **changes)
    pages = list(platform.fetch(data_type, since=None, cursor=None))
    assert not any(page.rejected for page in pages)
    return [record for page in pages for record in page.records]


def record_of(books: QuickBooksBooks, data_type: DataType, **changes: Any) -> Any:
    (record,) = records_of(books, data_type, **changes)
    return record


@pytest.mark.parametrize("data_type", ALL)
def test_answer_becomes_its_record(books: QuickBooksBooks, data_type: DataType):
    expected = json.loads((RECORDS / f"{data_type}.json").read_text(), parse_float=Decimal)

    record = record_of(books, data_type)

    said = json.loads(encode(record), parse_float=Decimal)
    if data_type is DataType.COMPANY:
        assert said.pop("accountingPlatformRef") == books.company.realm
    assert said == expected
    assert listing(record).label


@pytest.mark.parametrize("data_type", ALL)
def test_ordinary_record_is_not_found_odd(books: QuickBooksBooks, data_type: DataType):
    assert validate(record_of(books, data_type)) == []


def test_there_is_no_cash_flow_statement(books: QuickBooksBooks):
    platform = QuickBooks(books.client(), books.authorized())

    with pytest.raises(NotSupported):
        platform.fetch(DataType.CASH_FLOW_STATEMENT, since=None, cursor=None)


@pytest.mark.parametrize(
    ("balance", "total", "note", "ours"),
    [
        (372, 372, None, "Submitted"),
        (100, 372, None, "PartiallyPaid"),
        (0, 372, None, "Paid"),
        (0, 0, "Voided - duplicate", "Void"),
        (0, 0, None, "Paid"),
    ],
)
def test_invoice_status(
    books: QuickBooksBooks, balance: int, total: int, note: str | None, ours: str
):
    changes = {"Balance": balance, "TotalAmt": total, "PrivateNote": note}

    assert record_of(books, DataType.INVOICES, **changes).status == ours


def test_tax_of_a_document_is_shared_by_the_lines_that_bear_it(books: QuickBooksBooks):
    fountain, design, discount = record_of(books, DataType.INVOICES).line_items

    assert (fountain.tax_amount, design.tax_amount, discount.tax_amount) == (22, 0, 0)
    assert discount.sub_total == Decimal("-12.5")


def test_bundle_counts_by_its_parts(books: QuickBooksBooks):
    bundle = {
        "Amount": 362.5,
        "DetailType": "GroupLineDetail",
        "GroupLineDetail": {"Line": samples.SALE_LINES[:2]},
    }

    record = record_of(books, DataType.INVOICES, Line=[bundle, samples.SALE_LINES[3]])

    assert [line.sub_total for line in record.line_items] == [275, Decimal("87.5"), -12.5]
    assert validate(record) == []


def test_credit_used_with_a_payment_makes_the_money_less(books: QuickBooksBooks):
    record = record_of(books, DataType.PAYMENTS)

    assert [(line.links[0].type, line.amount, line.links[0].amount) for line in record.lines] == [
        ("Invoice", 90, -90),
        ("CreditNote", -20, 20),
        ("PaymentOnAccount", 10, -10),
    ]


def test_journal_posting_on_no_side_is_kept_aside(books: QuickBooksBooks):
    detail = {"PostingType": "Sideways", "AccountRef": {"value": "1"}}
    line = {"Amount": 1, "JournalEntryLineDetail": detail}
    books.is_spoilt = True
    books.show(DataType.JOURNAL_ENTRIES, Line=[line])
    platform = QuickBooks(books.client(), books.authorized())

    (page,) = platform.fetch(DataType.JOURNAL_ENTRIES, since=None, cursor=None)

    assert [row.reason for row in page.rejected] == ["'Sideways' is no side of a ledger"]


def test_category_is_no_item(books: QuickBooksBooks):
    assert records_of(books, DataType.ITEMS, Type="Category") == []


def test_currency_of_a_company_with_only_one_is_its_own(books: QuickBooksBooks):
    assert record_of(books, DataType.INVOICES, CurrencyRef=None).currency == "USD"


def test_what_moves_money_of_a_bank_account(books: QuickBooksBooks):
    bank = books.put(DataType.BANK_ACCOUNTS)
    funds = books.put(DataType.CHART_OF_ACCOUNTS, AccountType="Other Current Asset")
    to_bank = {"DepositToAccountRef": {"value": bank}, "TotalAmt": 5}
    base = {"TxnDate": "2026-01-10"}
    rows: list[tuple[str, dict[str, Any]]] = [
        ("Purchase", {"AccountRef": {"value": bank}, "TotalAmt": 1, "PaymentType": "Check"}),
        ("Purchase", {"AccountRef": {"value": bank}, "TotalAmt": 2, "Credit": True}),
        ("Deposit", {**to_bank, "TotalAmt": 3}),
        (
            "Transfer",
            {"FromAccountRef": {"value": bank}, "ToAccountRef": {"value": funds}, "Amount": 4},
        ),
        ("Payment", to_bank),
        ("Payment", {"DepositToAccountRef": {"value": funds}, "TotalAmt": 6}),
        ("Payment", {**to_bank, "TotalAmt": 0}),
        ("BillPayment", {"CheckPayment": {"BankAccountRef": {"value": bank}}, "TotalAmt": 7}),
        ("SalesReceipt", {**to_bank, "TotalAmt": 8}),
        ("RefundReceipt", {**to_bank, "TotalAmt": 9}),
    ]
    for number, (entity, row) in enumerate(rows, start=1):
        books.company.put(entity, {**base, **row, "Id": str(number)})
    platform = QuickBooks(books.client(), books.authorized())
    before = books.request_count()

    pages = list(platform.fetch(DataType.BANK_TRANSACTIONS, since=None, cursor=None))

    found = {record.id: record.amount for page in pages for record in page.records}  # type: ignore[attr-defined]
    assert found == {
        "Purchase-1": -1,
        "Purchase-2": 2,
        "Deposit-3": 3,
        "Transfer-4-out": -4,
        "Payment-5": 5,
        "BillPayment-8": -7,
        "SalesReceipt-9": 8,
        "RefundReceipt-10": -9,
    }
    # One for each of seven lists, and one for the accounts that are banks.
    assert books.request_count() - before == 8


@pytest.mark.parametrize("data_type", REPORTS)
@pytest.mark.parametrize("value", ["1.00", "NaN", "much"])
def test_statement_that_does_not_add_up_is_refused(
    books: QuickBooksBooks, data_type: DataType, value: str
):
    spoilt = json.loads(json.dumps(REPORTS[data_type]).replace('"820.00"', f'"{value}"', 1))
    if data_type is DataType.PROFIT_AND_LOSS:
        spoilt["Rows"]["Row"][0]["Rows"]["Row"][0]["ColData"][1]["value"] = value
    platform = QuickBooks(books.client(), books.authorized())
    books.fail(respond(200, body=json.dumps(spoilt).encode()))

    with pytest.raises(Unexpected):
        list(platform.fetch(data_type, since=None, cursor=None))


def test_report_without_rows_has_no_figures(books: QuickBooksBooks):
    empty = {**samples.PROFIT_AND_LOSS, "Rows": {}}
    platform = QuickBooks(books.client(), books.authorized())
    books.fail(respond(200, body=json.dumps(empty).encode()))

    (page,) = platform.fetch(DataType.PROFIT_AND_LOSS, since=None, cursor=None)

    (period,) = page.records[0].reports  # type: ignore[attr-defined]
    assert period.net_profit == 0
    assert has_no_result(period)


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_samples_of_reports_keep_the_contract(report: Any):
    judge = contract.load()
    if judge is None:
        pytest.skip(contract.MISSING)

    body = json.dumps(report).encode()

    assert list(judge.answer_faults("/v3/company/1/reports/Sample", 200, body)) == []


@pytest.mark.parametrize("text", ["", "2018-10-20", "2018-10-20T00:00:00", "soon"])
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(ValueError, match=r"zone|format|isoformat"):
        moment(text)


def test_heads_of_columns():
    assert str(column_month("Feb 2020")) == "2020-02-29"
    with pytest.raises(ValueError, match="month"):
        column_month("Jan 1 - Jan 15, 2026")

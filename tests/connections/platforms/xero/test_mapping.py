"""What Xero says, type by type, and the record it becomes."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from connections.platforms.base import (
    AuthorizationRevoked,
    Credentials,
    NotSupported,
    Page,
    PermissionMissing,
    PlatformError,
    Unexpected,
)
from connections.platforms.http import new_client
from connections.platforms.xero import Xero, moments
from connections.schemas import DataType, encode, listing
from connections.schemas.validation import validate
from tests.connections.platforms.xero.books import VENDOR_LISTS, sample

RECORDS = Path(__file__).parent / "records"
TENANT = "b2c885a9-4bb9-4a00-9b6e-6c2bf60b1a2b"
CREDENTIALS = Credentials(access_token="a", refresh_token="r", parameters={"tenant_id": TENANT})
NOW = "Fri, 12 Apr 2019 20:00:00 GMT"
ACCOUNTS = [
    {"AccountID": f"code-{code}", "Code": code, "Type": kind, "UpdatedDateUTC": "/Date(0)/"}
    for code, kind in (("200", "SALES"), ("260", "OTHERINCOME"), ("310", "DIRECTCOSTS"))
] + [
    {
        "AccountID": "00000008-3d61-4e5d-8c1a-b9236955a71c",
        "Type": "OTHERINCOME",
        "Class": "REVENUE",
        "UpdatedDateUTC": "/Date(0)/",
    }
]
REPORTS = {DataType.BALANCE_SHEET: "BalanceSheet", DataType.PROFIT_AND_LOSS: "ProfitAndLoss"}
ALL = sorted(VENDOR_LISTS | REPORTS | {DataType.COMPANY: "Organisation"})


def platform(answers: Mapping[str, Any], scope: str = "") -> Xero:
    """Open a Xero that has just this to say."""

    def respond(request: httpx.Request) -> httpx.Response:
        assert request.headers["xero-tenant-id"] == TENANT
        answer = answers[request.url.path.removeprefix("/api.xro/2.0/")]
        if isinstance(answer, httpx.Response):
            return answer
        if callable(answer):
            answer = answer(request)
        return httpx.Response(200, json=answer, headers={"Date": NOW})

    client = new_client(base_url="http://xero.test", transport=httpx.MockTransport(respond))
    credentials = Credentials(access_token="a", scope=scope, parameters={"tenant_id": TENANT})
    return Xero(client, credentials, sleep=lambda _: None)


def answers_for(data_type: DataType, row: Any) -> dict[str, Any]:
    answers: dict[str, Any] = {
        "Organisation": {"Organisations": [sample("company")]},
        "Accounts": {"Accounts": ACCOUNTS},
        "Overpayments": {"Overpayments": []},
        "Prepayments": {"Prepayments": []},
    }
    if data_type is DataType.COMPANY:
        answers["Organisation"] = {"Organisations": [row]}
    elif data_type in REPORTS:
        # Asked again for the years before, when there was nothing.
        answers[f"Reports/{REPORTS[data_type]}"] = _once(row)
    else:
        answers[VENDOR_LISTS[data_type]] = {VENDOR_LISTS[data_type]: [row]}
    return answers


def _once(report: Any) -> Callable[[httpx.Request], Any]:
    def answer(request: httpx.Request) -> Any:
        asked = date.fromisoformat(request.url.params.get("date") or request.url.params["toDate"])
        if asked == date(2019, 5, 31):
            return {"Reports": [report]}
        head = {"RowType": "Header", "Cells": [{"Value": ""}, {"Value": f"{asked:%d %b %Y}"}]}
        return {"Reports": [{"Rows": [head]}]}

    return answer


def pulled(data_type: DataType, row: Any, *, since: str | None = None) -> Page:
    page, *rest = platform(answers_for(data_type, row)).fetch(data_type, since=since, cursor=None)
    assert not any(more.records or more.rejected for more in rest)
    return page


def record_of(data_type: DataType, **changes: Any) -> Any:
    page = pulled(data_type, {**sample(data_type), **changes})
    assert page.rejected == ()
    return record_in(page)


def record_in(page: Page) -> Any:
    return page.records[0]


@pytest.mark.parametrize("data_type", ALL)
def test_answer_becomes_its_record(data_type: DataType):
    expected = json.loads((RECORDS / f"{data_type}.json").read_text(), parse_float=Decimal)

    record = record_of(data_type)

    assert json.loads(encode(record), parse_float=Decimal) == expected
    assert listing(record).label


@pytest.mark.parametrize("data_type", ALL)
def test_ordinary_record_is_not_found_odd(data_type: DataType):
    assert validate(record_of(data_type)) == []


def test_there_is_no_cash_flow_statement():
    with pytest.raises(NotSupported):
        platform({}).fetch(DataType.CASH_FLOW_STATEMENT, since=None, cursor=None)


@pytest.mark.parametrize(
    ("status", "paid", "ours"),
    [
        ("DRAFT", 0, "Draft"),
        ("SUBMITTED", 0, "Draft"),
        ("AUTHORISED", 0, "Submitted"),
        ("AUTHORISED", 10, "PartiallyPaid"),
        ("PAID", 120, "Paid"),
        ("VOIDED", 0, "Void"),
        ("SOMETHING", 0, "Unknown"),
    ],
)
def test_invoice_status(status: str, paid: int, ours: str):
    record = record_of(DataType.INVOICES, Status=status, AmountPaid=paid, AmountCredited=0)

    assert record.status == ours


def test_void_bill_stays_a_record():
    assert record_of(DataType.BILLS, Status="VOIDED").status == "Void"


@pytest.mark.parametrize(
    ("data_type", "changes"),
    [
        (DataType.INVOICES, {"Status": "DELETED"}),
        (DataType.BILLS, {"Status": "DELETED"}),
        (DataType.CREDIT_NOTES, {"Status": "DELETED"}),
        (DataType.PAYMENTS, {"Status": "DELETED"}),
        (DataType.BANK_TRANSACTIONS, {"Status": "DELETED"}),
        (DataType.JOURNAL_ENTRIES, {"Status": "VOIDED"}),
    ],
)
def test_gone_is_told_by_status(data_type: DataType, changes: dict[str, Any]):
    row = {**sample(data_type), **changes}

    later = pulled(data_type, row, since="2018-01-01T00:00:00+00:00")
    whole = pulled(data_type, row)

    assert len(later.deleted_ids) == 1
    assert not later.records
    # Nobody has heard of it yet.
    assert not whole.deleted_ids
    assert not whole.records


def test_person_who_asked_to_be_forgotten_is_left_out():
    page = pulled(DataType.CUSTOMERS, {**sample("customers"), "ContactStatus": "GDPRREQUEST"})

    assert (page.records, page.rejected) == ((), ())


@pytest.mark.parametrize("data_type", sorted(set(VENDOR_LISTS) - Xero.incremental))
def test_what_tells_no_changes_comes_whole(data_type: DataType):
    def answer(request: httpx.Request) -> Any:
        assert "If-Modified-Since" not in request.headers
        return {VENDOR_LISTS[data_type]: [sample(data_type)]}

    answers = {**answers_for(data_type, None), VENDOR_LISTS[data_type]: answer}
    if data_type is DataType.ITEMS:
        answers["Accounts"] = {"Accounts": ACCOUNTS}

    pages = platform(answers).fetch(data_type, since="2019-01-01T00:00:00+00:00", cursor=None)

    assert [(len(page.records), page.watermark) for page in pages] == [(1, None)]


def test_draft_journal_is_in_no_ledger():
    page = pulled(DataType.JOURNAL_ENTRIES, {**sample("journalEntries"), "Status": "DRAFT"})

    assert not page.records
    assert not page.rejected


def test_refund_of_a_credit_note_is_money_given_back():
    part = {"CreditNoteID": "cn", "Contact": {"ContactID": "c", "Name": "Ann"}}
    row = {**sample("payments"), "PaymentType": "ARCREDITPAYMENT", "CreditNote": part}
    del row["Invoice"]

    record = record_in(pulled(DataType.PAYMENTS, row))

    assert record.total_amount == Decimal("-46.00")
    (line,) = record.lines
    assert (line.links[0].type, line.links[0].id) == ("CreditNote", "cn")
    assert line.links[0].amount == Decimal("46.00")


def test_overpayment_is_a_payment_partly_on_account():
    overpayment = {
        "OverpaymentID": "o",
        "Type": "RECEIVE-OVERPAYMENT",
        "Status": "AUTHORISED",
        "Date": "/Date(1543449600000+0000)/",
        "UpdatedDateUTC": "/Date(1543449600000+0000)/",
        "Contact": {"ContactID": "c", "Name": "Ann"},
        "Total": 50.00,
        "RemainingCredit": 20.00,
        "CurrencyCode": "GBP",
        "Allocations": [
            {
                "Amount": 30.00,
                "Date": "/Date(1543449600000+0000)/",
                "Invoice": {"InvoiceID": "i"},
            }
        ],
    }
    answers = answers_for(DataType.PAYMENTS, sample("payments"))
    answers["Overpayments"] = {"Overpayments": [overpayment]}

    pages = list(platform(answers).fetch(DataType.PAYMENTS, since=None, cursor=None))

    record = record_in(pages[1])
    assert [(line.amount, line.links[0].type) for line in record.lines] == [
        (Decimal("30.00"), "Invoice"),
        (Decimal("20.00"), "PaymentOnAccount"),
    ]


def test_answer_without_change_may_have_no_body():
    empty = httpx.Response(304, headers={"Date": NOW})

    pages = list(
        platform({"Invoices": empty}).fetch(
            DataType.INVOICES, since="2019-01-01T00:00:00+00:00", cursor=None
        )
    )

    assert [(page.records, page.watermark) for page in pages] == [((), "2019-04-12T20:00:00+00:00")]


def contact(number: int, moment: int) -> dict[str, Any]:
    return {
        **sample("customers"),
        "ContactID": f"c{number}",
        "UpdatedDateUTC": f"/Date({moment}000+0000)/",
    }


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"Contacts": [contact(1, 20), contact(2, 10)]}, id="order"),
        pytest.param(
            {
                "Contacts": [contact(1, 10)],
                "pagination": {"page": 2, "pageCount": 3, "itemCount": 3},
            },
            id="other-page",
        ),
        pytest.param({"Invoices": []}, id="other-list"),
        pytest.param({"Contacts": {}}, id="no-list"),
        pytest.param({"Contacts": [], "pagination": {"page": "one"}}, id="no-pagination"),
    ],
)
def test_page_that_is_not_the_one_asked_for_is_refused(answer: Any):
    with pytest.raises(Unexpected):
        list(platform({"Contacts": answer}).fetch(DataType.CUSTOMERS, since=None, cursor=None))


def test_pages_are_read_to_their_end_without_being_told_of_it():
    class Pairs(Xero):
        page_size: ClassVar[int] = 2

    rows = [contact(number, number * 10) for number in range(1, 6)]

    def contacts(request: httpx.Request) -> Any:
        since = request.headers.get("If-Modified-Since")
        first = int(datetime.fromisoformat(since).timestamp()) if since else 0
        later = [row for number, row in enumerate(rows, start=1) if number * 10 > first]
        return {"Contacts": later[:2]}

    opened = platform({"Contacts": contacts})
    pages = Pairs(opened.http, opened.credentials).fetch(
        DataType.CUSTOMERS, since=None, cursor=None
    )

    assert [record.id for page in pages for record in page.records] == [
        "c1",
        "c2",
        "c3",
        "c4",
        "c5",
    ]


def test_ledger_is_read_by_number_where_granted():
    def journals(request: httpx.Request) -> Any:
        offset = int(request.url.params["offset"])
        last = 150
        return {
            "Journals": [
                {
                    "JournalID": f"j{number}",
                    "JournalNumber": number,
                    "JournalDate": "/Date(1543449600000+0000)/",
                    "CreatedDateUTC": "/Date(1543449600000+0000)/",
                    "SourceID": "i",
                    "SourceType": "ACCREC",
                    "JournalLines": [{"AccountID": "a", "AccountName": "Sales", "NetAmount": -5.5}],
                }
                for number in range(offset + 1, min(offset + 100, last) + 1)
            ]
        }

    answers = {"Journals": journals, "Organisation": {"Organisations": [sample("company")]}}
    opened = platform(answers, scope="offline_access accounting.journals.read")

    pages = list(opened.fetch(DataType.JOURNAL_ENTRIES, since=None, cursor=None))
    later = list(opened.fetch(DataType.JOURNAL_ENTRIES, since=pages[-1].watermark, cursor=None))
    resumed = list(opened.fetch(DataType.JOURNAL_ENTRIES, since=None, cursor=pages[0].cursor))

    assert [len(page.records) for page in pages] == [100, 50]
    assert [len(page.records) for page in later] == [0]
    assert [len(page.records) for page in resumed] == [50]
    entry = record_in(pages[0])
    assert entry.record_ref.data_type == "invoices"
    assert entry.journal_lines[0].net_amount == Decimal("-5.5")


def test_sections_and_cells_may_be_missing():
    report = sample("balanceSheet")
    report["Rows"] = [
        row for row in report["Rows"] if not row.get("Title", "").startswith("Current L")
    ]
    report["Rows"] = [row for row in report["Rows"] if "Total L" not in json.dumps(row)]
    net = next(row for row in report["Rows"] if "Net Assets" in json.dumps(row))
    net["Rows"][0]["Cells"][1]["Value"] = "416.37"
    del report["Rows"][2]["Rows"][1]["Cells"][3]

    record = record_in(pulled(DataType.BALANCE_SHEET, report))

    assert record.reports[0].liabilities.value == 0
    assert record.reports[0].net_assets == Decimal("416.37")


def test_sections_of_other_countries_are_told_by_their_accounts():
    report = sample("balanceSheet")
    titles = {
        "Bank": "Cash at bank and in hand",
        "Current Assets": "Debtors",
        "Current Liabilities": "Creditors: amounts falling due within one year",
        "Equity": "Capital and Reserves",
    }
    report["Rows"] = [
        {**row, "Title": titles.get(row.get("Title", ""), row.get("Title", ""))}
        for row in report["Rows"]
        if row.get("Title") not in {"Assets", "Liabilities"}
    ]
    answers = answers_for(DataType.BALANCE_SHEET, report)
    kinds = {1: "ASSET", 2: "ASSET", 3: "ASSET", 4: "LIABILITY", 5: "EQUITY"}
    answers["Accounts"] = {
        "Accounts": [
            {
                "AccountID": f"0000000{number}-3d61-4e5d-8c1a-b9236955a71c",
                "Type": "CURRENT",
                "Class": kind,
                "UpdatedDateUTC": "/Date(0)/",
            }
            for number, kind in kinds.items()
        ]
    }

    (page,) = platform(answers).fetch(DataType.BALANCE_SHEET, since=None, cursor=None)

    newest = record_in(page).reports[0]
    assert newest.assets.value == Decimal("416.37")
    assert newest.liabilities.value == 20
    assert newest.equity.value == newest.net_assets == Decimal("396.37")


@pytest.mark.parametrize("data_type", sorted(REPORTS))
@pytest.mark.parametrize("value", ["1.00", "NaN", "much"])
def test_statement_that_does_not_add_up_is_refused(data_type: DataType, value: str):
    report = sample(data_type)
    section = next(row for row in report["Rows"] if row.get("Rows"))
    section["Rows"][0]["Cells"][1]["Value"] = value

    with pytest.raises(Unexpected):
        pulled(data_type, report)


def test_months_that_come_twice_are_refused():
    answers = answers_for(DataType.BALANCE_SHEET, None)
    answers["Reports/BalanceSheet"] = {"Reports": [sample("balanceSheet")]}

    with pytest.raises(Unexpected):
        list(platform(answers).fetch(DataType.BALANCE_SHEET, since=None, cursor=None))


@pytest.mark.parametrize("head", ["30 Mar 2019", "Budget"])
def test_column_that_is_no_month_is_refused(head: str):
    report = sample("profitAndLoss")
    report["Rows"][0]["Cells"][1]["Value"] = head

    with pytest.raises(Unexpected):
        pulled(DataType.PROFIT_AND_LOSS, report)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(403, json={"Detail": "AuthenticationUnsuccessful"}), AuthorizationRevoked),
        (httpx.Response(403, json={"Detail": "Forbidden"}), PermissionMissing),
        (httpx.Response(401, json={"Detail": "TokenExpired: token expired"}), AuthorizationRevoked),
        (httpx.Response(401, json={"Detail": "AuthorizationUnsuccessful"}), PermissionMissing),
        (httpx.Response(401, headers={"WWW-Authenticate": "insufficent_scope"}), PermissionMissing),
        (
            httpx.Response(401, headers={"WWW-Authenticate": "insufficient_scope"}),
            PermissionMissing,
        ),
    ],
)
def test_refusals_mean_what_their_details_say(
    answer: httpx.Response, expected: type[PlatformError]
):
    with pytest.raises(PlatformError) as caught:
        list(platform({"TaxRates": answer}).fetch(DataType.TAX_RATES, since=None, cursor=None))

    assert type(caught.value) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/Date(1539993600000+0000)/", datetime(2018, 10, 20, tzinfo=UTC)),
        ("/Date(1539993600000)/", datetime(2018, 10, 20, tzinfo=UTC)),
        # The offset shifts nothing.
        ("/Date(1539993600000+1300)/", datetime(2018, 10, 20, tzinfo=UTC)),
        ("/Date(-86400000+0000)/", datetime(1969, 12, 31, tzinfo=UTC)),
    ],
)
def test_dates(text: str, expected: datetime):
    assert moments.moment(text) == expected


@pytest.mark.parametrize("text", ["", "2018-10-20", "/Date(x)/", "/Date(999999999999999)/"])
def test_what_is_no_date_is_refused(text: str):
    with pytest.raises(ValueError, match=r"date|years"):
        moments.moment(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("28 Feb 2019", date(2019, 2, 28)), ("29 Feb 20", date(2020, 2, 29))],
)
def test_heads_of_columns(text: str, expected: date):
    assert moments.column_month(text) == expected

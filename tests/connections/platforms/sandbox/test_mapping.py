"""What the sandbox platform says, type by type, and the record it becomes."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from connections.platforms.base import Credentials, Supplement, Unexpected
from connections.platforms.http import new_client
from connections.platforms.json_paths import JsonPath
from connections.platforms.sandbox import Sandbox, documents, wire
from connections.platforms.sandbox.rows import Rows
from connections.schemas import (
    BillPayment,
    DataType,
    Invoice,
    JournalEntry,
    Payment,
    Record,
    encode,
    listing,
)
from connections.schemas.validation import validate
from tests.connections.platforms.sandbox.fake import BASE_URL, sample
from tests.connections.platforms.sandbox.test_contract import COLLECTIONS

RECORDS = Path(__file__).parent / "records"
SINGLES = {
    DataType.COMPANY: "company",
    DataType.BALANCE_SHEET: "balance_sheet",
    DataType.PROFIT_AND_LOSS: "profit_and_loss",
    DataType.CASH_FLOW_STATEMENT: "cash_flow",
}
ANSWERS = COLLECTIONS | SINGLES
CREDENTIALS = Credentials(
    access_token="a", refresh_token="r", expires_at=datetime(2030, 1, 1, tzinfo=UTC)
)


def pulled(data_type: DataType, answer: Any) -> Any:
    """Pull one type from a platform that has just this to say."""

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/company" and data_type is not DataType.COMPANY:
            return httpx.Response(200, json=sample("company"))
        if data_type.is_single:
            return httpx.Response(200, json=answer)
        page = {"items": [answer], "page": 1, "pages": 1, "total": 1, "as_of": "2025"}
        return httpx.Response(200, json=page)

    client = new_client(base_url=BASE_URL, transport=httpx.MockTransport(respond))
    (page,) = Sandbox(client, CREDENTIALS).fetch(data_type, since=None, cursor=None)
    return page


def record_of(data_type: DataType, **changes: Any) -> Any:
    page = pulled(data_type, {**sample(ANSWERS[data_type]), **changes})
    assert page.rejected == ()
    return page.records[0]


@pytest.mark.parametrize("data_type", sorted(ANSWERS))
def test_answer_becomes_its_record(data_type: DataType):
    expected = json.loads((RECORDS / f"{data_type}.json").read_text(), parse_float=Decimal)

    record = record_of(data_type)

    assert json.loads(encode(record), parse_float=Decimal) == expected


@pytest.mark.parametrize("data_type", sorted(ANSWERS))
def test_ordinary_record_is_not_found_odd(data_type: DataType):
    assert validate(record_of(data_type)) == []


OPTIONAL = {
    "account_id",
    "available",
    "balance",
    "code",
    "contact_name",
    "currency",
    "customer_name",
    "description",
    "due_date",
    "email",
    "exchange_rate",
    "iban",
    "institution",
    "method",
    "name",
    "note",
    "number",
    "overdraft_limit",
    "paid_on",
    "phone",
    "purchase",
    "reference",
    "registration_number",
    "sale",
    "sort_code",
    "source",
    "supplier_name",
    "tax_number",
}


@pytest.mark.parametrize("data_type", sorted(COLLECTIONS))
def test_fields_that_may_be_null_may_be(data_type: DataType):
    optional = dict.fromkeys(OPTIONAL.intersection(sample(ANSWERS[data_type])))

    record = record_of(data_type, **optional)

    assert listing(record).label


@pytest.mark.parametrize(
    ("data_type", "field", "values"),
    [
        (
            DataType.INVOICES,
            "status",
            {
                "draft": "Draft",
                "submitted": "Submitted",
                "part_paid": "PartiallyPaid",
                "paid": "Paid",
                "void": "Void",
                "new": "Unknown",
            },
        ),
        (
            DataType.BILLS,
            "status",
            {
                "draft": "Draft",
                "open": "Open",
                "part_paid": "PartiallyPaid",
                "paid": "Paid",
                "void": "Void",
                "new": "Unknown",
            },
        ),
        (
            DataType.CREDIT_NOTES,
            "status",
            {
                "draft": "Draft",
                "submitted": "Submitted",
                "part_used": "PartiallyPaid",
                "used": "Paid",
                "void": "Void",
                "new": "Unknown",
            },
        ),
        (
            DataType.CHART_OF_ACCOUNTS,
            "status",
            {"active": "Active", "archived": "Archived", "new": "Unknown"},
        ),
        (
            DataType.CUSTOMERS,
            "status",
            {"active": "Active", "archived": "Archived", "new": "Unknown"},
        ),
    ],
)
def test_statuses_are_translated(data_type: DataType, field: str, values: dict[str, str]):
    translated = {
        theirs: getattr(record_of(data_type, **{field: theirs}), field) for theirs in values
    }

    assert translated == values


def test_account_classes_become_types():
    types = {
        theirs: record_of(DataType.CHART_OF_ACCOUNTS, **{"class": theirs}).type
        for theirs in ("asset", "liability", "equity", "income", "expense", "other")
    }

    assert types == {
        "asset": "Asset",
        "liability": "Liability",
        "equity": "Equity",
        "income": "Income",
        "expense": "Expense",
        "other": "Unknown",
    }


def test_item_kinds_become_types():
    types = [
        record_of(DataType.ITEMS, kind=kind).type for kind in ("service", "stock", "non_stock", "x")
    ]

    assert types == ["Service", "Inventory", "NonInventory", "Unknown"]


def test_bank_kinds_become_types():
    kinds = [
        "payment",
        "deposit",
        "transfer",
        "fee",
        "interest",
        "direct_debit",
        "card",
        "other",
        "new",
    ]

    types = [record_of(DataType.BANK_TRANSACTIONS, kind=kind).transaction_type for kind in kinds]

    assert types == [
        "Payment",
        "Dep",
        "Xfer",
        "Fee",
        "Int",
        "DirectDebit",
        "Pos",
        "Other",
        "Unknown",
    ]
    assert [
        record_of(DataType.BANK_ACCOUNTS, kind=kind).account_type
        for kind in ("current", "savings", "credit_card", "new")
    ] == ["Debit", "Debit", "Credit", "Unknown"]


def test_discount_is_what_it_took_off():
    line = sample("invoices")["lines"][0]

    record: Invoice = record_of(
        DataType.INVOICES,
        lines=[
            {
                **line,
                "quantity": "3",
                "unit_price": "9.99",
                "discount_percent": "12.50",
                "net": "26.22",
            }
        ],
    )

    assert record.line_items is not None
    assert record.line_items[0].discount_amount == Decimal("3.75")
    assert record.total_discount == Decimal("3.75")


def test_rest_of_a_payment_is_on_account():
    record: Payment = record_of(DataType.PAYMENTS, amount="150.00")

    assert record.lines is not None
    assert [(line.amount, line.links) for line in record.lines][1:] == [
        (
            Decimal("10.40"),
            (
                msgspec.convert(
                    {"type": "PaymentOnAccount", "amount": "-10.40", "currencyRate": "1.000000"},
                    type(record.lines[0].links[0]),  # type: ignore[index] # the first line has one
                ),
            ),
        )
    ]


def test_credit_in_a_payment_counts_against_it():
    record: BillPayment = record_of(DataType.BILL_PAYMENTS)

    assert record.lines is not None
    assert [line.amount for line in record.lines] == [Decimal("100.00"), Decimal("-10.00")]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("invoice", "invoices"),
        ("bill", "bills"),
        ("payment", "payments"),
        ("bill_payment", "billPayments"),
        ("credit_note", "creditNotes"),
        ("supplier_credit", "billCreditNotes"),
        ("bank", "bankTransactions"),
    ],
)
def test_journal_entry_names_its_source(kind: str, expected: str):
    record: JournalEntry = record_of(DataType.JOURNAL_ENTRIES, source={"kind": kind, "id": "x_1"})

    assert record.record_ref is not None
    assert (record.record_ref.id, record.record_ref.data_type) == ("x_1", expected)


@pytest.mark.parametrize("kind", ["payroll", "manual", "new"])
def test_journal_entry_of_its_own_names_no_source(kind: str):
    record: JournalEntry = record_of(DataType.JOURNAL_ENTRIES, source={"kind": kind, "id": None})

    assert record.record_ref is None


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("01-01", date(2023, 1, 1)),
        ("02-10", date(2023, 2, 10)),
        ("04-01", date(2022, 4, 1)),
        ("02-29", date(2022, 2, 28)),
    ],
)
def test_financial_year_is_the_one_of_the_first_books(start: str, expected: date):
    record = record_of(DataType.COMPANY, financial_year_start=start)

    assert record.financial_year_start_date == expected


@pytest.mark.parametrize("start", ["13-01", "04-31", "4-1", "04-01x"])
def test_impossible_financial_year_is_refused(start: str):
    with pytest.raises(Unexpected):
        record_of(DataType.COMPANY, financial_year_start=start)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"total": "NaN"}, "NaN is not an amount."),
        ({"total": "-Infinity"}, "-Infinity is not an amount."),
        ({"total": "sNaN12"}, "sNaN12 is not an amount."),
        (
            {"lines": [{**sample("invoices")["lines"][0], "tax": "inf"}]},
            "Infinity is not an amount.",
        ),
        ({"total": "1e400"}, "An amount has more than 30 digits."),
        ({"total": "1.E-400"}, "An amount has more than 30 digits."),
        ({"total": "1_e400"}, "An amount has more than 30 digits."),
        ({"total": "１e４００"}, "An amount has more than 30 digits."),
        ({"total": 1e300}, "An amount has more than 30 digits."),
        ({"total": "9" * 40}, "An amount has more than 30 digits."),
        ({"note": "a\x00b"}, "A text contains a NUL character."),
        ({"note": "x" * 2**20}, "The record is larger than 1024 kB."),
        ({"id": ""}, "length >= 1"),
        ({"date": "2025-02-30"}, "Invalid RFC3339 encoded date"),
        ({"lines": None}, "Expected `array`, got `null`"),
        ({"net": "12,50"}, "Invalid decimal string"),
        ({"total": True}, "got `bool`"),
    ],
)
def test_unusable_row_is_kept_aside(changes: dict[str, Any], reason: str):
    page = pulled(DataType.INVOICES, {**sample("invoices"), **changes})

    assert page.records == ()
    assert reason in page.rejected[0].reason
    assert page.rejected[0].source_id == (changes.get("id", "inv_000001") or None)


def test_escaped_amount_is_looked_at_too():
    row = json.dumps({**sample("invoices"), "total": "NaN"}).replace("NaN", r"\u004eaN")

    rows = Rows(msgspec.json.Decoder(wire.Invoice), documents.invoice)
    rows.read([msgspec.Raw(row.encode())], after=None)

    assert [one.reason for one in rows.rejected] == ["NaN is not an amount."]


def test_unknown_fields_are_ignored():
    assert record_of(DataType.INVOICES, shiny="new") == record_of(DataType.INVOICES)


def test_amounts_stay_exact():
    record: Invoice = record_of(DataType.INVOICES, total="12345678901234567890.123456789")

    assert record.total_amount == Decimal("12345678901234567890.123456789")
    assert b'"totalAmount":12345678901234567890.123456789,' in encode(record)


@pytest.mark.parametrize(
    "data_type", [data_type for data_type in sorted(SINGLES) if data_type.is_report]
)
def test_statement_that_does_not_add_up_is_refused(data_type: DataType):
    report = sample(ANSWERS[data_type])
    section = next(part for part in report["periods"][0].values() if isinstance(part, dict))
    section["rows"][0]["total"] = "0.01"

    with pytest.raises(Unexpected, match="does not add up"):
        pulled(data_type, report)


def test_statement_periods_come_newest_first():
    report = sample("profit_and_loss")
    report["periods"].reverse()

    record: Record = pulled(DataType.PROFIT_AND_LOSS, report).records[0]

    assert record == record_of(DataType.PROFIT_AND_LOSS)


def test_supplemental_data_that_cannot_be_stored_keeps_the_row_aside():
    row = {**sample("invoices"), "approval": {"by": "a\x00b"}}
    supplement = Supplement({"mine": {"by": JsonPath.parse("approval.by")}})

    rows = Rows(msgspec.json.Decoder(wire.Invoice), documents.invoice, supplement)
    rows.read([msgspec.Raw(json.dumps(row).encode())], after=None)

    assert rows.records == []
    assert [one.reason for one in rows.rejected] == ["A text contains a NUL character."]

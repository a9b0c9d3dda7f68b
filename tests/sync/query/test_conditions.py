"""Queries against the store: they find what Python finds in the same records, and nothing else."""

import datetime as dt
import json
import operator
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection as database
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connections.schemas import (
    RECORD_TYPES,
    Customer,
    DataType,
    Invoice,
    Item,
    decode,
    encode,
    listing,
)
from connections.schemas.base import CustomerRef
from connections.schemas.catalog import ItemSide
from sync.columns import COLUMNS
from sync.query import QueryError, condition, properties
from sync.records import records_of
from tests.factories import ConnectionFactory
from tests.sync.books import a_record

RECORDS = Path(__file__).parents[2] / "connections/platforms/sandbox/records"


def put(connection, record, **fields):
    shown = listing(record)
    stored = a_record(
        connection,
        record.data_type,
        record.id,
        **{
            "label": shown.label[:200],
            "party": (shown.party or "")[:200],
            "dated_on": shown.dated_on,
            "amount": shown.amount,
            "currency": shown.currency or "",
            "due_on": shown.due_on,
            "outstanding": shown.outstanding,
            "record_status": shown.status or "",
            "source_modified_at": record.source_modified_date,
            **fields,
        },
    )
    stored.body = encode(record).decode()
    stored.save(update_fields=["body"])
    return stored


def an_invoice(number, total="100.00", **fields):
    return Invoice(
        id=number,
        **{
            "invoice_number": number,
            "issue_date": dt.date(2026, 5, 4),
            "total_tax_amount": Decimal(0),
            "total_amount": Decimal(total),
            "amount_due": Decimal(total),
            "status": "Submitted",
            **fields,
        },
    )


def an_item(code, *, bill_item=None, invoice_item=None):
    return Item(
        id=code,
        item_status="Active",
        type="Service",
        is_bill_item=bill_item is not None,
        bill_item=bill_item,
        is_invoice_item=invoice_item is not None,
        invoice_item=invoice_item,
    )


@pytest.fixture
def connection(company):
    return ConnectionFactory(company=company, first_linked_at=timezone.now())


@pytest.fixture
def find(connection):
    def run(query, data_type=DataType.INVOICES):
        found = records_of(connection, data_type).filter(condition(query, data_type))
        return sorted(found.values_list("source_id", flat=True))

    return run


def test_amounts_are_compared_to_the_last_digit(connection, find):
    put(connection, an_invoice("small", "0.1"))
    put(connection, an_invoice("smaller", "0.0999999999"))
    put(connection, an_invoice("large", "90071992547409.93"))

    assert find("totalAmount = 0.10") == ["small"]
    assert find("totalAmount = 0.0999999999") == ["smaller"]
    assert find("totalAmount < 0.1") == ["smaller"]
    assert find("totalAmount > 90071992547409.92") == ["large"]
    assert find("totalAmount >= 90071992547409.94") == []
    assert find("totalAmount != 0.1") == ["large", "smaller"]
    assert find("amountDue > 1e2") == ["large"]


def test_dates_are_days_however_they_are_written(connection, find):
    for day in (3, 4, 5):
        put(connection, an_invoice(f"{day}", issue_date=dt.date(2026, 5, day)))

    assert find("issueDate = 2026-05-04") == ["4"]
    assert find("issueDate >= 2026-05-04T00:00:00.000Z") == ["4", "5"]
    assert find("issueDate > 2026-05-04T09:00:00") == ["5"]
    assert find("issueDate <= 2026-05-04T09:00:00") == ["3", "4"]
    assert find("issueDate = 2026-05-04T09:00:00") == []
    assert find("issueDate != 2026-05-04T09:00:00") == ["3", "4", "5"]
    assert find("issueDate < 2026-05-04 || issueDate > 2026-05-04") == ["3", "5"]


def test_modified_dates_are_moments_of_the_store_and_of_the_source(connection, find):
    morning = dt.datetime(2026, 5, 4, 9, tzinfo=dt.UTC)
    put(connection, an_invoice("old", source_modified_date=morning), modified_at=morning)
    put(connection, an_invoice("new"), modified_at=morning + dt.timedelta(days=1))

    assert find("modifiedDate >= 2026-05-05") == ["new"]
    assert find("modifiedDate > 2026-05-04") == ["new", "old"]
    assert find("modifiedDate = 2026-05-04") == ["old"]
    assert find("modifiedDate <= 2026-05-04T11:00:00+02:00") == ["old"]
    assert find("modifiedDate != 2026-05-04") == ["new"]
    assert find("sourceModifiedDate >= 2026-05-04T09:00:00.0000000Z") == ["old"]
    assert find("sourceModifiedDate != 2026-05-04") == ["new"]


def test_the_words_of_an_enumeration_are_found_in_any_case(connection, find):
    put(connection, an_invoice("1", status="Paid"))
    put(connection, an_invoice("2", status="PartiallyPaid"))

    assert find("status = paid") == ["1"]
    assert find("status != PAID") == ["2"]
    assert find("status ~ paid") == ["1", "2"]


def test_texts_equal_exactly_and_contain_in_any_case(connection, find):
    zoe = CustomerRef(id="7", company_name="Café Zoë 100%_x")
    put(connection, an_invoice("1", customer_ref=zoe, currency="GBP"))
    put(connection, an_invoice("2", customer_ref=CustomerRef(id="70")))

    assert find("customerRef.companyName = Café Zoë 100%_x") == ["1"]
    assert find("customerRef.companyName = café zoë 100%_x") == []
    assert find("customerRef.companyName ~ ZOË 100%_") == ["1"]
    assert find("customerRef.companyName ~ Z_Ë") == []
    assert find("customerRef.id = 7") == ["1"]
    assert find("currency = GBP && customerRef.id ~ 7") == ["1"]


def test_what_is_not_there_is_unequal_to_everything_and_equal_to_nothing(connection, find):
    put(connection, an_invoice("1"))

    assert find("dueDate != 2026-05-04 && note != x && currencyRate != 1") == ["1"]
    assert find("dueDate > 0001-01-01 || note = null || currencyRate <= 9") == []


def test_deleted_records_are_told_by_the_flag_although_their_last_body_does_not_know(
    connection, find
):
    put(connection, an_invoice("gone"), is_deleted=True)
    put(connection, an_invoice("here"))

    assert find("metadata.isDeleted != true") == ["here"]
    assert find("metadata.isDeleted = True") == ["gone"]


def test_long_names_are_compared_beyond_where_the_column_is_cut(connection, find):
    for last in "ab":
        put(connection, Customer(id=last, customer_name="x" * 200 + last, status="Active"))

    assert find("customerName = " + "x" * 200 + "a", DataType.CUSTOMERS) == ["a"]
    assert find("customerName ~ " + "x" * 9 + "b", DataType.CUSTOMERS) == ["b"]


def test_a_price_is_found_under_its_own_side_only(connection, find):
    side = ItemSide(unit_price=Decimal(5))
    put(connection, an_item("1", bill_item=side))
    put(connection, an_item("2", invoice_item=side))

    assert find("invoiceItem.unitPrice = 5", DataType.ITEMS) == ["2"]
    assert find("billItem.unitPrice = 5", DataType.ITEMS) == ["1"]


@pytest.mark.parametrize(
    ("query", "position", "words"),
    [
        ("foo = 1", 0, "Could not resolve property foo on Invoice"),
        ("id = 1 && totalAmout > 1", 10, "Did you mean totalAmount"),
        ("customerRef = 7", 0, "Ask for customerRef.id or customerRef.companyName."),
        ("lineItems.unitAmount > 1", 0, "lineItems is a list"),
        ("Status = Paid", 0, "Did you mean status"),
        ("totalAmount = £5", 14, "a number, which £5 is not"),
        ("totalAmount = NaN", 14, "a number"),
        ("totalAmount ~ 5", 12, "cannot be compared with ~"),
        ("note > x", 5, "It can be compared with =, !=, ~."),
        ("issueDate = 04/05/2026", 12, "Write it like 2026-05-04"),
        ("issueDate = 2026-02-30", 12, "a date, which 2026-02-30 is not"),
        ("issueDate = 20260504", 12, "a date"),
        ("status = Settled", 9, "It is one of Draft, Paid"),
        ("metadata.isDeleted = yes", 21, "true or false"),
    ],
)
def test_a_query_that_cannot_be_answered_says_where_and_what_would_be_right(query, position, words):
    with pytest.raises(QueryError) as refused:
        condition(query, DataType.INVOICES)

    assert refused.value.position == position
    assert words in f"{refused.value.message} {refused.value.hint}"


def test_company_and_statements_have_no_modified_dates():
    for data_type in (DataType.COMPANY, DataType.BALANCE_SHEET, DataType.PROFIT_AND_LOSS):
        assert not {"modifiedDate", "sourceModifiedDate"} & set(properties(data_type))


@pytest.mark.parametrize("data_type", list(DataType))
def test_the_columns_of_the_store_hold_what_queries_take_them_for(data_type):
    body = (RECORDS / f"{data_type}.json").read_text()
    read, record = json.loads(body), decode(RECORD_TYPES[data_type], body)
    shown = listing(record)
    kept = {
        "label": shown.label,
        "party": shown.party,
        "dated_on": shown.dated_on and shown.dated_on.isoformat(),
        "amount": shown.amount,
        "currency": shown.currency,
        "due_on": shown.due_on and shown.due_on.isoformat(),
        "outstanding": shown.outstanding,
        "record_status": shown.status,
    }
    for column in COLUMNS[data_type]:
        value = read
        for name in column.path.split(".") if column.path else ():
            value = value and value.get(name)
        if column.path and column.listed and value is not None:
            held = kept[column.listed]
            assert held == (Decimal(str(value)) if isinstance(held, Decimal) else value)
        assert not column.path or column.path in properties(data_type)


@pytest.mark.parametrize("data_type", list(DataType))
def test_every_property_of_every_data_type_can_be_asked_for(connection, find, data_type):
    words = {"number": "1", "date": "2026-05-04", "true": "true"}
    record = decode(RECORD_TYPES[data_type], (RECORDS / f"{data_type}.json").read_text())
    put(connection, record)
    for name, asked in properties(data_type).items():
        value = asked.choices[0] if asked.choices else ""
        value = value or next((words[word] for word in words if word in asked.kind), "x")

        equal, other = find(f"{name} = {value}", data_type), find(f"{name} != {value}", data_type)

        assert equal + other == [record.id]


def test_the_index_by_date_serves_a_query_by_date(connection):
    found = records_of(connection, DataType.INVOICES).filter(
        condition("issueDate >= 2026-05-04", DataType.INVOICES)
    )

    with database.cursor() as cursor:
        # Of an empty table any way is as good, unless the ways are told apart by the sorting.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    plan = found.order_by("-dated_on", "source_id").explain()

    assert "record_by_date" in plan
    assert "dated_on >=" in plan.partition("Index Cond")[2].partition("\n")[0]


AMOUNTS = ["-5", "0", "0.0000004", "0.0000005", "0.000001", "12.5", "12.50", "1E+20"]
COMPARED = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sign=st.sampled_from(sorted(COMPARED)), value=st.sampled_from(AMOUNTS))
def test_amounts_compare_as_in_python(connection, find, sign, value):
    stored = [amount for amount in AMOUNTS if len(amount) < 12 and "E" not in amount]
    records_of(connection, DataType.INVOICES).delete()
    for amount in stored:
        put(connection, an_invoice(f"n{amount}", amount))

    expected = [
        f"n{amount}" for amount in stored if COMPARED[sign](Decimal(amount), Decimal(value))
    ]

    assert find(f"totalAmount {sign} {value}") == sorted(expected)


HOSTILE = st.sampled_from(
    ["'", '"', "\\", "%", "_", ";--", "')) OR 1=1 --", "$1", "%s", "%(x)s", "\\'", "é", "{", "\t"]
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=st.lists(HOSTILE, min_size=1, max_size=5).map(lambda parts: "x".join(["", *parts])))
def test_a_value_is_a_value_whatever_is_in_it(connection, find, text):
    text = text.strip()
    records_of(connection, DataType.INVOICES).delete()
    put(connection, an_invoice("it", note=text))
    put(connection, an_invoice("other", note="another note"))

    assert find(f"note = {text}") == ["it"]
    assert find(f"note != {text}") == ["other"]
    assert find(f"note ~ {text}") == ["it"]
    assert find(f"id = {text} || customerRef.companyName ~ {text}") == []

"""Rows of a platform become records as a configuration says."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connections.platforms import custom
from connections.platforms.extra_data import CustomSource, Supplement
from connections.platforms.json_paths import JsonPath
from connections.schemas import CustomRecord, CustomType, DataType, data_type_of, encode
from connections.schemas.validation import validate


def source(**changes):
    paths = {
        "required_data": {"name": "$.name", "amount": "$.total.net"},
        "key_by": ["$.id"],
        "modified_by": ["$.updated"],
        **changes,
    }
    return CustomSource(
        data_source="/x",
        required_data={name: JsonPath.parse(path) for name, path in paths["required_data"].items()},
        key_by=tuple(JsonPath.parse(path) for path in paths["key_by"]),
        modified_by=tuple(JsonPath.parse(path) for path in paths["modified_by"]),
    )


def record_of(raw, **changes):
    (record,), rejected = custom.read([raw], source(**changes))
    assert rejected == []
    return record


def reason_of(raw, **changes):
    records, (rejected,) = custom.read([raw], source(**changes))
    assert records == []
    assert rejected.raw == raw
    return rejected.reason


def test_values_keep_their_digits_and_shapes():
    raw = b'{"id": 7, "name": ["a", {"b": null}], "total": {"net": 100.10}}'
    record = record_of(raw)

    assert record == CustomRecord(
        id="7", content={"name": ["a", {"b": None}], "amount": Decimal("100.10")}
    )
    assert encode(record) == (
        b'{"id":"7","sourceModifiedDate":null,"content":{"amount":100.10,"name":["a",{"b":null}]}}'
    )
    assert validate(record) == []
    assert record.listing().label == "7"


def test_what_the_row_has_not_is_null():
    assert record_of(b'{"id": "1"}').content == {"name": None, "amount": None}


@pytest.mark.parametrize(
    ("row", "key"),
    [
        (b'{"a": "x", "b": 1}', "x|1"),
        (b'{"a": "x|1", "b": "\\\\"}', "x\\|1|\\\\"),
        (b'{"a": true, "b": 1.50}', "true|1.50"),
    ],
)
def test_several_keys_are_one_id(row, key):
    assert record_of(row, key_by=["a", "b"]).id == key


@pytest.mark.parametrize(
    ("updated", "moment"),
    [
        ('"2026-05-04T10:00:00Z"', datetime(2026, 5, 4, 10, tzinfo=UTC)),
        ('"2026-05-04T10:00:00+02:00"', datetime(2026, 5, 4, 8, tzinfo=UTC)),
        ('"2026-05-04"', datetime(2026, 5, 4, tzinfo=UTC)),
        ('"yesterday"', None),
        ('"0001-01-01T00:00:00+14:00"', None),
        ("17", None),
        ("null", None),
    ],
)
def test_source_date_is_read_where_it_is_one(updated, moment):
    record = record_of(f'{{"id": "1", "updated": {updated}}}'.encode())

    assert record.source_modified_date == moment


def test_the_latest_of_several_source_dates_counts():
    raw = b'{"id": "1", "a": "2026-05-04", "b": "2026-06-01"}'

    assert record_of(raw, modified_by=["a", "b"]).source_modified_date == datetime(
        2026, 6, 1, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"id": null}', "keyBy"),
        (b'{"id": ""}', "keyBy"),
        (b'{"id": {"a": 1}}', "keyBy"),
        (b"[1]", "keyBy"),
        (b'{"id"', "truncated"),
        (b'{"id": "1", "name": "a\\u0000b"}', "NUL"),
        (b'{"id": "1", "name": {"a\\u0000b": 1}}', "NUL"),
        (b'{"id": "1", "name": 1e400}', "30 digits"),
        (b'{"id": "1", "name": 1234567890123456789012345678901234567890}', "30 digits"),
        (b'{"id": "1", "name": "%s"}' % (b"x" * 2**20), "larger than"),
        (b'{"id": "1", "name": %s1%s}' % (b"[" * 9_000, b"]" * 9_000), "deep"),
    ],
)
def test_a_bad_row_is_kept_aside_with_its_reason(raw, reason):
    assert reason in reason_of(raw)


def test_a_supplement_takes_what_a_row_has():
    supplement = Supplement(
        {
            "mine": {"by": JsonPath.parse("approval.by"), "rate": JsonPath.parse("rate")},
            "yours": {"by": JsonPath.parse("approval.by.name"), "x": JsonPath.parse("$[0]")},
        }
    )

    assert supplement.roots == ["approval", "rate"]
    assert supplement.read(b'{"approval": {"by": {"name": "A"}}, "rate": 1.50}') == {
        "mine": {"by": {"name": "A"}, "rate": Decimal("1.50")},
        "yours": {"by": "A", "x": None},
    }


def test_custom_types_stand_beside_the_standard_ones():
    custom_type = data_type_of("custom/purchase-orders")

    assert isinstance(custom_type, CustomType)
    assert custom_type == "custom/purchase-orders"
    assert custom_type.identifier == "purchase-orders"
    assert custom_type.label == "purchase-orders (custom)"
    assert custom_type.sync_order > max(each.sync_order for each in DataType)
    assert data_type_of("invoices") is DataType.INVOICES


@pytest.mark.parametrize("text", ["custom/", "custom/a b", "custom/-a", "custom/" + "a" * 51, "x"])
def test_what_names_no_data_type_is_refused(text):
    with pytest.raises(ValueError, match=r"identifier|not a valid"):
        data_type_of(text)

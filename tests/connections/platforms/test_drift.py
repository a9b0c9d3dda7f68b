"""Members that an adapter does not know: told once each, by path and type, whatever they are."""

import json
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.platforms.base import UnknownField
from connections.platforms.drift import MOST_FIELDS, MOST_NAME, shape_of, unknown_fields
from connections.platforms.quickbooks.lists import SOURCES as QUICKBOOKS
from connections.platforms.xero import wire as xero
from connections.platforms.xero.documented import DOCUMENTED as DOCUMENTED_BY_XERO
from connections.platforms.xero.lists import SOURCES as XERO
from tests.vendors.quickbooks import contract as quickbooks_contract
from tests.vendors.xero import contract as xero_contract


class Part(msgspec.Struct, rename="pascal"):
    name: str | None = None
    deeper: "Part | None" = None


class Base(msgspec.Struct, rename="pascal"):
    id: str


class Row(Base, rename="pascal"):
    lines: tuple[Part, ...] = ()
    owner: Part | None = None


SHAPE = shape_of(Row, {Base: "Known", Part: "Seen"})


def noticed(*rows: object, besides: Sequence[str] = ()) -> list[tuple[str, str]]:
    raws = [json.dumps(row).encode() for row in rows]
    return [(each.path, each.json_type) for each in unknown_fields(raws, SHAPE, besides=besides)]


def test_what_is_read_or_documented_is_known():
    assert (
        noticed({"Id": "1", "Known": 1, "Lines": [{"Name": "a", "Seen": 2}], "Owner": None}) == []
    )


@pytest.mark.parametrize(
    ("value", "json_type"),
    [
        ({}, "object"), ([], "array"), ("x", "text"), (True, "boolean"), (False, "boolean"),
        (None, "null"), (-1.5, "number"),
    ],
)  # fmt: skip
def test_what_is_not_is_told_by_its_path_and_type(value, json_type):
    rows = [{"Id": "1"}, {"New": value}, {"New": 1, "Lines": [{}, {"Colour": value}]}]

    assert noticed(*rows) == [("Lines.Colour", json_type), ("New", json_type)]
    assert noticed({"Owner": {"Colour": value}}) == [("Owner.Colour", json_type)]


def test_only_rows_and_what_lies_in_them_directly_are_looked_at():
    assert noticed({"Owner": {"Deeper": {"New": 1}}}) == []


def test_what_the_caller_asked_for_is_no_news():
    assert noticed({"New": 1, "Newer": 2}, besides=["New"]) == [("Newer", "number")]


def test_names_are_bounded_and_fit_a_line():
    (long, _), (other, _) = noticed({"x" * 1000: 1, "a\nb": 1})[::-1]

    assert (len(long), other) == (MOST_NAME, "a\\nb")


def test_made_up_names_end_somewhere():
    rows = [{f"n{row}-{each}": each for each in range(50)} for row in range(100)]

    assert len(noticed(*rows)) == MOST_FIELDS


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_nothing_that_comes_stops_a_pull(raw):
    assert isinstance(unknown_fields([raw, b'{"New": 1}'], SHAPE), tuple)


def test_only_objects_are_looked_into():
    assert unknown_fields([b'{"New": 1}', b"[1]", b"nul", b"[" * 5000], SHAPE) == (
        UnknownField("New", "number"),
    )


@pytest.mark.skipif(xero_contract.load() is None, reason=xero_contract.MISSING)
def test_xeros_own_document_is_known():
    contract = xero_contract.load()
    assert contract is not None
    for source in {source.path: source for each in XERO.values() for source in each}.values():
        schema = source.path.removesuffix("s")
        assert contract.members(schema) <= source.shape.names, schema
    lines = shape_of(xero.Invoice, DOCUMENTED_BY_XERO).parts["LineItems"]
    assert contract.members("LineItem") <= lines.names
    assert contract.members("Journal") <= shape_of(xero.Journal, DOCUMENTED_BY_XERO).names


@pytest.mark.skipif(quickbooks_contract.load() is None, reason=quickbooks_contract.MISSING)
def test_intuits_own_document_is_known():
    contract = quickbooks_contract.load()
    assert contract is not None
    for source in (source for each in QUICKBOOKS.values() for source in each):
        assert contract.members(source.entity) <= source.shape.names, source.entity
        lines = source.shape.parts.get("Line")
        assert lines is None or contract.members("Line") <= lines.names

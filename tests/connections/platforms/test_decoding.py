"""Answers that are almost JSON: single values cost their own rows, not the page."""

import json
import time

import msgspec
import pytest

from connections.platforms.decoding import repaired, unstorable

ROWS = msgspec.json.Decoder(list[msgspec.Raw])


class Row(msgspec.Struct):
    name: str


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "Infinity"])
def test_a_number_that_is_none_spoils_its_own_row_only(value):
    answer = b'[{"name": "NaN, Infinity"}, {"name": %s}]' % value.encode()

    good, bad = ROWS.decode(repaired(answer) or b"")

    assert msgspec.json.decode(good, type=Row) == Row("NaN, Infinity")
    assert "number that is none" in str(unstorable(bytes(bad), msgspec.json.decode(bad, type=Row)))


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        (r"\ud83d\ude00", True),
        (r"a\\ud800", True),
        (r"\u00e9\u2028", True),
        (r"\ud7ff\ue000", True),
        (r"cut \ud83d", False),
        (r"\ude00 cut", False),
        (r"\ud83d\ud83d\ude00", False),
        (r"\\\ud83d", False),
    ],
)
def test_half_of_a_character_spoils_its_own_row_only(text, is_whole):
    answer = b'[{"name": "other"}, {"name": "%s"}]' % text.encode()
    whole = repaired(answer)

    assert (whole is None) is is_whole
    if whole is not None:
        good, bad = ROWS.decode(whole)
        assert msgspec.json.decode(good, type=Row) == Row("other")
        assert unstorable(bytes(bad), msgspec.json.decode(bad, type=Row))


@pytest.mark.parametrize("answer", [b"", b"<html>", b'{"a": "b', b'["\\', b'{"a": [1, 2', b"nan"])
def test_what_is_something_else_stays_it(answer):
    assert repaired(answer) is None


def test_each_character_is_looked_at_once():
    began = time.perf_counter()
    for answer in (b'"' + rb"\"" * 1_000_000, b'"' * 1_000_000, b"-" * 2_000_000):
        repaired(answer)

    assert time.perf_counter() - began < 5


def test_what_is_json_is_never_changed():
    answer = json.dumps([{"name": "\U0001f600 \\ NaN \ud7ff"}, "-Infinity"]).encode()

    assert repaired(answer) is None

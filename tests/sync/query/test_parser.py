"""The query language: what it takes, what it refuses and where it says the mistake is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.query import QueryError, parse, write
from sync.query.parser import MAX_CLAUSES, MAX_DEPTH, MAX_LENGTH
from sync.query.tree import All, AnyOf, Clause, Operator


def clause(name, operator, value):
    return Clause(name, Operator(operator), value)


A, B, C = (clause(name, "=", "1") for name in "abc")

names = st.from_regex(
    r"[A-Za-z_][A-Za-z0-9_]{0,8}(\.[A-Za-z_][A-Za-z0-9_]{0,8}){0,2}", fullmatch=True
)
values = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0}"), min_size=1)
    .map(str.strip)
    .filter(lambda text: text and "&&" not in text and "||" not in text)
)
clauses = st.builds(Clause, names, st.sampled_from(Operator), values)


def joined(parts):
    several = st.lists(parts, min_size=2, max_size=4).map(tuple)
    return st.builds(All, several) | st.builds(AnyOf, several)


expressions = st.recursive(clauses, joined, max_leaves=8)


@given(expressions.filter(lambda each: len(write(each)) <= MAX_LENGTH))
def test_what_is_written_is_read_as_it_was_meant(expression):
    assert parse(write(expression)) == expression


@given(st.text(max_size=200) | st.text("{}&|=!<>~ a.1", max_size=60))
def test_any_text_is_read_or_refused_with_its_own_error(text):
    refused = None
    try:
        parse(text)
    except QueryError as error:
        refused = error

    assert refused is None or 0 <= refused.position <= len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1", A),
        (" a  =  1 ", A),
        ("{a=1}", A),
        ("{{a=1}}", A),
        ("a=1&&b=1", All((A, B))),
        ("a=1 || b=1 && c=1", AnyOf((A, All((B, C))))),
        ("{a=1 || b=1} && c=1", All((AnyOf((A, B)), C))),
        ("n=two words", clause("n", "=", "two words")),
        ("n=Smith & Sons | Co", clause("n", "=", "Smith & Sons | Co")),
        ("n=(a=b) {c", clause("n", "=", "(a=b) {c")),
        ("n~'; DROP TABLE x --", clause("n", "~", "'; DROP TABLE x --")),
        ("n>=5", clause("n", ">=", "5")),
        ("n> =5", clause("n", ">", "=5")),
        ("customerRef.id!=7", clause("customerRef.id", "!=", "7")),
        (
            "{totalAmount > 100 || totalAmount < 50} && status != paid",
            All(
                (
                    AnyOf((clause("totalAmount", ">", "100"), clause("totalAmount", "<", "50"))),
                    clause("status", "!=", "paid"),
                )
            ),
        ),
    ],
)
def test_the_grammar(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "The query ends where a property or { is expected"),
        ("a", 1, "The query ends where an operator is expected after a"),
        ("a b=1", 2, "Found b where an operator is expected after a"),
        ("a=", 2, "The query ends where a value is expected"),
        ("a= && b=1", 3, "Found && where a value is expected"),
        ("a=1 &&", 6, "The query ends where a property or { is expected"),
        ("a=1 && || b=1", 7, "Found || where a property or { is expected"),
        ("{a=1", 4, "The query ends where a } for the { at character 1 is expected"),
        ("a=1}", 3, "Found } where &&, || or the end is expected"),
        ("{a=1}{b=1}", 5, "Found { where &&, || or the end is expected"),
        ("{}", 1, "Found } where a property or { is expected"),
        ("1a=1", 0, "A property cannot begin with 1"),
        ("a.=1", 1, "Found . where an operator is expected after a"),
        ("é=1", 0, "A property cannot begin with é"),
        ("a=1\0", 3, "This is no character that a record could contain"),
        ("a=\ud800", 2, "This is no character that a record could contain"),
    ],
)
def test_a_mistake_is_shown_where_it_is(text, position, message):
    with pytest.raises(QueryError) as refused:
        parse(text)

    assert (refused.value.position, refused.value.message) == (position, message)


def test_length_depth_and_clauses_are_limited():
    longest = "a=" + "1" * (MAX_LENGTH - 2)
    deepest = "{" * MAX_DEPTH + "a=1" + "}" * MAX_DEPTH
    most = "||".join(["a=1"] * MAX_CLAUSES)

    for text in (longest, deepest, most):
        parse(text)
    for text in (longest + "1", "{" + deepest + "}", most + "||a=1", "{" * MAX_LENGTH):
        with pytest.raises(QueryError):
            parse(text)


def test_reading_takes_time_in_proportion_to_the_length():
    started = time.process_time()
    for text in ("{" * 2047, "a" * 2047, "a." * 1023, "a=" + "&" * 2045, "a =" + " " * 2044):
        for _ in range(20):
            with pytest.raises(QueryError):
                parse(text)

    assert time.process_time() - started < 1

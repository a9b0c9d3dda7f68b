"""Whole queries against Python's own reading of the same two hundred records."""

import datetime as dt
import operator
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from companies import tenancy
from connections.schemas import DataType
from connections.schemas.base import CustomerRef
from sync.query import condition, write
from sync.query.tree import All, AnyOf, Clause, Operator
from sync.records import records_of
from tests.factories import ConnectionFactory
from tests.sync.query.test_conditions import an_invoice, put

AMOUNTS = [Decimal(each) for each in ("-12.50", "0", "0.005", "99.99", "100", "1204.4", "100000")]
NAMES = ["Café Zoë", "Smith & Sons", "O'Hara", "100%", "a_b", "", None]
NOTES = ["paid late", "PAID", "50% off", "x_y", 'a "quote"', "\\back", None]
STATUSES = ["Draft", "Submitted", "PartiallyPaid", "Paid", "Void"]
DAYS = [dt.date(2024, 2, 29), dt.date(2026, 5, 4), dt.date(2026, 12, 31), None]

#: By its path, how a property is read of an invoice.
READ = {
    "totalAmount": lambda invoice: invoice.total_amount,
    "amountDue": lambda invoice: invoice.amount_due,
    "issueDate": lambda invoice: invoice.issue_date,
    "dueDate": lambda invoice: invoice.due_date,
    "status": lambda invoice: invoice.status,
    "note": lambda invoice: invoice.note,
    "customerRef.companyName": lambda invoice: (
        invoice.customer_ref.company_name if invoice.customer_ref else None
    ),
}
COMPARE = {
    Operator.EQUAL: operator.eq,
    Operator.GREATER: operator.gt,
    Operator.LESS: operator.lt,
    Operator.AT_LEAST: operator.ge,
    Operator.AT_MOST: operator.le,
}


def invoices():
    dice = Random(7)
    for number in range(200):
        name = dice.choice(NAMES)
        yield an_invoice(
            f"n{number:03}",
            str(dice.choice(AMOUNTS)),
            amount_due=dice.choice(AMOUNTS),
            issue_date=dice.choice(DAYS[:3]),
            due_date=dice.choice(DAYS),
            status=dice.choice(STATUSES),
            note=dice.choice(NOTES),
            customer_ref=None if name is None else CustomerRef(id="1", company_name=name),
        )


def clauses(paths, operators, values):
    return st.builds(Clause, st.sampled_from(paths), st.sampled_from(operators), values)


CLAUSES = st.one_of(
    clauses(["totalAmount", "amountDue"], [*COMPARE, Operator.NOT_EQUAL], st.sampled_from(AMOUNTS)),
    clauses(
        ["issueDate", "dueDate"],
        [*COMPARE, Operator.NOT_EQUAL],
        st.sampled_from([day for day in DAYS if day]),
    ),
    clauses(["status"], [Operator.EQUAL, Operator.NOT_EQUAL], st.sampled_from(STATUSES)),
    clauses(
        ["note", "customerRef.companyName"],
        [Operator.EQUAL, Operator.NOT_EQUAL, Operator.CONTAINS],
        st.sampled_from([text for text in (*NAMES, *NOTES, "%", "_", "A", "é", "zo") if text]),
    ),
    clauses(["status"], [Operator.CONTAINS], st.sampled_from(["paid", "t", "VOID"])),
)


def joined(parts):
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.builds(All, several) | st.builds(AnyOf, several)


EXPRESSIONS = st.recursive(CLAUSES, joined, max_leaves=8)


def holds(expression, invoice):
    if isinstance(expression, All):
        return all(holds(each, invoice) for each in expression.of)
    if isinstance(expression, AnyOf):
        return any(holds(each, invoice) for each in expression.of)
    value = READ[expression.property](invoice)
    if expression.operator is Operator.NOT_EQUAL:
        return value != expression.value
    if value is None:
        return False
    if expression.operator is Operator.CONTAINS:
        return expression.value.lower() in value.lower()
    return COMPARE[expression.operator](value, expression.value)


@pytest.fixture
def stored(db):
    connection = ConnectionFactory()
    with tenancy.entered(connection.organization_id):
        found = list(invoices())
        for invoice in found:
            put(connection, invoice)
        yield connection, found


def check(stored, expression):
    connection, found = stored
    query = write(expression)
    rows = records_of(connection, DataType.INVOICES).filter(condition(query, DataType.INVOICES))

    assert sorted(rows.values_list("source_id", flat=True)) == [
        invoice.id for invoice in found if holds(expression, invoice)
    ], query


_QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=40, deadline=None, suppress_health_check=_QUIET)
@given(expression=EXPRESSIONS)
def test_a_query_finds_what_python_finds(stored, expression):
    check(stored, expression)


@pytest.mark.full
@settings(max_examples=2000, deadline=None, suppress_health_check=_QUIET)
@given(expression=EXPRESSIONS)
def test_two_thousand_queries_find_what_python_finds(stored, expression):
    check(stored, expression)

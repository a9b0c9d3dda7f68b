"""Pages by key meet end to end in either direction, whatever is null or equal."""

import datetime as dt
import re
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from companies import listing
from companies.models import Company
from connections.schemas import DataType
from portal.keyset import Keyset
from sync import history, records
from sync.models import Pull, Record
from sync.query import member, properties
from tests.factories import CompanyFactory, ConnectionFactory, PullFactory
from tests.sync.books import a_record

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def pages_of(keyset, rows, *, size):
    page = keyset.page(rows, {}, size=size)
    pages = [page]
    while page.next:
        page = keyset.page(rows, {"after": page.next}, size=size)
        pages.append(page)
    return pages


def pages_back_from(page, keyset, rows, *, size):
    back = [page]
    while page.previous:
        page = keyset.page(rows, {"before": page.previous}, size=size)
        back.insert(0, page)
    return back


def ids(pages):
    return [row.pk for page in pages for row in page.rows]


def some_records(organization, days):
    """Records of one connection, the n-th dated on the n-th day or on none."""
    books = ConnectionFactory(company__organization=organization)
    for number, day in enumerate(days):
        a_record(
            books,
            source_id=f"{number:02}",
            label=str(day),
            dated_on=day and dt.date(2026, 1, day),
            due_on=day and dt.date(2026, 2, day),
            amount=day,
            outstanding=day,
            body={"id": f"{number:02}", "note": day and str(day), "amountDue": day},
        )
    return Record.objects.within(organization).of(books.pk, "invoices")


ORDERS = [
    ("-dated_on", "source_id"),
    ("dated_on", "source_id"),
    ("amount", "-source_id"),
    ("-label", "-source_id"),
    ("label", "is_deleted", "-source_id"),
    ("-due_on", "source_id"),
    ("outstanding", "-source_id"),
]
#: Members of the bodies, with the type they are read as.
MEMBERS = ["note", "amountDue", "dueDate"]


@pytest.mark.parametrize("order", ORDERS)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    days=st.lists(st.none() | st.integers(1, 3), max_size=12),
    size=st.integers(1, 5),
)
def test_pages_meet_end_to_end_in_either_direction(organization, order, days, size):
    rows = some_records(organization, days)
    keyset = Keyset(*order)

    forward = pages_of(keyset, rows, size=size)
    back = pages_back_from(forward[-1], keyset, rows, size=size)

    assert len(set(ids(forward))) == len(ids(forward)) == len(days)
    assert ids(back)[-len(days) :] == ids(forward) or not days
    assert all(len(page.rows) == size for page in forward[:-1])


@pytest.mark.parametrize("path", MEMBERS)
@pytest.mark.parametrize("sign", ["", "-"])
@given(days=st.lists(st.none() | st.integers(1, 28), max_size=9), size=st.integers(1, 4))
@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_pages_by_a_member_of_the_bodies_meet_as_well(organization, sign, path, days, size):
    asked = properties(DataType.INVOICES)[path]
    rows = some_records(organization, days).annotate(body_member=member(asked))
    keyset = Keyset(f"{sign}body_member", "source_id")

    forward = pages_of(keyset, rows, size=size)
    back = pages_back_from(forward[-1], keyset, rows, size=size)

    assert len(set(ids(forward))) == len(ids(forward)) == len(days)
    assert ids(back)[-len(days) :] == ids(forward) or not days
    values = [row.body_member for page in forward for row in page.rows]
    known = [value for value in values if value is not None]
    assert values == known + [None] * (len(values) - len(known))
    assert all(a >= b if sign else a <= b for a, b in pairwise(known))


@pytest.mark.parametrize("column", ["dated_on", "amount", "due_on"])
@pytest.mark.parametrize("sign", ["", "-"])
@given(days=st.lists(st.none() | st.integers(1, 28), max_size=9))
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_rows_without_a_value_come_last_in_both_directions(organization, sign, column, days):
    rows = some_records(organization, days)

    pages = pages_of(Keyset(f"{sign}{column}", "source_id"), rows, size=2)

    values = [getattr(row, column) for page in pages for row in page.rows]
    known = [value for value in values if value is not None]
    assert values == known + [None] * (len(values) - len(known))
    assert all(a >= b if sign else a <= b for a, b in pairwise(known))


def test_a_position_of_another_order_is_no_position(organization):
    rows = some_records(organization, [1, 1, 1])
    foreign = Keyset("-label", "source_id").page(rows, {}, size=1).next

    page = Keyset("label", "source_id").page(rows, {"after": foreign}, size=2)

    assert [row.source_id for row in page.rows] == ["00", "01"]
    assert page.previous == ""


def test_a_position_in_another_table_is_no_position(organization):
    company = CompanyFactory(organization=organization)
    PullFactory(connection=ConnectionFactory(company=company))
    CompanyFactory(organization=organization)
    companies = Company.objects.within(organization)
    foreign = Keyset("id").page(companies, {}, size=1).next
    assert foreign

    page = Keyset("id").page(Pull.objects.within(organization), {"after": foreign}, size=1)

    assert (len(page.rows), page.previous) == (1, "")


@pytest.mark.parametrize("cursor", ["nonsense", "W10:1:a", "\0", "é", "a" * 5000])
@pytest.mark.parametrize("direction", ["after", "before"])
def test_a_tampered_position_leads_to_the_first_page(organization, direction, cursor):
    rows = some_records(organization, [1, 2, 3])

    page = Keyset("label", "source_id").page(rows, {direction: cursor}, size=2)

    assert [row.source_id for row in page.rows] == ["00", "01"]


@pytest.mark.parametrize("direction", ["after", "before"])
def test_a_page_whose_rows_are_gone_is_the_first(organization, direction):
    rows = some_records(organization, [1, 2, 3, 3])
    keyset = Keyset("-label", "source_id")
    last = pages_of(keyset, rows, size=1)[-1 if direction == "before" else -2]
    cursor = last.previous if direction == "before" else last.next
    rows.filter(label__in=["1", "3"]).delete()

    page = keyset.page(rows, {direction: cursor}, size=2)

    assert [row.source_id for row in page.rows] == ["01"]
    assert (page.next, page.previous) == ("", "")


@pytest.fixture
def ledgers(organization):
    """Sixty each of companies, records and pulls: equal moments, and every third without one."""
    Company.objects.bulk_create(
        Company(
            organization=organization,
            name=f"Company {number % 20:02}",
            last_pull_at=None if number % 3 == 0 else NOON - dt.timedelta(hours=number % 7),
        )
        for number in range(60)
    )
    rows = some_records(organization, [number % 3 or None for number in range(60)])
    books = ConnectionFactory(company__organization=organization)
    for number in range(60):
        moment = NOON - dt.timedelta(hours=number // 4)
        PullFactory(connection=books, requested_at=moment, completed_at=moment, status="Complete")
    return {
        "companies": Company.objects.within(organization),
        "records": rows,
        "pulls": history.pulls_of(books.company),
    }


COLUMNS = {"name": "sort_name", "pull": "last_pull_at", "created": "created_at"}
INDEXED = [
    *(
        ("companies", keyset, COLUMNS[sort.removeprefix("-")])
        for sort, keyset in listing.ORDERS.items()
    ),
    ("records", records.ORDERS["date"], "dated_on"),
    ("records", records.ORDERS["-date"], "dated_on"),
    ("records", records.ORDERS["due"], "due_on"),
    ("records", records.ORDERS["-due"], "due_on"),
    ("pulls", history.NEWEST_FIRST, "requested_at"),
]


@pytest.mark.parametrize(("table", "keyset", "column"), INDEXED)
def test_every_stretch_of_a_later_page_is_one_range_of_an_index(ledgers, table, keyset, column):
    """Whatever the depth: PostgreSQL reads the page's rows and no others to find them."""
    rows = ledgers[table]
    with connection.cursor() as cursor:
        for other in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{other} = off")
    pages = pages_of(keyset, rows, size=7)

    with CaptureQueriesContext(connection) as asked:
        for page in pages[:-1]:
            keyset.page(rows, {"after": page.next}, size=7)
        for page in pages[1:]:
            keyset.page(rows, {"before": page.previous}, size=7)

    assert len(asked) >= 2 * len(pages) - 2
    for query in list(asked):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {query['sql'].replace('%', '%%')}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        # An incremental sort orders the pulls of one moment; any other would read the whole table.
        assert not re.search(r"(?<!Incremental )Sort  \(", plan), plan
        conditions = [line for line in plan.splitlines() if "Index Cond" in line]
        assert any(column in line for line in conditions), plan

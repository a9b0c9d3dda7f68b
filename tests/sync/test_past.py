"""Whole tables as they were: the query, the pages and the files."""

import csv
import datetime as dt
import html
import io
import re

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from companies import tenancy
from companies.models import Organization
from sync import records, versions
from sync.models import Record, RecordState
from tests.factories import ConnectionFactory
from tests.sync.books import (
    a_profit_and_loss,
    a_pull,
    a_status,
    an_earlier_version,
    an_invoice,
)
from tests.sync.scripted import invoice, page

NOON = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def after(connection, pull):
    return records.records_as_of(connection, "invoices", pull.completed_at)


def totals(states):
    return {state.source_id: (int(state.amount), state.is_deleted) for state in states}


@pytest.fixture
def pulls(platform, pull):
    """What came, changed twice, vanished and came late, pull by pull."""
    done = []
    for served in (
        [invoice(1, total="10"), invoice(2, total="20"), invoice(3, total="30")],
        [invoice(1, total="11"), invoice(2, total="20"), invoice(3, total="30")],
        [invoice(1, total="12"), invoice(2, total="20"), invoice(4, total="40")],
        [invoice(1, total="12"), invoice(2, total="20"), invoice(3, total="33")],
    ):
        platform.serve(page(*served, cursor="1"))
        done.append(pull(accepts_disappearance=True))
    assert all(each.is_completed for each in done)
    return done


def test_after_each_pull_the_records_are_read_as_that_pull_left_them(connection, pulls):
    assert [totals(after(connection, each)) for each in pulls] == [
        {"inv-1": (10, False), "inv-2": (20, False), "inv-3": (30, False)},
        {"inv-1": (11, False), "inv-2": (20, False), "inv-3": (30, False)},
        {"inv-1": (12, False), "inv-2": (20, False), "inv-3": (30, True), "inv-4": (40, False)},
        {"inv-1": (12, False), "inv-2": (20, False), "inv-3": (33, False), "inv-4": (40, True)},
    ]


def test_each_record_agrees_with_the_reading_of_it_alone(connection, pulls):
    moments = [each.completed_at for each in pulls]
    beside = [moment - dt.timedelta(microseconds=1) for moment in moments]
    for moment in (*moments, *beside, moments[0] - DAY, moments[-1] + DAY):
        whole = {
            state.source_id: (state.body, state.is_deleted)
            for state in records.records_as_of(connection, "invoices", moment)
        }
        alone = {
            record.source_id: versions.as_of(record, moment.isoformat())
            for record in Record.objects.all()
        }
        assert whole == {
            source_id: (state.body, state.is_deleted)
            for source_id, state in alone.items()
            if state.body is not None
        }


def test_columns_and_bodies_are_of_one_state(connection, pulls):
    (state,) = after(connection, pulls[0]).filter(source_id="inv-1")

    assert (state.label, state.currency, state.record_status) == ("INV-0001", "GBP", "Submitted")
    assert (state.outstanding, state.due_on) == (10, dt.date(2026, 1, 31))
    assert state.source_modified_at == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert '"totalAmount":10' in state.body
    assert state.pull_id == pulls[0].pk


def test_the_past_is_read_in_one_query_however_many_records(
    connection, pulls, django_assert_num_queries
):
    with django_assert_num_queries(1):
        assert len(after(connection, pulls[2])) == 4


def test_both_tables_are_read_by_their_indexes(connection, pulls):
    with database.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    with CaptureQueriesContext(database) as asked:
        list(after(connection, pulls[1]).filter(amount__gte=10))
    with database.cursor() as cursor:
        cursor.execute(f"EXPLAIN {asked[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    conditions = [line for line in plan.splitlines() if "Index Cond" in line]
    assert len(conditions) == 2, plan
    assert all("connection_id" in line and "data_type" in line for line in conditions), plan
    assert any("superseded_at >" in line for line in conditions), plan


def test_the_past_of_another_organization_is_not_seen(connection, pulls, other_organization):
    foreign = ConnectionFactory(company__organization=other_organization)
    with tenancy.entered(other_organization.pk):
        assert not RecordState.objects.exists()
        assert not RecordState.objects.within(connection.organization_id).exists()
    assert not records.records_as_of(foreign, "invoices", timezone.now()).exists()
    assert RecordState.objects.exists()
    assert Organization.objects.count() == 1


@pytest.fixture
def books(company, connection):
    """INV-1 changed at noon, INV-2 was deleted at noon, INV-3 came at noon."""
    type(connection).objects.filter(pk=connection.pk).update(first_linked_at=NOON - 9 * DAY)
    a_status(connection, record_count=2)
    pull = a_pull(connection, completed_at=NOON, requested_at=NOON, fetched=2, added=1, changed=1)
    common = {"changed_by": pull, "modified_at": NOON - DAY, "superseded_at": NOON}
    first = an_invoice(
        connection,
        "INV-1",
        amount="200",
        modified_at=NOON,
        body={"id": "INV-1", "totalAmount": 200, "note": "new"},
    )
    an_earlier_version(
        first,
        body={"id": "INV-1", "totalAmount": 100, "note": "old"},
        **common,
        amount=100,
        currency="GBP",
    )
    gone = an_invoice(
        connection,
        "INV-2",
        amount="150",
        modified_at=NOON,
        is_deleted=True,
        body={"id": "INV-2", "totalAmount": 150},
    )
    an_earlier_version(
        gone, body={"id": "INV-2", "totalAmount": 150}, **common, amount=150, currency="GBP"
    )
    an_invoice(connection, "INV-3", amount="300", modified_at=NOON)
    return company


def url(name, company, data_type="invoices"):
    return reverse(f"sync:{name}", args=[company.organization.slug, company.pk, data_type])


def shown(answer):
    return re.findall(r'class="row-link"[^>]*>([^<]+)</a>', answer.content.decode())


BEFORE = "2026-05-04T11:59"


def test_a_table_is_shown_as_it_was(client, books):
    then = client.get(url("data-type", books), {"asOf": BEFORE, "sort": "amount"})
    text = html.unescape(then.content.decode())

    assert then.status_code == 200
    assert shown(then) == ["INV-1", "INV-2"]
    assert "£100.00" in text
    assert "£200.00" not in text
    assert "As it was on" in text
    assert "Back to now" in text
    assert "2 records then" in text
    assert "Deleted at the source" not in text
    assert f"asOf={BEFORE.replace(':', '%3A')}" in text

    now = client.get(url("data-type", books), {"sort": "amount"})
    assert shown(now) == ["INV-2", "INV-1", "INV-3"]
    assert "As it was on" not in now.content.decode()


def test_the_search_is_of_then(client, books):
    asked = {"asOf": BEFORE, "q": "note = old && totalAmount = 100"}

    assert shown(client.get(url("data-type", books), asked)) == ["INV-1"]
    assert shown(client.get(url("data-type", books), {**asked, "asOf": "2026-05-05"})) == []


def test_pages_of_the_past_follow_one_another(client, books, monkeypatch):
    monkeypatch.setattr(records, "PAGE_SIZE", 1)
    answer = client.get(url("data-type", books), {"asOf": BEFORE, "sort": "-amount"})

    (following,) = re.findall(r'href="([^"]*after=[^"]*)"', answer.content.decode())

    assert shown(answer) == ["INV-2"]
    assert shown(client.get(html.unescape(following))) == ["INV-1"]


def test_the_file_is_of_then(client, books):
    answer = client.get(url("export", books), {"asOf": BEFORE, "sort": "name"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")

    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["ID"], row["Total"], row["Deleted at the source"]) for row in rows] == [
        ("INV-1", "100", "false"),
        ("INV-2", "150", "false"),
    ]
    assert "as of 2026-05-04" in answer["Content-Disposition"].replace("%20", " ")


def test_a_pull_is_chosen_from_those_that_changed_something(client, connection, books):
    a_pull(connection, requested_at=NOON + DAY)
    text = client.get(url("data-type", books)).content.decode()

    choices = re.findall(r"asOf=([0-9a-f-]{36})", text)

    assert len(choices) == 1
    then = client.get(url("data-type", books), {"asOf": choices[0], "sort": "amount"})
    assert shown(then) == ["INV-2", "INV-1", "INV-3"]
    assert "this pull" in then.content.decode()


def test_before_anything_was_pulled_there_is_nothing(client, books):
    answer = client.get(url("data-type", books), {"asOf": "2020-01-01"})

    assert answer.status_code == 200
    assert "None then" in answer.content.decode()


@pytest.mark.parametrize("asked", ["yesterday", "00000000-0000-4000-8000-000000000000", "\0"])
def test_what_is_no_moment_is_refused_in_words(client, books, asked):
    answer = client.get(url("data-type", books), {"asOf": asked})

    assert answer.status_code == 400
    assert "is no moment of these records" in answer.content.decode()
    assert len(shown(answer)) == 3
    file = client.get(url("export", books), {"asOf": asked})
    assert file.status_code == 302
    assert client.get(file["Location"]).status_code == 400


def test_a_pull_of_other_data_is_no_moment(client, connection, books):
    other = a_pull(connection, "bills")

    assert client.get(url("data-type", books), {"asOf": str(other.pk)}).status_code == 400


def test_a_statement_is_shown_as_it_was(client, connection, books):
    statement = a_profit_and_loss(connection)
    Record.objects.filter(source_id=statement.source_id).update(modified_at=NOON)
    an_earlier_version(
        statement,
        body={"id": "profitAndLoss", "reportBasis": "Accrual", "reports": []},
        changed_by=a_pull(connection, "profitAndLoss"),
        modified_at=NOON - DAY,
        superseded_at=NOON,
    )
    here = url("data-type", books, "profitAndLoss")

    then = client.get(here, {"asOf": BEFORE}).content.decode()
    never = client.get(here, {"asOf": "2020-01-01"})

    assert "As it was on" in then
    assert "No period yet" in then
    assert "No statement then" in never.content.decode()
    assert "Coffee" in client.get(here, {"asOf": "2026-05-05"}).content.decode()
    assert client.get(url("export", books, "profitAndLoss"), {"asOf": BEFORE}).status_code == 200
    assert (
        client.get(url("export", books, "profitAndLoss"), {"asOf": "2020-01-01"}).status_code == 404
    )

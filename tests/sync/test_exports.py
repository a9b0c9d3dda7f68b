"""Exports: all that a search found, as it stands in the books, in files no spreadsheet runs."""

import csv
import datetime as dt
import io

import pytest
from django.urls import reverse
from django.utils import timezone

from sync import records
from sync.models import Record
from tests.factories import ConnectionFactory
from tests.sync.books import a_profit_and_loss, a_status, an_invoice


@pytest.fixture
def connection(company):
    return ConnectionFactory(company=company, first_linked_at=timezone.now())


@pytest.fixture
def export(client, company):
    def run(data_type="invoices", **asked):
        place = [company.organization.slug, company.pk, data_type]
        return client.get(reverse("sync:export", args=place), asked)

    return run


def rows(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_records_are_exported_with_every_column(company, connection, export):
    a_status(connection)
    body = {
        "id": "7",
        "invoiceNumber": "=1+1",
        "totalAmount": 1204.4,
        "dueDate": "2026-06-03",
        "amountDue": -0.05,
    }
    an_invoice(connection, "=1+1", amount="1204.4", body=body, due_on=dt.date(2026, 6, 3))

    answer = export()
    (row,) = rows(answer)

    assert f"Eastgate%20Roasters%20invoices%20{timezone.localdate()}.csv" in (
        answer["Content-Disposition"].replace(" ", "%20")
    )
    assert list(row)[:4] == ["ID", "Number", "Customer", "Issued"]
    assert (row["Number"], row["Issued"], row["Due"]) == ("'=1+1", "2026-05-04", "2026-06-03")
    assert (row["Currency"], row["Total"], row["Amount due"]) == ("GBP", "1204.4", "-0.05")
    assert row["Deleted at the source"] == "false"


def test_digits_that_the_column_rounds_are_exported(connection, export):
    a_status(connection)
    an_invoice(connection, "INV-1", amount="0.1", body={"id": "INV-1", "totalAmount": 0.123456789})
    an_invoice(connection, "INV-2", amount="12.5")

    assert {row["ID"]: row["Total"] for row in rows(export())} == {
        "INV-1": "0.123456789",
        "INV-2": "12.5",
    }


@pytest.mark.parametrize("sort", ["date", "-amount", "-name"])
def test_all_rows_of_a_search_are_exported_in_its_order(connection, export, monkeypatch, sort):
    monkeypatch.setattr(records, "EXPORTED_AT_ONCE", 7)
    a_status(connection)
    for number in range(30):
        an_invoice(connection, f"INV-{number:02}", amount=number)

    found = [row["ID"] for row in rows(export(q="id != INV-05", sort=sort))]

    assert found == [f"INV-{number:02}" for number in range(29, -1, -1) if number != 5]


def test_an_export_ends_although_a_pull_takes_the_rest_away_meanwhile(
    connection, export, monkeypatch
):
    monkeypatch.setattr(records, "EXPORTED_AT_ONCE", 2)
    a_status(connection)
    for number in range(5):
        an_invoice(connection, f"INV-{number}")

    read = records.exported

    def read_before_a_pull(*asked, **more):
        page = read(*asked, **more)
        Record.objects.filter(source_id__gt="INV-1").update(record_status="Void")
        return page

    monkeypatch.setattr(records, "exported", read_before_a_pull)

    found = rows(export(q="status = Paid", sort="name"))

    assert [row["ID"] for row in found] == ["INV-0", "INV-1"]


def test_a_statement_is_exported_with_all_its_periods(connection, export):
    a_profit_and_loss(connection, months=8)

    found = rows(export("profitAndLoss"))

    coffee = next(row for row in found if row["Line"] == "Coffee")
    assert (coffee["Section"], coffee["Level"], coffee["Currency"]) == ("Income", "2", "GBP")
    assert (coffee["Aug 2026"], coffee["Jan 2026"]) == ("1008.25", "1001.25")
    assert found[-1]["Line"] == "Net profit"


def test_a_query_that_cannot_be_answered_leads_to_its_explanation(client, connection, export):
    a_status(connection)

    answer = export(q="foo = 1")

    assert answer.status_code == 302
    assert "Could not resolve property foo" in client.get(answer["Location"]).content.decode()


def test_what_was_never_pulled_cannot_be_exported(connection, export):
    assert export().status_code == 404

"""What monitoring is told of pulls, schedules, platforms, tokens and webhooks."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from connections.platforms.base import Unreachable
from portal import metrics
from sync import beat, measures
from sync.models import Pull
from tests import whole_way
from tests.factories import DataStatusFactory, PullFactory
from tests.measured import measured  # noqa: F401
from tests.real_sandbox import sandbox, sandbox_server  # noqa: F401
from tests.sync.scripted import invoice, page


@pytest.mark.django_db(transaction=True)
def test_the_whole_way_is_counted(sandbox, measured):
    whole_way.walk(sandbox)

    pulled = {"platform": "Sandbox", "data_type": "invoices"}
    assert measured.value("ledgerport_pulls_total", status="Complete", **pulled) == 1
    assert measured.value("ledgerport_pull_duration_seconds_count", **pulled) == 1
    assert measured.value("ledgerport_records_stored_total", change="added", **pulled) > 0
    assert measured.value("ledgerport_pull_wait_seconds_count", trigger="api") == 1
    requests = measured.value("ledgerport_platform_requests_total", status="2xx")
    assert requests >= 2  # a token for the code, and pages
    assert measured.value("ledgerport_platform_request_duration_seconds_count") == requests
    assert measured.value("ledgerport_webhook_attempts_total", outcome="ok") == 1
    assert measured.value("ledgerport_webhook_attempt_duration_seconds_count") == 1
    assert (
        measured.value("ledgerport_api_requests_total", operation="refresh_data_type", status="200")
        == 1
    )
    assert measured.value("ledgerport_tasks_total", task="sync.tasks.run_connection") == 1


@pytest.mark.django_db(transaction=True)
def test_no_series_tells_whose_it_is(sandbox, measured):
    walked = whole_way.walk(sandbox)

    for name in (walked.organization.pk, walked.connection.pk, walked.pull_id, "@", "http:", "/o/"):
        assert str(name) not in measured.text
    assert walked.found_in(measured.text) == []


def test_pulls_that_fail_are_counted_by_their_status(
    pull, platform, measured, django_capture_on_commit_callbacks
):
    platform.serve(Unreachable("It does not answer."))

    with django_capture_on_commit_callbacks(execute=True):
        pull()

    assert measured.value("ledgerport_pulls_total", status="FetchError") == 1
    assert measured.value("ledgerport_records_stored_total") == 0


def test_what_was_not_committed_is_not_counted(pull, platform, measured):
    platform.serve(page(invoice(1), cursor="1", watermark="w1"))

    pull()

    assert measured.value("ledgerport_pulls_total") == 0


def test_data_types_that_customers_make_up_are_one():
    assert measures.kind_of("custom/their-own") == "custom"
    assert measures.kind_of("invoices") == "invoices"


def test_how_late_the_schedule_is_is_told(connection, measured):
    for data_type, minutes in (("invoices", 4), ("bills", 20)):
        DataStatusFactory(
            connection=connection,
            data_type=data_type,
            frequency="daily",
            next_due_at=Now() - timedelta(minutes=minutes),
        )

    assert measures.read()[metrics.SCHEDULES_DUE] == {(): 2}
    assert 1200 <= measures.read()[metrics.SCHEDULES_OVERDUE_SECONDS][()] < 1300
    beat.queue_due_pulls()

    late = "ledgerport_schedule_lateness_seconds"
    assert measured.value(f"{late}_count") == 2
    assert measured.value(f"{late}_bucket", le="300.0") == 1
    assert measures.read()[metrics.SCHEDULES_DUE] == {(): 0}


def test_what_is_under_way_is_told_by_what_it_waits_for(connection):
    def a_pull(data_type, **fields):
        PullFactory(connection=connection, data_type=data_type, **fields)

    a_pull("invoices", status="Queued", requested_at=Now() - timedelta(seconds=50))
    a_pull("bills", status="Queued", not_before=Now() + timedelta(hours=1))
    a_pull("items", status="Fetching")
    a_pull("accounts", status="Complete")

    read = measures.read()

    assert read[metrics.PULLS_ACTIVE] == {("running",): 1, ("waiting",): 1, ("parked",): 1}
    assert 50 <= read[metrics.QUEUE_AGE_SECONDS][()] < 120
    assert Pull.objects.count() == 4

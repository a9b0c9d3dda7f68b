"""What operations staff watch."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from connections.models import ConnectionError, StoredCredentials  # noqa: A004 - API's word
from sync import beat, monitor
from sync.models import PullStatus
from tests.factories import CompanyFactory, ConnectionFactory, DataStatusFactory, PullFactory

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def fresh_cache():
    cache.clear()


@pytest.fixture
def url():
    return reverse("sync:monitor", args=["harbour"])


def credentials(connection, **fields):
    now = timezone.now()
    return StoredCredentials.objects.create(
        organization=connection.organization,
        connection=connection,
        access_token=b"",
        refresh_token=b"",
        **{"refreshed_at": now} | fields,
    )


def test_pulls_are_counted_by_what_they_wait_for(client, organization, connection, url):
    later = timezone.now() + timedelta(minutes=5)
    PullFactory(
        connection=connection, status=PullStatus.FETCHING, started_at=timezone.now(), progress=40
    )
    PullFactory(connection=connection, data_type="bills")
    PullFactory(
        connection=connection,
        data_type="items",
        not_before=later,
        status_description="Waits for Xero until 14:05 UTC.",
    )
    DataStatusFactory(connection=connection, next_due_at=timezone.now() - DAY)

    shown = monitor.read(organization)
    page = client.get(url).content.decode()

    assert shown["counts"] == {"running": 1, "waiting": 1, "parked": 1, "due": 1}
    assert "Waits for Xero until 14:05 UTC." in page


def test_failures_are_grouped_by_their_cause(organization, connection):
    others = [ConnectionFactory(company=CompanyFactory(organization=organization)) for _ in "ab"]
    for each in (connection, *others):
        ConnectionError.objects.create(
            organization=organization,
            connection=each,
            status_code="503",
            status_text="Could not fetch",
            error_message="Sandbox has a problem on its side.",
        )
    ConnectionFactory(company=CompanyFactory(organization=organization), status="Deauthorized")

    first, second = monitor.causes(organization)

    assert (first.connections, first.words) == (3, "Sandbox has a problem on its side. (503)")
    assert second.connections == 1
    assert second.words.startswith("The customer’s authorization ended.")


def test_an_outage_is_told_once_for_all_it_keeps_waiting(client, organization, connection, url):
    since = timezone.now() - timedelta(minutes=9)
    again = timezone.now() + timedelta(minutes=1)

    def waiting(connection, **fields):
        defaults = {"outage_since": since, "not_before": again}
        PullFactory(connection=connection, **defaults | fields)

    def other(platform):
        company = CompanyFactory(organization=organization, name=f"A {platform} Ltd")
        return ConnectionFactory(company=company, platform=platform)

    waiting(connection)
    waiting(connection, data_type="bills", not_before=again + timedelta(minutes=2))
    waiting(other("sandbox"), outage_since=since + timedelta(minutes=1))
    waiting(other("hledger"))
    PullFactory(connection=other("xero"), not_before=again)

    vendor, own = monitor.outages(organization)
    page = client.get(url).content.decode()

    assert vendor == monitor.Outage("Sandbox", 2, since, again)
    assert own == monitor.Outage("hledger · A hledger Ltd", 1, since, again)
    assert page.count("has not answered since") == 2
    assert "2 connections wait. Next try: " in page


def test_what_is_resolved_is_no_cause(organization, connection):
    ConnectionError.objects.create(
        organization=organization,
        connection=connection,
        status_code="503",
        status_text="",
        error_message="",
        resolved_at=timezone.now(),
    )

    assert monitor.causes(organization) == []


def test_authorizations_that_end_soon_are_told_with_what_keeps_them(organization, connection):
    now = timezone.now()
    idle = ConnectionFactory(company=CompanyFactory(organization=organization), platform="xero")
    far = ConnectionFactory(company=CompanyFactory(organization=organization), platform="xero")
    credentials(connection, refresh_expires_at=now + 3 * DAY)
    credentials(idle, refreshed_at=now - 55 * DAY)
    credentials(far)
    DataStatusFactory(connection=connection, next_due_at=now + DAY)

    first, second = monitor.lapses(organization)

    assert (first.connection, first.is_kept_alive) == (connection, True)
    assert (second.connection, second.is_kept_alive) == (idle, False)
    assert abs(second.ends_at - (now + 5 * DAY)) < timedelta(seconds=5)


def test_a_silent_scheduler_is_told_of(client, organization, url):
    assert "gives no sign of life" in client.get(url).content.decode()

    beat.queue_due_pulls()

    assert "gives no sign of life" not in client.get(url).content.decode()


def test_the_page_asks_as_little_of_many_as_of_one(client, connection, url):
    def asked():
        with CaptureQueriesContext(database) as queries:
            client.get(url)
        return len(queries)

    PullFactory(connection=connection, status=PullStatus.FETCHING)
    one = asked()
    for data_type in ("bills", "items"):
        PullFactory(connection=connection, data_type=data_type, status=PullStatus.FETCHING)

    assert asked() == one

"""What is past its time goes, what is needed stays, and whoever interrupts it loses nothing."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings as project
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.urls import reverse
from django.utils import timezone

import chaos
from companies import prunings, tenancy
from companies.models import Event, OutboxEntry, Pruning
from engines import locations
from portal import clock, pruning, settings, tasks
from portal.owner import owner_beside
from sync import retention
from sync.models import (
    PlatformRequest,
    Pull,
    PullStatus,
    RejectedRecord,
    ValidationIssue,
)
from tests.factories import (
    CompanyFactory,
    ConnectionFactory,
    DataStatusFactory,
    MembershipFactory,
    OrganizationFactory,
    PullFactory,
    UserFactory,
)
from tests.parts import parts_of, put_back
from webhooks import operations
from webhooks.models import Attempt, Delivery

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timezone.now()
OLD = NOW - timedelta(days=400)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _few_are_kept(monkeypatch):
    monkeypatch.setattr(retention, "KEPT_OF_COMPANY", 3)


@pytest.fixture
def mended():
    yield
    put_back()


@pytest.fixture
def later(monkeypatch, mended):
    """Have everybody's clock be so many days ahead."""

    def by(days):
        monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=days))

    return by


def prune():
    report = pruning.Report()
    pruning.prune(report, tell=lambda _: None, rest=0)
    return report


def old_pull(connection, number=0, **fields):
    at = OLD + timedelta(minutes=number)
    return PullFactory(
        connection=connection,
        **{"status": PullStatus.COMPLETE, "requested_at": at, "completed_at": at} | fields,
    )


def history(connection, size=3):
    """Newer pulls, so that older ones are none of the newest."""
    with tenancy.entered(connection.organization_id):
        Pull.objects.bulk_create(
            PullFactory.build(
                connection=connection,
                status=PullStatus.COMPLETE,
                requested_at=NOW - DAY,
                completed_at=NOW - DAY,
            )
            for _ in range(size)
        )


def left(*pulls):
    with tenancy.entered(pulls[0].organization_id):
        there = set(Pull.objects.filter(pk__in=[each.pk for each in pulls]))
    return [each in there for each in pulls]


def request(pull, **fields):
    with tenancy.entered(pull.organization_id):
        return PlatformRequest.objects.create(
            organization_id=pull.organization_id,
            pull=pull,
            **{"at": NOW, "method": "GET", "url": "/", "status": 200, "milliseconds": 1, "size": 1}
            | fields,
        )


def event(organization_id):
    with tenancy.entered(organization_id):
        return Event.objects.create(
            organization_id=organization_id, type="company.created", summary="created"
        )


def test_old_pulls_go_with_everything_that_was_noted_of_them():
    connection = ConnectionFactory()
    history(connection)
    old = old_pull(connection)
    with tenancy.entered(old.organization_id):
        RejectedRecord.objects.create(
            organization_id=old.organization_id, pull=old, reason="r", raw="{}"
        )
        ValidationIssue.objects.create(
            organization_id=old.organization_id,
            pull=old,
            level="error",
            rule_id="r",
            item_id="1",
            message="m",
            validator_name="v",
        )
    request(old)

    report = prune()

    assert report.of("pulls").rows == 1
    with tenancy.entered(old.organization_id):
        assert Pull.objects.count() == retention.KEPT_OF_COMPANY
        for model in (RejectedRecord, ValidationIssue, PlatformRequest):
            assert not model.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"fetched": 1, "added": 1},
        {"fetched": 1, "changed": 1},
        {"deleted": 1},
        {"status": PullStatus.FETCHING, "completed_at": None},
        {"is_held": True, "status": PullStatus.VALIDATION_ERROR},
        {"requested_at": NOW - 300 * DAY},
    ],
    ids=["added", "changed", "deleted", "runs", "held", "young"],
)
def test_a_pull_that_is_needed_stays(fields):
    connection = ConnectionFactory()
    history(connection)
    needed = old_pull(connection, data_type="bills", **fields)

    prune()

    assert left(needed) == [True]


def test_the_latest_of_a_data_type_and_its_latest_success_stay():
    connection = ConnectionFactory()
    history(connection)
    succeeded, failed, other = (old_pull(connection, number) for number in range(3))
    DataStatusFactory(
        connection=connection, latest_pull_id=failed.pk, latest_success_pull_id=succeeded.pk
    )

    prune()

    assert left(succeeded, failed, other) == [True, True, False]


def test_a_company_keeps_its_newest_however_old():
    quiet, new = ConnectionFactory(), ConnectionFactory()
    pulls = [old_pull(quiet, number) for number in range(retention.KEPT_OF_COMPANY + 3)]
    few = [old_pull(new, number) for number in range(retention.KEPT_OF_COMPANY)]

    prune()

    assert left(*pulls) == [False] * 3 + [True] * retention.KEPT_OF_COMPANY
    assert left(*few) == [True] * retention.KEPT_OF_COMPANY


def test_days_are_the_operators(settings):
    connection = ConnectionFactory()
    history(connection)
    old = old_pull(connection)
    settings.KEEP_PULLS_DAYS = 500

    prune()

    assert left(old) == [True]


@pytest.mark.parametrize("value", ["0", "30", "-1", "x", "1e3", "99999", "１００"])
def test_what_is_no_number_of_days_starts_nothing(monkeypatch, value):
    monkeypatch.setenv("LEDGERPORT_KEEP_PULLS_DAYS", value)

    with pytest.raises(ImproperlyConfigured, match="LEDGERPORT_KEEP_PULLS_DAYS"):
        settings._days("LEDGERPORT_KEEP_PULLS_DAYS", 396)


def test_months_of_requests_go_whole(later):
    pull = PullFactory()
    request(pull)
    later(100)
    assert prune().of("platform_requests").months == []

    later(200)
    report = prune()

    assert "sync_platformrequest_first" in report.of("platform_requests").months
    with tenancy.entered(pull.organization_id):
        assert not PlatformRequest.objects.exists()


def test_a_month_of_events_stays_while_one_is_not_told(later):
    told, untold = (OrganizationFactory() for _ in range(2))
    events = [event(each.pk) for each in (told, untold)]
    with tenancy.entered(untold.pk):
        OutboxEntry.objects.create(organization=untold, event=events[1])
    later(500)

    kept = prune().of("events")
    with tenancy.entered(untold.pk):
        OutboxEntry.objects.all().delete()
    gone = prune().of("events")

    assert kept.left == ["companies_event_first"]
    assert "companies_event_first" not in kept.months
    assert (gone.months, gone.left) == (["companies_event_first"], [])


def test_attempts_go_with_their_messages_and_their_month_after_them(later):
    organization = OrganizationFactory()
    consumer = operations.create_consumer(
        organization, url="https://sink.example/", event_types=["company.created"], actor=None
    )
    with tenancy.entered(organization.pk):
        ended, waiting = (
            Delivery.objects.create(
                organization=organization,
                consumer=consumer,
                event_type="company.created",
                attempts=1,
                **fields,
            )
            for fields in ({"status": "failed", "next_attempt_at": None}, {})
        )
        for delivery in (ended, waiting):
            Attempt.objects.create(
                organization=organization,
                delivery=delivery,
                consumer_id=consumer.pk,
                number=1,
                at=NOW,
                outcome="refused",
                milliseconds=1,
            )
    later(150)

    first = prune()

    assert first.of("messages").rows == 1
    assert first.of("attempts").left == ["webhooks_attempt_first"]
    with tenancy.entered(organization.pk):
        assert [each.delivery_id for each in Attempt.objects.all()] == [waiting.pk]
        Delivery.objects.update(status="failed", next_attempt_at=None)
    prune()
    assert prune().of("attempts").months == ["webhooks_attempt_first"]


def test_what_was_interrupted_comes_first_the_next_time(monkeypatch):
    connections_ = [ConnectionFactory() for _ in range(3)]
    old = []
    for each in connections_:
        history(each)
        old.append(old_pull(each))
    prune()
    old += [old_pull(each) for each in connections_]
    seen = []

    def stop(_):
        seen.append(True)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with chaos.armed(stop), pytest.raises(KeyboardInterrupt):
        prune()
    with tenancy.system():
        (interrupted,) = Pruning.objects.filter(ended_at=None).values_list(
            "organization_id", flat=True
        )

    assert pruning._in_turn()[0] == interrupted
    prune()
    assert left(*old[3:4]) == left(*old[4:5]) == left(*old[5:6]) == [False]
    with tenancy.system():
        assert not Pruning.objects.filter(ended_at=None).exists()


@pytest.mark.full
def test_killed_at_any_step_it_goes_on(mended):
    old = []
    for _ in range(3):
        link = ConnectionFactory()
        history(link, size=50)
        old.append(old_pull(link))

    for step in (1, 2):
        killed = subprocess.run(
            [sys.executable, "-m", "tests.portal.prune_process",
             connection.settings_dict["NAME"], str(step)],
            cwd=locations.PROJECT,
            env={**os.environ, "REDIS_URL": project.REDIS_URL},
            check=False,
        )  # fmt: skip
        assert killed.returncode == -signal.SIGKILL
    report = prune()

    assert report.is_finished
    assert [left(each) for each in old] == [[False]] * 3
    with tenancy.system():
        assert not Pruning.objects.filter(ended_at=None).exists()


def test_the_second_of_two_says_so_and_ends():
    with owner_beside() as owner, connections[owner].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [prunings.LOCK])

        with pytest.raises(CommandError, match="under way"):
            call_command("prune")


def test_a_login_that_owns_nothing_is_told_so(monkeypatch):
    monkeypatch.setattr(pruning, "owns_tables", lambda: False)
    monkeypatch.setattr(tasks, "owns_tables", lambda: False)

    with pytest.raises(CommandError, match="the login that migrates"):
        call_command("prune")
    assert tasks.make_months() == 0


def test_the_worker_makes_the_months_ahead(mended):
    with owner_beside() as owner, connections[owner].cursor() as cursor:
        newest = parts_of("sync_platformrequest")[-2]
        cursor.execute(f"DROP TABLE {newest.name}")

    assert tasks.make_months() == 1
    assert newest in parts_of("sync_platformrequest")


def test_nothing_goes_when_one_only_asks(later, capsys):
    link = ConnectionFactory()
    history(link)
    old = old_pull(link)
    request(old)
    later(200)

    call_command("prune", dry_run=True, json=True)

    told = json.loads(capsys.readouterr().out)
    by_kind = {each["kind"]: each for each in told["outcomes"]}
    assert (told["version"], told["isDryRun"], told["isFinished"]) == (1, True, True)
    assert by_kind["pulls"]["rows"] == 1
    assert "sync_platformrequest_first" in by_kind["platform_requests"]["months"]
    assert left(old) == [True]
    assert parts_of("sync_platformrequest")[0].name == "sync_platformrequest_first"


def test_progress_is_told_beside_the_result(capsys):
    link = ConnectionFactory()
    history(link)
    old_pull(link)

    call_command("prune")

    said = capsys.readouterr()
    assert f"organization {link.organization_id}: 1 pulls" in said.err
    assert "This went, of 1 organizations" in said.out


def test_a_pull_that_somebody_holds_is_waited_for_and_left(monkeypatch):
    monkeypatch.setattr(retention, "_TRIES", 2)
    monkeypatch.setattr(retention, "_WAITS", "20ms")
    link = ConnectionFactory()
    history(link)
    old = old_pull(link)

    with owner_beside() as owner, transaction.atomic(using=owner):
        with connections[owner].cursor() as cursor:
            cursor.execute("SET LOCAL ROLE ledgerport_app")
            cursor.execute(
                "SELECT set_config('app.organization', %s, true)", [str(old.organization_id)]
            )
            cursor.execute("SELECT FROM sync_pull WHERE id = %s FOR UPDATE", [old.pk])
        report = prune()

    assert left(old) == [True]
    assert report.of("pulls").left == [str(old.organization_id)]
    assert not report.is_finished
    assert prune().of("pulls").rows == 1


def page(client, organization, user):
    MembershipFactory(organization=organization, user=user)
    client.force_login(user)
    return client.get(reverse("sync:monitor", args=[organization.slug])).content.decode()


def test_monitor_tells_an_organization_what_went_of_its_own(client):
    mine, other = ConnectionFactory(), ConnectionFactory()
    for each, size in ((mine, 2), (other, 5)):
        history(each)
        for number in range(size):
            old_pull(each, number)
    user = UserFactory()
    assert "Nothing was pruned yet" in page(client, mine.organization, user)

    prune()
    shown = client.get(reverse("sync:monitor", args=[mine.organization.slug])).content.decode()

    assert "2 rows" in shown
    assert "5 rows" not in shown
    assert "Finished" in shown


def test_monitor_tells_that_it_was_interrupted(client):
    company = CompanyFactory()
    with tenancy.entered(company.organization_id):
        Pruning.objects.create(
            organization_id=company.organization_id,
            outcome=[{"kind": "events", "rows": 0, "months": 2, "seconds": 0.25}],
        )

    shown = page(client, company.organization, UserFactory())
    with owner_beside() as owner, connections[owner].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [prunings.LOCK])
        again = client.get(reverse("sync:monitor", args=[company.organization.slug]))

    assert "Interrupted" in shown
    assert "2 months" in shown
    assert "Under way" in again.content.decode()

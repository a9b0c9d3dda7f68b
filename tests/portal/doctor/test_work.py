"""Processes and work: signs of life, and what waits for longer than it should."""

import datetime as dt
import time

import pytest
from django.core.cache import cache
from django.utils import timezone

from companies import events, tenancy
from companies.models import EventType, OutboxEntry
from portal.doctor.findings import Level
from sync import monitor
from sync.models import Pull, PullStatus
from sync.models.pull import RUNNING
from tests.factories import ConnectionFactory, DataStatusFactory, PullFactory
from webhooks import liveness, operations
from webhooks.models import Delivery


@pytest.fixture(autouse=True)
def _no_sign_of_life():
    cache.clear()
    yield
    cache.clear()


def ago(**since):
    return timezone.now() - dt.timedelta(**since)


@pytest.mark.parametrize(
    ("check_id", "name"),
    [("processes.scheduler", "scheduler-heartbeat"), ("processes.relay", "relay-heartbeat")],
)
def test_signs_of_life(ask, db, check_id, name):
    never = ask(check_id)
    cache.set(name, ago(minutes=5), timeout=None)
    lost = ask(check_id)
    cache.set(name, ago(seconds=4), timeout=None)
    alive = ask(check_id)

    assert [each.level for each in (never, lost, alive)] == [Level.ERROR, Level.ERROR, Level.OK]
    assert "There is no sign" in never.found
    assert "300 seconds" in lost.found or "301 seconds" in lost.found


def test_the_scheduler_leaves_one(ask, db):
    monitor.beat()

    assert ask("processes.scheduler").level == Level.OK


def test_the_relay_leaves_one_now_and_then():
    left = []
    sign = liveness.SignOfLife(lambda: left.append(1))

    for _ in range(100):
        sign()
    sign.end()

    assert left == [1]


@pytest.mark.django_db(transaction=True)
def test_the_relays_sign_is_seen_by_others():
    sign = liveness.SignOfLife()

    sign()
    sign.end()

    assert liveness.read().is_alive


def test_whoever_leaves_a_sign_does_not_wait():
    sign = liveness.SignOfLife(lambda: time.sleep(0.5))
    began = time.monotonic()

    sign()

    assert time.monotonic() - began < 0.4
    sign.end()


def test_no_worker_answers(ask):
    answers = ask("processes.worker")

    assert answers.keys() == {"pulls", "work", "clock"}
    assert {each.level for each in answers.values()} == {Level.ERROR}
    assert "celery -A portal worker" in answers["pulls"].remedy


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("waits", "level"),
    [
        (dt.timedelta(seconds=30), Level.OK),
        (dt.timedelta(minutes=10), Level.WARNING),
        (dt.timedelta(hours=3), Level.ERROR),
    ],
)
class TestAges:
    def test_a_pull_that_could_run(self, ask, waits, level):
        pull = PullFactory()
        with tenancy.entered(pull.organization_id):
            Pull.objects.filter(pk=pull.pk).update(requested_at=timezone.now() - waits)

        assert ask("work.waiting").level == level

    def test_a_schedule_that_is_due(self, ask, waits, level):
        DataStatusFactory(next_due_at=timezone.now() - waits)

        assert ask("work.overdue").level == level


def test_what_waits_for_good_reasons_is_no_fault(ask, db):
    busy = ConnectionFactory()
    long_ago = ago(hours=5)
    PullFactory(connection=busy, status=RUNNING[0], lease_until=ago(hours=-1))
    PullFactory(connection=busy, data_type="bills")
    parked = PullFactory(not_before=ago(hours=-1))
    for each in (busy, parked):
        with tenancy.entered(each.organization_id):
            Pull.objects.update(requested_at=long_ago)
    DataStatusFactory(connection=busy, next_due_at=long_ago)

    assert ask("work.waiting").level == Level.OK
    assert ask("work.overdue").level == Level.OK
    assert ask("work.lost").level == Level.OK


def test_a_pull_whose_worker_is_lost(ask, db):
    PullFactory(status=RUNNING[0], lease_until=ago(minutes=5))

    answer = ask("work.lost")

    assert answer.level == Level.ERROR
    assert (
        answer.found
        == "Pulls that lost their worker and were not taken up: 1, the first for 5 minutes."
    )


def test_one_that_was_lost_a_moment_ago_is_left_to_the_scheduler(ask, db):
    PullFactory(status=RUNNING[0], lease_until=ago(seconds=5))

    assert ask("work.lost").level == Level.OK


@pytest.mark.parametrize(
    ("waits", "level"),
    [(5, Level.OK), (120, Level.WARNING), (3600, Level.ERROR)],
)
def test_events_in_the_outbox(ask, organization, waits, level):
    events.record(EventType.COMPANY_CREATED, organization_id=organization.pk, summary="made")
    OutboxEntry.objects.update(created_at=ago(seconds=waits))

    assert ask("work.outbox").level == level


@pytest.mark.parametrize(("waits", "level"), [(5, Level.OK), (600, Level.WARNING)])
def test_messages_that_are_due(ask, organization, waits, level):
    consumer = operations.create_consumer(
        organization, url="https://sink.example/", event_types=["company.created"], actor=None
    )
    Delivery.objects.create(
        organization=organization,
        consumer=consumer,
        event_type="company.created",
        next_attempt_at=ago(seconds=waits),
    )

    assert ask("work.deliveries").level == level


@pytest.mark.parametrize(
    ("failing", "sound", "level"), [(3, 1, Level.WARNING), (2, 0, Level.OK), (3, 20, Level.OK)]
)
def test_a_platform_that_fails_for_many(ask, db, failing, sound, level):
    for number in range(failing + sound):
        connection = ConnectionFactory(platform="xero")
        DataStatusFactory(connection=connection, failures=int(number < failing))

    answer = ask("work.platforms")

    assert answer.level == level
    assert (f"Xero fails for {failing}" in answer.found) == (level == Level.WARNING)


def test_a_platform_that_is_out(ask, db):
    for _ in range(3):
        PullFactory(
            connection=ConnectionFactory(platform="xero"),
            status=PullStatus.QUEUED,
            outage_since=ago(minutes=3),
            not_before=ago(minutes=-3),
        )

    assert "Xero fails for 3 of 3" in ask("work.platforms").found

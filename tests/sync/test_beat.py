"""What the clock brings about, and that two clocks bring it about once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from companies import tenancy
from connections.platforms.base import NotSupported, PermissionMissing, Unreachable
from connections.schemas import DataType
from sync import beat, engine, operations, recovery, schedule
from sync import due as scheduler
from sync.models import DataStatus, Frequency, Pull, PullStatus
from sync.operations import EffectiveSetting
from tests.factories import ConnectionFactory, DataStatusFactory
from tests.sync.scripted import invoice, page


@pytest.fixture
def nothing_queued_at_the_broker(monkeypatch):
    monkeypatch.setattr(beat, "_messages_waiting", lambda: 0)


def due(connection, data_type="invoices", **fields) -> DataStatus:
    return DataStatusFactory(
        connection=connection,
        data_type=data_type,
        **{
            "frequency": Frequency.DAILY,
            "next_due_at": datetime(2026, 1, 2, tzinfo=UTC),
            "last_success_at": datetime(2026, 1, 1, 9, 30, tzinfo=UTC),
            **fields,
        },
    )


def test_what_is_due_is_queued_once_with_its_reason(connection, company):
    due(connection)
    due(connection, "bills", last_success_at=None, failures=2)
    due(connection, "items", next_due_at=datetime(2999, 1, 1, tzinfo=UTC))

    assert beat.queue_due_pulls() == 2
    assert beat.queue_due_pulls() == 0

    pulls = {pull.data_type: pull for pull in Pull.objects.all()}
    assert set(pulls) == {"invoices", "bills"}
    assert pulls["invoices"].trigger == Pull.Trigger.SCHEDULE
    assert pulls["invoices"].reason == "Scheduled: daily, last success 1 January 2026, 09:30 UTC"
    assert pulls["bills"].reason == "Scheduled: daily, try 3"
    assert pulls["invoices"].batch == pulls["bills"].batch


def test_a_connection_gets_a_status_for_what_its_platform_supplies_by_now(connection):
    due(connection)

    beat.queue_due_pulls()

    assert set(DataStatus.objects.values_list("data_type", flat=True)) == set(DataType)


def test_many_due_connections_are_rung_for_by_few_bells(company, bells, monkeypatch):
    monkeypatch.setattr(beat, "_MOST_BELLS", 2)
    for _ in range(4):
        due(ConnectionFactory(company__organization=company.organization))

    assert beat.queue_due_pulls() == 4
    assert len(bells) == 2


def test_a_look_goes_on_until_nothing_is_due(connection, company, monkeypatch):
    monkeypatch.setattr(beat, "_DUE_AT_ONCE", 2)
    others = [ConnectionFactory(company__organization=company.organization) for _ in range(4)]
    for each in (connection, *others):
        due(each)

    assert beat.queue_due_pulls() == 5


def test_many_of_one_organization_are_queued_in_several_transactions(connection, monkeypatch):
    monkeypatch.setattr(beat, "_AT_ONCE", 2)
    queue, batches = scheduler.queue, []

    def count(organization_id, ids):
        batches.append(len(ids))
        return queue(organization_id, ids)

    monkeypatch.setattr(scheduler, "queue", count)
    for data_type in ("invoices", "bills", "items", "customers", "suppliers"):
        due(connection, data_type)

    assert beat.queue_due_pulls() == 5
    assert batches == [2, 2, 1]
    assert Pull.objects.values("batch").distinct().count() == 3


def test_what_the_platform_supplies_no_more_is_not_due_any_more(connection):
    forgotten = due(connection, "horoscopes")

    assert beat.queue_due_pulls() == 0

    forgotten.refresh_from_db()
    assert forgotten.next_due_at is None


def test_what_is_being_pulled_is_not_queued_again(connection):
    running = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    DataStatus.objects.filter(data_type="invoices").update(
        frequency="hourly", next_due_at=Now() - timedelta(hours=1)
    )

    beat.queue_due_pulls()

    assert list(Pull.objects.all()) == [running]


@pytest.mark.parametrize("status", ["Unlinked", "Deauthorized", "PendingAuth"])
def test_only_linked_connections_are_scheduled(company, status):
    due(ConnectionFactory(company=company, status=status))

    assert beat.queue_due_pulls() == 0


def test_every_organization_is_served(connection, other_organization):
    foreign = ConnectionFactory(company__organization=other_organization)
    due(connection)
    due(foreign)

    assert beat.queue_due_pulls() == 2


def test_a_missed_slot_is_made_up_for_once(connection, platform, pull):
    due(connection, next_due_at=datetime(2020, 1, 1, tzinfo=UTC))
    platform.serve(page(invoice(1), cursor="1"))

    assert beat.queue_due_pulls() == 1
    Pull.objects.all().delete()

    assert beat.queue_due_pulls() == 0


@pytest.mark.parametrize(
    ("frequency", "after"),
    [
        ("none", None),
        ("hourly", timedelta(hours=1)),
        ("daily", timedelta(days=1)),
        ("weekly", timedelta(days=7)),
    ],
)
def test_the_next_pull_is_due_one_interval_after_the_last_success(
    connection, platform, pull, frequency, after
):
    due(connection, frequency=frequency)
    platform.serve(page(invoice(1), cursor="1"))

    done = pull()

    status = DataStatus.objects.get(data_type="invoices")
    if after is None:
        assert status.next_due_at is None
        return
    earlier = done.completed_at + after - status.next_due_at
    assert timedelta(0) <= earlier <= min(after / 10, timedelta(minutes=15))


@pytest.mark.parametrize(
    ("success", "following"),
    [
        ("2027-01-31T12:00Z", "2027-02-28T12:00Z"),
        ("2028-01-31T12:00Z", "2028-02-29T12:00Z"),
        ("2027-08-31T12:00Z", "2027-09-30T12:00Z"),
        ("2027-02-28T12:00Z", "2027-03-28T12:00Z"),
        ("2027-12-15T23:59Z", "2028-01-15T23:59Z"),
    ],
)
def test_a_month_is_a_calendar_month(db, success, following):
    due_at = schedule.due_after("monthly", datetime.fromisoformat(success))

    assert due_at == datetime.fromisoformat(following)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],  # nothing is written
)
@given(seconds=st.integers(0, 100 * 366 * 24 * 3600))
def test_a_monthly_pull_keeps_its_day_or_the_last_one_of_a_shorter_month(db, seconds):
    moment = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    due_at = schedule.due_after("monthly", moment)

    assert due_at is not None
    months = (due_at.year - moment.year) * 12 + due_at.month - moment.month
    assert months == 1
    assert due_at.timetz() == moment.timetz()
    following = due_at + timedelta(days=1)
    is_last_day = following.month != due_at.month
    assert due_at.day == moment.day or (is_last_day and due_at.day < moment.day)


def test_a_failure_is_tried_again_ever_later_but_inside_the_slot(connection, platform, pull):
    anchor = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
    due(connection, frequency="hourly", last_success_at=anchor)
    waits = []
    for _ in range(10):
        platform.serve(Unreachable("Down."))
        failed = pull()
        status = DataStatus.objects.get(data_type="invoices")
        waits.append((status.next_due_at - failed.completed_at).total_seconds())

    assert 30 <= waits[0] <= 60
    assert 60 <= waits[1] <= 120
    assert all(1800 <= wait <= 3600 for wait in waits[6:])
    assert status.failures == 10
    assert status.last_success_at == anchor
    assert "tries again by itself at" in failed.error_message


@pytest.mark.parametrize("error", [PermissionMissing("No."), NotSupported("None.")])
def test_what_trying_again_does_not_cure_is_not_hurried(connection, platform, pull, error):
    due(connection, frequency="daily")
    platform.serve(error)

    failed = pull()

    status = DataStatus.objects.get(data_type="invoices")
    if isinstance(error, NotSupported):
        assert status.next_due_at is None
    else:
        assert status.next_due_at - failed.completed_at >= timedelta(hours=23, minutes=59)


def test_unscheduled_failures_wait_for_a_person(connection, platform, pull):
    platform.serve(Unreachable("Down."))

    failed = pull()

    assert failed.error_message.endswith("Nothing is scheduled: press Refresh data to try again.")
    assert DataStatus.objects.get(data_type="invoices").next_due_at is None


def test_a_success_after_failures_restarts_the_interval(connection, platform, pull):
    due(connection, failures=4)
    platform.serve(page(invoice(1), cursor="1"))

    done = pull()

    status = DataStatus.objects.get(data_type="invoices")
    assert status.failures == 0
    wait = status.next_due_at - done.completed_at
    assert timedelta(hours=23, minutes=45) <= wait <= timedelta(days=1)


def test_an_unheard_bell_is_rung_again(connection, bells, nothing_queued_at_the_broker):
    operations.queue_first_pulls(connection)
    assert beat.ring_again() == 0
    Pull.objects.update(rung_at=Now() - timedelta(seconds=11))

    assert beat.ring_again() == 1
    assert beat.ring_again() == 0

    assert bells == [(connection.organization_id, connection.pk)]


def test_nobody_rings_for_a_connection_at_work_or_at_rest(
    connection, bells, nothing_queued_at_the_broker
):
    operations.queue_first_pulls(connection)
    Pull.objects.update(rung_at=None)
    Pull.objects.filter(data_type="company").update(
        status=PullStatus.FETCHING, lease_until=Now() + timedelta(seconds=30)
    )
    assert beat.ring_again() == 0

    Pull.objects.filter(data_type="company").delete()
    Pull.objects.update(not_before=Now() + timedelta(seconds=30))
    assert beat.ring_again() == 0


def test_what_waits_on_a_connection_out_of_use_is_ended_without_delay(
    connection, bells, nothing_queued_at_the_broker
):
    operations.queue_first_pulls(connection)
    Pull.objects.update(rung_at=None, not_before=Now() + timedelta(minutes=15))
    type(connection).objects.filter(pk=connection.pk).update(status="Unlinked")

    assert beat.ring_again() == 1
    engine.run_connection(*bells[0])

    assert set(Pull.objects.values_list("status", flat=True)) == {"Cancelled"}


@pytest.mark.parametrize("status", ["Unlinked", "Deauthorized"])
def test_linking_again_resumes_every_schedule(connection, organization, alice, status):
    types = ["bills", "invoices"]
    for data_type in types:
        due(connection, data_type, failures=3)
    DataStatusFactory(connection=connection, data_type="items", failures=3)
    operations.save_settings(
        organization,
        settings=[
            EffectiveSetting(
                data_type=data_type,
                frequency=Frequency.DAILY if data_type in types else Frequency.NONE,
                fetch_on_first_link=data_type != "bills",
            )
            for data_type in DataType
        ],
        actor=alice,
    )
    beat.queue_due_pulls()
    same = type(connection).objects.filter(pk=connection.pk)
    same.update(status=status)
    engine.run_connection(connection.organization_id, connection.pk)
    assert not DataStatus.objects.exclude(next_due_at=None).exists()

    same.update(status="Linked")
    operations.queue_first_pulls(connection)

    statuses = {each.data_type: each for each in DataStatus.objects.all()}
    soon = timezone.now() + timedelta(hours=1)
    bills_due_at = statuses["bills"].next_due_at
    assert bills_due_at is not None
    assert timezone.now() - timedelta(minutes=1) < bills_due_at < soon
    assert statuses["invoices"].next_due_at is None  # its pull is queued
    assert statuses["items"].next_due_at is None
    assert {each.failures for each in statuses.values()} == {0}


def test_one_that_cannot_be_queued_holds_up_no_other(connection, other_organization, monkeypatch):
    foreign = ConnectionFactory(company__organization=other_organization)
    for each in (connection, foreign):
        due(each)
    first = min(connection, foreign, key=lambda each: each.organization_id)
    queue = scheduler.queue

    def stumble(organization_id, ids):
        if organization_id == first.organization_id:
            raise ZeroDivisionError
        return queue(organization_id, ids)

    monkeypatch.setattr(scheduler, "queue", stumble)
    monkeypatch.setattr(beat, "_DUE_AT_ONCE", 1)  # the first look finds nobody but one of them

    with pytest.raises(ZeroDivisionError):
        beat.queue_due_pulls()

    with tenancy.system():
        assert {pull.connection_id for pull in Pull.objects.all()} == {
            connection.pk,
            foreign.pk,
        } - {first.pk}
        assert DataStatus.objects.exclude(next_due_at=None).get().connection_id == first.pk


def test_one_that_cannot_be_recovered_holds_up_no_other(connection, bells, monkeypatch):
    operations.queue_first_pulls(connection)
    Pull.objects.filter(data_type__in=["bills", "invoices"]).update(
        status=PullStatus.FETCHING, lease_until=Now() - timedelta(seconds=1)
    )
    first = Pull.objects.filter(status=PullStatus.FETCHING).order_by("pk")[0]
    recover = recovery.recover

    def stumble(organization_id, pull_id):
        if pull_id == first.pk:
            raise ZeroDivisionError
        return recover(organization_id, pull_id)

    monkeypatch.setattr(recovery, "recover", stumble)

    with pytest.raises(ZeroDivisionError):
        beat.recover_lost_pulls()

    assert Pull.objects.get(status=PullStatus.FETCHING) == first


def test_bells_still_to_be_heard_are_not_doubled(connection, bells, monkeypatch):
    operations.queue_first_pulls(connection)
    Pull.objects.update(rung_at=None)
    monkeypatch.setattr(beat, "_messages_waiting", lambda: 1)

    assert beat.ring_again() == 0


def test_an_empty_broker_has_no_messages(db):
    assert beat._messages_waiting() == 0

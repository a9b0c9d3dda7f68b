"""Whose turn it is, however many somebody else has waiting."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from companies import tenancy
from connections.models import Connection
from sync import claims, engine, operations, tasks, turns
from sync.models import DataStatus, Pull, PullStatus
from tests.factories import CompanyFactory, ConnectionFactory, OrganizationFactory, PullFactory
from tests.sync.scripted import invoice, page

MINUTE = timedelta(minutes=1)


def somebody(count: int = 1) -> list[Connection]:
    """Connections of another organization."""
    organization = OrganizationFactory()
    with tenancy.entered(organization.pk):
        return [
            ConnectionFactory(company=CompanyFactory(organization=organization))
            for _ in range(count)
        ]


def waits(connection: Connection, *, since: timedelta = timedelta(0), **fields: Any) -> Pull:
    with tenancy.entered(connection.organization_id):
        pull = PullFactory(connection=connection, **{"trigger": Pull.Trigger.MANUAL} | fields)
        Pull.objects.filter(pk=pull.pk).update(requested_at=timezone.now() - since)
    return pull


def works(connection: Connection, lease: timedelta = MINUTE, **fields: Any) -> Pull:
    return waits(
        connection,
        status=PullStatus.FETCHING,
        lease_until=timezone.now() + lease,
        fence=1,
        **fields,
    )


def next_up() -> list[object]:
    return [connection for _, connection in turns.next_up()]


@pytest.mark.full
def test_one_request_comes_before_thousands_of_somebody_else(db):
    crowd = somebody(60)
    late = timezone.now() - timedelta(hours=1)
    for connection in crowd:
        with tenancy.entered(connection.organization_id):
            Pull.objects.bulk_create(
                Pull(
                    organization_id=connection.organization_id,
                    company_id=connection.company_id,
                    connection=connection,
                    data_type=f"type{number}",
                    trigger=Pull.Trigger.MANUAL,
                    batch=connection.pk,
                    requested_at=late,
                )
                for number in range(84)
            )
    works(crowd[0], data_type="busy")
    works(crowd[1], data_type="busy")
    (alone,) = somebody()
    waits(alone)
    began = time.monotonic()

    first, *others = next_up()

    assert time.monotonic() - began < 0.5
    assert first == alone.pk
    assert others
    assert set(others) <= {each.pk for each in crowd[2:]}


def test_organizations_take_turns(db):
    one, other = somebody(4), somebody(4)
    for connection in (*one, *other):
        waits(connection, since=MINUTE if connection in one else 2 * MINUTE)

    assert [connection in {each.pk for each in other} for connection in next_up()] == [
        *(True, False),
        *(True, False),
        *(True, False),
        *(True, False),
    ]


def test_with_a_single_worker_whose_last_turn_was_longest_ago_is_next(db):
    crowd, alone = somebody(2), somebody(1)
    waits(crowd[0], since=60 * MINUTE)
    waits(alone[0])
    waits(crowd[1], data_type="bills", status=PullStatus.COMPLETE, claimed_at=timezone.now())

    assert next_up() == [alone[0].pk, crowd[0].pk]


def test_what_somebody_asked_for_comes_before_what_is_scheduled(db):
    (scheduled,), (asked,) = somebody(), somebody()
    waits(scheduled, since=10 * MINUTE, trigger=Pull.Trigger.SCHEDULE)
    waits(asked)

    assert next_up() == [asked.pk, scheduled.pk]


def test_what_was_scheduled_long_ago_has_waited_long_enough(db):
    (scheduled,), (asked,) = somebody(), somebody()
    waits(scheduled, since=16 * MINUTE, trigger=Pull.Trigger.SCHEDULE)
    waits(asked)

    assert next_up() == [scheduled.pk, asked.pk]


def test_whom_others_ask_for_without_end_do_not_keep_a_schedule_from_its_turn(db):
    busy, crowd = somebody(2)
    works(busy)
    waits(crowd, since=MINUTE)
    (scheduled,) = somebody()
    waits(scheduled, trigger=Pull.Trigger.SCHEDULE)
    works(crowd, data_type="bills")
    (another,) = somebody()
    waits(another)

    assert next_up() == [another.pk, scheduled.pk]


def test_who_is_worked_on_or_parked_is_not_next(db):
    busy, parked, lost = somebody(3)
    works(busy)
    waits(busy, data_type="bills")
    waits(parked, not_before=timezone.now() + MINUTE)
    works(lost, lease=-MINUTE)
    waits(lost, data_type="bills")

    assert next_up() == [lost.pk]


def test_a_connection_out_of_use_is_looked_at_even_when_parked(db):
    (unlinked,) = somebody()
    waits(unlinked, not_before=timezone.now() + MINUTE)
    with tenancy.entered(unlinked.organization_id):
        Connection.objects.update(status=Connection.Status.UNLINKED)

    assert next_up() == [unlinked.pk]


def test_a_bell_is_answered_for_whoever_is_next(connection, platform, bells):
    """A bell of another's, an old one, or one rung twice: all mean that somebody waits."""
    operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    platform.serve(page(invoice(1), cursor="1"))
    (other,) = somebody()

    for _ in range(2):
        tasks.run_connection(
            organization_id=str(other.organization_id), connection_id=str(other.pk)
        )
    tasks.run_connection()

    with tenancy.entered(connection.organization_id):
        assert Pull.objects.get().is_completed
    assert len(platform.asked) == 1


def test_who_is_told_the_same_as_another_worker_takes_the_next(
    connection, platform, bells, monkeypatch
):
    operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    platform.serve(page(invoice(1), cursor="1"))
    (busy,) = somebody()
    works(busy)
    mine = (connection.organization_id, connection.pk)
    told = [(busy.organization_id, busy.pk), mine]
    monkeypatch.setattr(turns, "next_up", lambda besides: [each for each in told if not besides])

    tasks.run_connection()

    assert len(platform.asked) == 1


@pytest.mark.parametrize("is_needed_elsewhere", [True, False])
def test_a_long_pull_gives_way_after_a_page(connection, platform, monkeypatch, is_needed_elsewhere):
    """And goes on after it, with the attempt not held against it."""
    monkeypatch.setattr(engine, "_LOOK_AROUND_SECONDS", 0)
    queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    (other,) = somebody()
    platform.serve(*(page(invoice(number), cursor=str(number)) for number in (1, 2, 3)))
    if is_needed_elsewhere:
        platform.steps.insert(1, lambda: waits(other))
    claimed = claims.claim(connection)
    assert claimed is not None

    engine.execute(claimed, give_way_at=0)

    queued.refresh_from_db()
    if not is_needed_elsewhere:
        assert queued.status == PullStatus.COMPLETE
        return
    assert (queued.status, queued.pages) == (PullStatus.QUEUED, 2)
    assert queued.status_description == "Gave its worker to somebody who waited; goes on by itself."
    assert next_up() == [other.pk, connection.pk]
    engine.run_connection(connection.organization_id, connection.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.added) == (PullStatus.COMPLETE, 3)
    assert DataStatus.objects.get(data_type="invoices").record_count == 3


def test_what_is_left_of_a_turn_is_rung_for_again(connection, bells, monkeypatch):
    monkeypatch.setattr(engine, "TIME_BUDGET", timedelta(0))
    operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)

    tasks.run_connection()

    assert bells == [(connection.organization_id, connection.pk)]


def test_nobody_gives_way_to_what_is_merely_scheduled_or_equally_busy(connection):
    works(connection)
    organization = connection.organization_id
    assert not turns.is_needed_elsewhere(organization)
    (scheduled,) = somebody()
    waits(scheduled, trigger=Pull.Trigger.SCHEDULE)
    assert not turns.is_needed_elsewhere(organization)

    busy, asked = somebody(2)
    works(busy)
    waits(asked)
    assert not turns.is_needed_elsewhere(organization)

    (worse_off,) = somebody()
    waits(worse_off)
    assert turns.is_needed_elsewhere(organization)

"""One worker at a time has a pull, and one that was given up writes nothing."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db import connection as database
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from sync import beat, claims, engine, operations, wanted
from sync.models import Pull, PullStatus, Record, StagedRecord
from tests.factories import ConnectionFactory, PullFactory
from tests.sync.scripted import invoice, page


def claim(connection):
    locked = claims.lock_connection(connection.organization_id, connection.pk)
    assert locked is not None
    return claims.claim(locked)


@pytest.fixture
def queued(connection) -> Pull:
    return operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)


def test_a_claim_raises_the_fence_and_takes_a_lease(connection, queued):
    claimed = claim(connection)

    assert claimed == queued
    assert (claimed.status, claimed.fence, claimed.attempts) == (PullStatus.FETCHING, 1, 1)
    assert Pull.objects.filter(lease_until__gt=Now() + timedelta(seconds=60)).exists()
    assert claimed.started_at is not None


def test_a_connection_is_pulled_by_one_worker_at_a_time(connection, queued):
    operations.queue_pull(connection, "bills", trigger=Pull.Trigger.MANUAL)
    claim(connection)

    assert claim(connection) is None


def test_another_connection_is_not_held_up(connection, company, queued):
    other = ConnectionFactory(company=company, status="Linked", source_type="Banking")
    operations.queue_pull(other, "invoices", trigger=Pull.Trigger.MANUAL)
    claim(connection)

    assert claim(other) is not None


def test_a_pull_that_waits_is_not_claimed_before_its_time(connection, queued):
    Pull.objects.update(not_before=Now() + timedelta(minutes=1))

    assert claim(connection) is None


@pytest.mark.parametrize("status", [PullStatus.COMPLETE, PullStatus.CANCELLED])
def test_what_has_ended_is_never_claimed(connection, status):
    PullFactory(connection=connection, status=status)

    assert claim(connection) is None


def test_a_worker_that_was_given_up_writes_nothing_more(connection, platform, queued):
    def take_over():
        Pull.objects.update(fence=F("fence") + 1)

    platform.serve(page(invoice(1), cursor="1"), take_over, page(invoice(2), cursor="2"))

    engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert (queued.status, queued.cursor, queued.fetched) == (PullStatus.FETCHING, "1", 1)
    assert [row.source_id for row in StagedRecord.objects.all()] == ["inv-1"]
    assert not Record.objects.exists()


def test_a_worker_given_up_before_publishing_publishes_nothing(connection, platform, queued):
    def take_over():
        Pull.objects.update(fence=F("fence") + 1)

    platform.serve(page(invoice(1), cursor="1"), take_over)

    engine.run_connection(connection.organization_id, connection.pk)

    assert not Record.objects.exists()
    assert Pull.objects.get().status == PullStatus.FETCHING


def test_a_worker_given_up_cannot_fail_the_pull_either(connection, platform, queued):
    def take_over_and_break():
        Pull.objects.update(fence=F("fence") + 1)
        raise ZeroDivisionError

    platform.serve(take_over_and_break)

    with pytest.raises(ZeroDivisionError):
        engine.run_connection(connection.organization_id, connection.pk)

    assert Pull.objects.get().status == PullStatus.FETCHING


def test_every_page_renews_the_lease_and_counts_as_progress(connection, platform, queued):
    def about_to_expire():
        Pull.objects.update(lease_until=Now() + timedelta(seconds=1))

    def is_renewed():
        row = Pull.objects.filter(lease_until__gt=Now() + timedelta(seconds=60)).get()
        assert row.attempts_without_progress == 0

    platform.serve(about_to_expire, page(invoice(1), cursor="1"), is_renewed)

    engine.run_connection(connection.organization_id, connection.pk)

    assert Pull.objects.get().status == PullStatus.COMPLETE


def test_resuming_after_the_last_page_is_no_progress(connection, platform, queued):
    platform.serve(page(invoice(1), cursor="1"))
    for _ in range(claims.MAX_ATTEMPTS_WITHOUT_PROGRESS):
        platform.serve(page(invoice(1), cursor="1"), page(cursor="1"), OperationalError())
        with pytest.raises(OperationalError):
            engine.run_connection(connection.organization_id, connection.pk)
        Pull.objects.update(lease_until=Now() - timedelta(seconds=1))
        beat.recover_lost_pulls()

    queued.refresh_from_db()
    assert queued.status == PullStatus.QUEUED  # the first attempt did stage a page
    with pytest.raises(OperationalError):
        platform.serve(page(invoice(1), cursor="1"), page(cursor="1"), OperationalError())
        engine.run_connection(connection.organization_id, connection.pk)
    Pull.objects.update(lease_until=Now() - timedelta(seconds=1))
    beat.recover_lost_pulls()

    queued.refresh_from_db()
    assert queued.status == PullStatus.INTERNAL_ERROR


def test_waiting_between_tries_renews_the_lease(connection, platform, queued, monkeypatch):
    monkeypatch.setattr(wanted, "_FRESH_SECONDS", 0)

    def wait():
        Pull.objects.update(lease_until=Now() + timedelta(seconds=1))
        platform.sleep(0)
        assert Pull.objects.filter(lease_until__gt=Now() + timedelta(seconds=60)).exists()

    platform.serve(wait, page(invoice(1), cursor="1"))

    engine.run_connection(connection.organization_id, connection.pk)

    assert Pull.objects.get().status == PullStatus.COMPLETE


def test_short_waits_do_not_write_to_the_pull_again_and_again(connection, platform, queued):
    def wait():
        with CaptureQueriesContext(database) as asked:
            platform.sleep(0)
        assert len(asked) == 0

    platform.serve(wait, page(invoice(1), cursor="1"), wait)

    engine.run_connection(connection.organization_id, connection.pk)

    assert Pull.objects.get().status == PullStatus.COMPLETE


def test_a_pull_told_to_stop_before_it_is_taken_again_asks_for_nothing(
    connection, platform, queued
):
    Pull.objects.update(cancel_requested_at=Now())

    engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert queued.status == PullStatus.CANCELLED
    assert platform.asked == []


def test_a_pull_taken_again_after_its_deadline_asks_for_nothing(connection, platform, queued):
    Pull.objects.update(deadline_at=Now())

    engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert queued.status == PullStatus.FETCH_ERROR
    assert platform.asked == []


def test_the_pull_of_a_lost_worker_goes_on_after_its_last_page(connection, platform, queued, bells):
    platform.serve(page(invoice(1), cursor="1"), KeyboardInterrupt, page(invoice(2), cursor="2"))
    with pytest.raises(KeyboardInterrupt):
        engine.run_connection(connection.organization_id, connection.pk)
    assert beat.recover_lost_pulls() == 0
    Pull.objects.update(lease_until=Now() - timedelta(seconds=1))

    assert beat.recover_lost_pulls() == 1

    queued.refresh_from_db()
    assert queued.status == PullStatus.QUEUED
    assert bells[-1] == (connection.organization_id, connection.pk)
    engine.run_connection(connection.organization_id, connection.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.added, queued.fetched) == (PullStatus.COMPLETE, 2, 2)
    assert platform.asked[-1] == ("invoices", None, "1")


def test_the_pull_of_a_process_that_ended_waits_for_no_lease(
    connection, platform, queued, bells, dead_process
):
    claim(connection)
    assert beat.recover_lost_pulls() == 0  # it is in this very process
    Pull.objects.update(worker=dead_process)

    assert beat.recover_lost_pulls() == 1

    queued.refresh_from_db()
    assert (queued.status, queued.lease_until) == (PullStatus.QUEUED, None)
    assert bells == [(connection.organization_id, connection.pk)]


def test_the_pull_of_a_process_elsewhere_waits_for_its_lease(connection, queued, dead_process):
    _, _, process = dead_process.partition(":")
    claim(connection)
    Pull.objects.update(worker=f"0123456789abcdef:{process}")

    assert beat.recover_lost_pulls() == 0


def test_a_pull_that_loses_every_worker_without_progress_is_given_up(connection, platform, queued):
    for attempt in range(claims.MAX_ATTEMPTS_WITHOUT_PROGRESS):
        assert Pull.objects.get().status == PullStatus.QUEUED
        # Ever later, since what takes all workers down may be over by then.
        pauses = timedelta(seconds=(0, 0, 4, 14, 44)[attempt])
        assert not Pull.objects.filter(not_before__lt=Now() + pauses).exists() or not pauses
        Pull.objects.update(not_before=None)
        assert claim(connection) is not None
        Pull.objects.update(lease_until=Now() - timedelta(seconds=1))
        beat.recover_lost_pulls()

    queued.refresh_from_db()
    assert queued.status == PullStatus.INTERNAL_ERROR
    assert "lost again and again" in queued.error_message


def test_a_pull_that_progresses_is_never_given_up(connection, platform, queued):
    rounds = claims.MAX_ATTEMPTS_WITHOUT_PROGRESS + 3
    steps = []
    for number in range(rounds):
        steps += [page(invoice(number), cursor=str(number)), KeyboardInterrupt]
    platform.serve(*steps)
    for _ in range(rounds):
        with pytest.raises(KeyboardInterrupt):
            engine.run_connection(connection.organization_id, connection.pk)
        Pull.objects.update(lease_until=Now() - timedelta(seconds=1))
        beat.recover_lost_pulls()

    engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert (queued.status, queued.added) == (PullStatus.COMPLETE, rounds)

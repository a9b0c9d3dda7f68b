"""What a pull leaves behind, whatever its platform does."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from django.db import OperationalError
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from companies.models import Event, EventType
from connections import sealing
from connections.models import ConnectionError  # noqa: A004 - the API's word
from connections.platforms.base import (
    AuthorizationRevoked,
    InvalidCredentials,
    NotSupported,
    PermissionMissing,
    RateLimited,
    Rejected,
    Suspended,
    Unexpected,
    Unreachable,
)
from sync import claims, deletion, engine, operations
from sync.models import (
    DataStatus,
    Pull,
    PullStatus,
    Record,
    RecordVersion,
    RejectedRecord,
    StagedRecord,
    ValidationIssue,
)
from tests.sync.scripted import invoice, page

MINUTE = timedelta(minutes=1)


def store(**filters):
    return {
        record.source_id: record
        for record in Record.objects.filter(**filters).order_by("source_id")
    }


def status_of(connection, data_type="invoices") -> DataStatus:
    return DataStatus.objects.get(connection=connection, data_type=data_type)


def test_a_first_pull_stores_every_record_once(connection, platform, pull):
    platform.serve(
        page(invoice(1, total="120.50"), invoice(2), cursor="1", total=3),
        page(invoice(3), cursor="2", total=3, watermark="w1"),
    )

    done = pull()

    assert done.status == PullStatus.COMPLETE
    assert (done.fetched, done.added, done.changed, done.unchanged) == (3, 3, 0, 0)
    assert (done.progress, done.pages, done.total) == (100, 2, 3)
    assert done.lease_until is None
    assert done.completed_at is not None
    records = store()
    assert list(records) == ["inv-1", "inv-2", "inv-3"]
    first = records["inv-1"]
    assert (first.label, str(first.amount), first.currency) == ("INV-0001", "120.500000", "GBP")
    assert json.loads(first.body)["totalAmount"] == 120.5
    assert first.pull_id == done.pk
    assert not StagedRecord.objects.exists()
    assert not RecordVersion.objects.exists()


def test_the_end_of_a_pull_is_on_every_page_at_once(connection, company, platform, pull):
    platform.serve(page(invoice(1), cursor="1", watermark="w1"))

    done = pull()

    status = status_of(connection)
    assert status.last_success_at == done.completed_at
    assert (status.latest_pull_id, status.latest_success_pull_id) == (done.pk, done.pk)
    assert (status.latest_status, status.watermark, status.record_count) == ("Complete", "w1", 1)
    connection.refresh_from_db()
    company.refresh_from_db()
    assert connection.last_pull_at == company.last_pull_at == done.completed_at
    finished = Event.objects.get(type=EventType.PULL_FINISHED)
    assert finished.summary == "Invoices: 1 added"
    assert finished.payload["pullId"] == str(done.pk)


def test_a_second_pull_counts_what_is_new_changed_and_as_before(connection, platform, pull):
    platform.serve(page(invoice(1), invoice(2), invoice(3), cursor="1"))
    first = pull()
    platform.serve(page(invoice(1), invoice(2, total="99"), invoice(4), cursor="1"))

    second = pull()

    assert second.is_full
    counts = (second.fetched, second.added, second.changed, second.unchanged, second.deleted)
    assert counts == (3, 1, 1, 1, 1)
    records = store()
    assert records["inv-1"].pull_id == first.pk
    assert records["inv-2"].pull_id == second.pk
    assert records["inv-3"].is_deleted
    assert json.loads(records["inv-3"].body)["id"] == "inv-3"
    assert status_of(connection).record_count == 3


def test_what_a_record_was_before_can_be_read_again(connection, platform, pull):
    platform.serve(page(invoice(1, total="10"), cursor="1"))
    first = pull()
    platform.serve(page(invoice(1, total="20"), cursor="1"))

    second = pull()

    version = RecordVersion.objects.get()
    assert json.loads(version.body)["totalAmount"] == 10
    assert (version.pull_id, version.superseded_by) == (first.pk, second.pk)
    assert version.superseded_at == second.completed_at


def test_an_incremental_pull_asks_for_what_changed_and_flags_what_was_deleted(
    connection, platform, pull
):
    platform.serve(page(invoice(1), invoice(2), cursor="1", watermark="w1"))
    pull()
    platform.serve(
        page(invoice(3), cursor="1", watermark="w2", deleted_ids=["inv-1", "never-seen"])
    )

    second = pull()

    assert platform.asked[-1] == ("invoices", "w1", None)
    assert not second.is_full
    assert (second.fetched, second.added, second.deleted) == (1, 1, 1)
    records = store()
    assert records["inv-1"].is_deleted
    assert not records["inv-2"].is_deleted
    assert status_of(connection).watermark == "w2"


def test_a_record_that_comes_back_is_no_longer_flagged(connection, platform, pull):
    platform.serve(page(invoice(1), invoice(2), cursor="1", watermark="w1"))
    pull()
    platform.serve(page(cursor="1", watermark="w2", deleted_ids=["inv-1"]))
    pull()
    platform.serve(page(invoice(1), cursor="1", watermark="w3"))

    third = pull()

    assert (third.added, third.changed, third.unchanged) == (0, 1, 0)
    assert not store()["inv-1"].is_deleted
    assert json.loads(store()["inv-1"].body)["id"] == "inv-1"


def test_now_and_then_an_incremental_type_is_compared_as_a_whole(connection, platform, pull):
    platform.serve(page(invoice(1), cursor="1", watermark="w1"))
    pull()
    DataStatus.objects.update(incrementals=claims.INCREMENTALS_PER_FULL)

    second = pull()

    assert second.is_full
    assert platform.asked[-1] == ("invoices", None, None)
    assert status_of(connection).incrementals == 0


def test_the_last_state_of_a_record_served_twice_counts(connection, platform, pull):
    platform.serve(
        page(invoice(1, total="1"), invoice(1, total="2"), cursor="1"),
        page(invoice(1, total="3"), invoice(2), cursor="2"),
    )

    done = pull()

    assert (done.fetched, done.added, done.repeated) == (4, 2, 2)
    assert store()["inv-1"].amount == 3


def test_a_record_served_twice_and_at_last_as_stored_is_unchanged(connection, platform, pull):
    platform.serve(page(invoice(1, total="1"), cursor="1"))
    pull()
    platform.serve(page(invoice(1, total="2"), cursor="1"), page(invoice(1, total="1"), cursor="2"))

    done = pull()

    assert (done.unchanged, done.repeated, done.changed) == (1, 1, 0)
    assert store()["inv-1"].amount == 1


def test_a_bad_record_is_kept_aside_and_stops_no_other(connection, platform, pull):
    platform.serve(
        page(
            invoice(1),
            invoice(2, note="NUL \x00"),
            invoice(3, note="half \ud800"),
            invoice(4, id="x" * 201),
            invoice(5, total="1e30"),
            invoice(6, note=r"a literal \u0000 is no NUL"),
            # Rounded to the six places of its column it has a digit too many.
            invoice(7, total="999999999999999999.9999999"),
            cursor="1",
            total=10**30,
            rejected=[Rejected(source_id="r", raw=b"{\x00\xff", reason="Not JSON: \x00\ud800.")],
            deleted_ids=["NUL\x00", "half \ud800", "x" * 201, ""],
        )
    )

    done = pull()

    assert done.status == PullStatus.COMPLETE
    assert (done.fetched, done.added, done.rejected, done.deleted) == (8, 2, 6, 0)
    assert done.total is None
    assert list(store()) == ["inv-1", "inv-6"]
    reasons = dict(RejectedRecord.objects.values_list("source_id", "reason"))
    assert "NUL" in reasons["inv-2"]
    assert "half of a character" in reasons["inv-3"]
    assert "201 characters" in reasons["x" * 200]
    assert "too large" in reasons["inv-5"]
    assert "too large" in reasons["inv-7"]
    assert reasons["r"] == r"Not JSON: \x00\ud800."


def test_a_record_that_became_unreadable_is_not_taken_for_deleted(connection, platform, pull):
    platform.serve(page(invoice(1), invoice(2), cursor="1"))
    pull()
    platform.serve(
        page(invoice(1), cursor="1", rejected=[Rejected(source_id="inv-2", raw=b"", reason="Bad.")])
    )

    done = pull()

    assert (done.deleted, done.unchanged, done.rejected) == (0, 1, 1)
    assert not store()["inv-2"].is_deleted


def test_with_a_nameless_bad_record_nothing_is_taken_for_deleted(connection, platform, pull):
    platform.serve(page(invoice(1), invoice(2), cursor="1"))
    pull()
    platform.serve(
        page(invoice(1), cursor="1", rejected=[Rejected(source_id=None, raw=b"", reason="Bad.")])
    )

    assert pull().deleted == 0
    assert not store()["inv-2"].is_deleted


def test_when_no_record_can_be_read_the_pull_fails_and_the_store_stays(connection, platform, pull):
    platform.serve(page(invoice(1), cursor="1"))
    pull()
    platform.serve(page(cursor="1", rejected=[Rejected(source_id="1", raw=b"", reason="Bad.")]))

    done = pull()

    assert done.status == PullStatus.MAP_ERROR
    assert not store()["inv-1"].is_deleted


def test_a_warning_is_shown_and_blocks_nothing(connection, platform, pull):
    platform.serve(page(invoice(1, due_date=invoice(1).issue_date - timedelta(days=1)), cursor="1"))

    done = pull()

    assert done.status == PullStatus.COMPLETE
    issues = ValidationIssue.objects.filter(pull=done)
    assert done.warnings == issues.count() > 0
    assert done.errors == 0
    assert {(issue.level, issue.item_id) for issue in issues} == {("warning", "inv-1")}


@pytest.mark.parametrize(
    ("before", "after", "is_held"),
    [(20, 9, True), (20, 10, False), (19, 1, False), (3, 0, True), (0, 0, False)],
)
def test_a_mass_disappearance_is_held(platform, pull, before, after, is_held):
    platform.serve(page(*map(invoice, range(before)), cursor="1"))
    pull()
    platform.serve(page(*map(invoice, range(after)), cursor="1"))

    done = pull()

    flagged = Record.objects.filter(is_deleted=True).count()
    if is_held:
        assert done.status == PullStatus.VALIDATION_ERROR
        assert done.error_message.startswith("Held: ")
        assert flagged == 0
    else:
        assert done.status == PullStatus.COMPLETE
        assert flagged == done.deleted == before - after


def test_a_disappearance_that_somebody_accepts_is_published(platform, pull, alice):
    platform.serve(page(*map(invoice, range(20)), cursor="1"))
    pull()
    platform.serve(page(*map(invoice, range(2)), cursor="1"))
    held = pull()
    platform.serve(page(*map(invoice, range(2)), cursor="1"))

    queued = operations.accept_disappearance(held, actor=alice)
    engine.run_connection(held.organization_id, held.connection_id)

    assert held.is_held
    queued.refresh_from_db()
    assert (queued.status, queued.deleted) == (PullStatus.COMPLETE, 18)
    assert Record.objects.filter(is_deleted=True).count() == 18
    with pytest.raises(operations.NotHeld):
        operations.accept_disappearance(held, actor=alice)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (Unreachable("Sandbox did not answer in time."), "FetchError", "did not answer"),
        (Unexpected("Sandbox makes no sense.", detail="<\x00>"), "FetchError", "no sense"),
        (PermissionMissing("Not covered."), "PermissionsError", "Link URL"),
        (RateLimited("Slow down."), "RateLimitError", "limit"),
        (RateLimited("Slow down.", retry_after=5000), "RateLimitError", "limit"),
        (RateLimited("No more.", retry_after=100_000, is_daily=True), "RateLimitError", "limit"),
        (InvalidCredentials("No such server.", field="url"), "FetchError", "Link URL"),
        (NotSupported("Sandbox has no bills."), "NotSupported", "has no bills"),
    ],
)
def test_a_platforms_refusal_ends_the_pull_in_words(platform, pull, error, status, words):
    platform.serve(page(invoice(1), cursor="1"))
    pull()
    platform.serve(page(invoice(2), cursor="1"), error)

    done = pull()

    assert done.status == status
    assert words in done.error_message
    assert done.error_detail == error.detail.replace("\x00", r"\x00")
    assert list(store()) == ["inv-1"]
    assert not StagedRecord.objects.exists()
    after = status_of(done.connection)
    assert (after.latest_status, after.latest_pull_id) == (status, done.pk)
    assert after.latest_success_pull_id != done.pk
    assert Event.objects.filter(type=EventType.PULL_FINISHED).count() == 2


def test_a_failure_is_shown_on_the_connection_until_data_flow_again(connection, platform, pull):
    platform.serve(Unreachable("Sandbox did not answer."))
    pull()
    connection.refresh_from_db()
    assert connection.mark == "error"
    assert connection.errors.get().status_code == "503"

    platform.serve(page(invoice(1), cursor="1"))
    pull()

    connection.refresh_from_db()
    assert connection.mark == "linked"
    assert connection.errors.get().resolved_at is not None


def test_what_is_wrong_with_the_data_does_not_keep_the_connection_red(connection, platform, pull):
    platform.serve(Unreachable("Sandbox did not answer."))
    pull("bills")
    platform.serve(page(cursor="1", rejected=[Rejected(source_id="1", raw=b"", reason="Bad.")]))
    pull("invoices")
    connection.refresh_from_db()
    assert connection.mark == "error"

    platform.serve(page(cursor="1"))
    pull("bills")

    connection.refresh_from_db()
    assert connection.mark == "linked"


def test_the_connection_stays_red_while_one_type_is_still_refused(connection, platform, pull):
    platform.serve(PermissionMissing("Not covered."))
    pull("bills")
    operations.queue_pull(connection, "bills", trigger=Pull.Trigger.MANUAL)
    Pull.objects.update(not_before=Now() + timedelta(minutes=1))
    platform.serve(page(invoice(1), cursor="1"))

    pull("invoices")

    connection.refresh_from_db()
    assert connection.mark == "error"


def test_our_own_fault_is_an_internal_error_and_is_raised(connection, platform, pull):
    platform.serve(page(invoice(1), cursor="1"), ZeroDivisionError("ours"))

    with pytest.raises(ZeroDivisionError):
        pull()

    done = Pull.objects.get()
    assert done.status == PullStatus.INTERNAL_ERROR
    assert "ZeroDivisionError: ours" in done.error_detail
    assert "ZeroDivisionError" not in done.error_message


def test_counts_that_disagree_publish_nothing(connection, platform, pull):
    platform.serve(
        page(invoice(1), invoice(2), cursor="1"),
        lambda: StagedRecord.objects.filter(source_id="inv-1").delete(),
    )

    done = pull()

    assert done.status == PullStatus.PROCESSING_ERROR
    assert "fetched 2, accounted for 1" in done.error_detail
    assert not Record.objects.exists()


def test_an_expired_token_is_renewed_once_and_the_pull_goes_on(connection, platform, pull):
    platform.serve(
        page(invoice(1), cursor="1"), AuthorizationRevoked("401"), page(invoice(2), cursor="2")
    )

    done = pull()

    assert done.status == PullStatus.COMPLETE
    assert done.added == 2
    assert platform.renewals == 1
    assert [asked[2] for asked in platform.asked] == [None, "1"]


def test_a_long_pull_outlives_any_number_of_access_tokens(connection, platform, pull):
    platform.serve(
        page(invoice(1), cursor="1"),
        AuthorizationRevoked("401"),
        page(invoice(2), cursor="2"),
        AuthorizationRevoked("401"),
        page(invoice(3), cursor="3"),
    )

    done = pull()

    assert (done.status, done.added, platform.renewals) == (PullStatus.COMPLETE, 3, 2)


def test_a_customer_who_authorizes_anew_meanwhile_is_not_thrown_out(connection, platform, pull):
    def authorize_anew():
        sealing.store(connection, platform.credentials)
        platform.credentials = replace(platform.credentials, access_token="refused before")

    platform.serve(
        AuthorizationRevoked("401"),
        authorize_anew,
        AuthorizationRevoked("401"),
        page(invoice(1), cursor="1"),
    )

    done = pull()

    assert (done.status, done.added, done.attempts) == (PullStatus.COMPLETE, 1, 2)
    connection.refresh_from_db()
    assert connection.mark == "linked"


def test_lost_access_deauthorizes_once_and_ends_all_pulls(connection, platform):
    first = operations.queue_first_pulls(connection)
    platform.serve(AuthorizationRevoked("Gone."), AuthorizationRevoked("Gone."))

    engine.run_connection(connection.organization_id, connection.pk)

    connection.refresh_from_db()
    assert connection.mark == "deauthorized"
    assert set(Pull.objects.values_list("status", flat=True)) == {"AuthError"}
    assert Event.objects.filter(type=EventType.CONNECTION_DEAUTHORIZED).count() == 1
    assert Event.objects.filter(type=EventType.PULL_FINISHED).count() == len(first)
    assert Event.objects.filter(type=EventType.READ_COMPLETED_INITIAL).count() == 1


def test_a_connection_unlinked_in_the_middle_cancels_its_pulls(connection, platform):
    operations.queue_first_pulls(connection)

    def unlink():
        type(connection).objects.filter(pk=connection.pk).update(status="Unlinked")

    platform.serve(unlink, page(invoice(1), cursor="1"))

    engine.run_connection(connection.organization_id, connection.pk)

    assert set(Pull.objects.values_list("status", flat=True)) == {"Cancelled"}
    assert Event.objects.filter(type=EventType.READ_COMPLETED_INITIAL).count() == 1
    assert not Record.objects.exists()
    assert not StagedRecord.objects.exists()


def test_a_deleted_connection_leaves_nothing_of_its_pull(connection, platform):
    queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    platform.serve(
        page(invoice(1), cursor="1"),
        lambda: deletion.delete_connection(connection, actor=None),
        page(invoice(2), cursor="2"),
    )

    engine.run_connection(connection.organization_id, connection.pk)

    assert not Pull.objects.filter(pk=queued.pk).exists()
    assert not StagedRecord.objects.exists()
    assert not Record.objects.exists()


@pytest.mark.parametrize("error", [AuthorizationRevoked("401"), Unreachable("Down."), OSError()])
def test_whatever_fails_after_a_deletion_concerns_nobody(connection, platform, error):
    operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    platform.serve(lambda: deletion.delete_connection(connection, actor=None), error, error)

    with suppress(OSError):
        engine.run_connection(connection.organization_id, connection.pk)

    assert not Pull.objects.exists()
    assert not Event.objects.filter(type=EventType.PULL_FINISHED).exists()


def test_nothing_is_published_over_a_connection_given_up_at_the_last_moment(
    connection, platform, pull, monkeypatch
):
    lock_owners = claims.lock_owners

    def wait_for_somebody_who_unlinks(pull):
        type(connection).objects.filter(pk=connection.pk).update(status="Unlinked")
        return lock_owners(pull)

    monkeypatch.setattr(claims, "lock_owners", wait_for_somebody_who_unlinks)
    platform.serve(page(invoice(1), cursor="1"))

    assert pull().status == PullStatus.CANCELLED
    assert not Record.objects.exists()


def test_a_short_limit_is_waited_for_without_a_worker(connection, platform):
    queued = operations.refresh_company(connection.company).queued
    platform.serve(RateLimited("Slow down.", retry_after=60))

    engine.run_connection(connection.organization_id, connection.pk)

    assert {pull.status for pull in Pull.objects.all()} == {"Queued"}
    assert Pull.objects.filter(not_before__gt=Now()).count() == len(queued)
    assert all(
        pull.status_description.startswith("Waits for Sandbox until ")
        for pull in Pull.objects.all()
    )

    Pull.objects.exclude(data_type="invoices").delete()
    Pull.objects.update(not_before=Now())
    platform.serve(page(invoice(1), cursor="1"))
    engine.run_connection(connection.organization_id, connection.pk)
    assert Pull.objects.get().status == PullStatus.COMPLETE


@pytest.mark.parametrize(
    ("retry_after", "waits"), [(66_975, timedelta(seconds=66_975)), (None, timedelta(hours=1))]
)
def test_a_days_limit_is_waited_for_without_failing(connection, platform, retry_after, waits):
    queued = operations.refresh_company(connection.company).queued
    platform.serve(RateLimited("No more today.", retry_after=retry_after, is_daily=True))

    engine.run_connection(connection.organization_id, connection.pk)

    assert {pull.status for pull in Pull.objects.all()} == {"Queued"}
    parked = Pull.objects.filter(not_before__range=(Now() + waits - MINUTE, Now() + waits))
    assert parked.count() == len(queued)


def test_a_limit_that_never_ends_ends_the_pull(connection, platform, pull):
    queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    for _ in range(claims.MAX_ATTEMPTS_WITHOUT_PROGRESS):
        platform.serve(RateLimited("Slow down.", retry_after=60))
        Pull.objects.update(not_before=None)
        engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert queued.status == PullStatus.RATE_LIMIT_ERROR


def test_what_we_hold_back_ourselves_never_fails_a_pull(connection, platform):
    queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    for _ in range(claims.MAX_ATTEMPTS_WITHOUT_PROGRESS + 1):
        platform.serve(RateLimited("No more.", retry_after=40, was_asked=False))
        Pull.objects.update(not_before=None)
        engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert queued.status == PullStatus.QUEUED
    assert queued.attempts_without_progress == 0
    assert queued.status_description.startswith("Waits for Sandbox until ")


def test_an_outage_parks_the_connections_pulls_and_costs_no_attempt(connection, platform):
    queued = operations.refresh_company(connection.company).queued
    since = timezone.now() - 8 * MINUTE
    for _ in range(claims.MAX_ATTEMPTS_WITHOUT_PROGRESS + 1):
        platform.serve(Suspended("Sandbox does not answer.", retry_after=30, since=since))
        Pull.objects.update(not_before=None)
        engine.run_connection(connection.organization_id, connection.pk)

    parked = Pull.objects.filter(not_before__range=(Now() + MINUTE / 3, Now() + 3 * MINUTE))
    assert parked.filter(status="Queued", outage_since=since).count() == len(queued)
    first = parked.order_by("sync_order")[0]
    assert first.lease_until is None
    assert first.attempts_without_progress == 0
    assert first.status_description.startswith("Sandbox does not answer. It is asked again at ")

    Pull.objects.exclude(pk=first.pk).delete()
    Pull.objects.update(not_before=Now(), data_type="invoices")
    DataStatus.objects.update(failures=0)
    platform.serve(page(invoice(1), cursor="1"))
    engine.run_connection(connection.organization_id, connection.pk)
    first.refresh_from_db()
    assert (first.status, first.outage_since) == (PullStatus.COMPLETE, None)
    assert not ConnectionError.objects.exists()


def test_a_pull_that_began_too_long_ago_ends_and_says_so(connection, platform):
    queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)

    def two_hours_later() -> None:
        Pull.objects.update(deadline_at=F("deadline_at") - claims.DEADLINE)

    platform.serve(page(invoice(1), cursor="1"), two_hours_later, page(invoice(2), cursor="2"))
    engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert queued.status == PullStatus.FETCH_ERROR
    assert queued.error_message.startswith("Sandbox did not give all of it within 2 hours.")
    assert not Record.objects.exists()


def test_waiting_for_a_days_limit_moves_the_deadline(connection, platform):
    queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    platform.serve(RateLimited("No more.", retry_after=50_000, is_daily=True, was_asked=False))

    engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert queued.not_before is not None
    assert queued.deadline_at == queued.not_before + claims.DEADLINE


@pytest.mark.parametrize("cursors", ["11", "121"])
def test_a_page_that_leads_back_ends_the_pull(connection, platform, pull, cursors):
    platform.serve(*[page(invoice(int(cursor)), cursor=cursor) for cursor in cursors])

    done = pull()

    assert done.status == PullStatus.FETCH_ERROR
    assert "again and again" in done.error_message


def test_a_stopped_worker_gives_its_pull_back_after_the_last_page(connection, platform):
    queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    platform.serve(page(invoice(1), cursor="1"), SystemExit, page(invoice(2), cursor="2"))

    with pytest.raises(SystemExit):
        engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert (queued.status, queued.cursor, queued.pages) == (PullStatus.QUEUED, "1", 1)
    assert queued.attempts_without_progress == 0
    engine.run_connection(connection.organization_id, connection.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.added, queued.attempts) == (PullStatus.COMPLETE, 2, 2)
    assert platform.asked[-1] == ("invoices", None, "1")


def test_a_full_disk_ends_no_pull(connection, platform, monkeypatch):
    queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    platform.serve(page(invoice(1), cursor="1"))

    def full(*_):
        raise psycopg.errors.DiskFull("could not extend file: No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(psycopg.Copy, "write", full)
        with pytest.raises(OperationalError):
            engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert queued.status == PullStatus.FETCHING  # until its lease is over, and somebody goes on


def test_the_types_of_a_connection_are_pulled_in_their_order(connection, platform):
    operations.queue_first_pulls(connection)
    platform.serve(page(cursor="1"))

    engine.run_connection(connection.organization_id, connection.pk)

    types = [asked[0] for asked in platform.asked]
    assert types[:3] == ["company", "chartOfAccounts", "taxRates"]
    assert len(types) == 18


def test_the_reads_are_completed_with_the_last_pull_of_the_batch(connection, platform):
    operations.queue_first_pulls(connection)
    platform.serve(page(cursor="1"), Unreachable("Down."))

    engine.run_connection(connection.organization_id, connection.pk)

    completed = Event.objects.get(type=EventType.READ_COMPLETED_INITIAL)
    assert completed.summary == "finished the first pull: 17 of 18 data types complete"
    outcomes = {item["dataType"]: item["status"] for item in completed.payload["dataTypes"]}
    assert outcomes["company"] == "FetchError"
    assert outcomes["invoices"] == "Complete"

"""What the real platform does wrong, and how the pull ends: over HTTP, with every commit real."""

from datetime import timedelta

import pytest

from companies import tenancy
from connections.models import Connection, CustomDataType
from connections.platforms import http, reading
from connections.platforms.sandbox import Sandbox
from link.sandbox import link_sandbox
from sync import claims, drift, engine, operations
from sync.models import (
    DataStatus,
    PlatformRequest,
    Pull,
    PullStatus,
    Record,
    RejectedRecord,
    UnknownField,
)
from tests.factories import CompanyFactory, OrganizationFactory
from tests.real_sandbox import sandbox, sandbox_server  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)
INVOICES = "/api/v1/invoices"


@pytest.fixture
def data_type():
    return "invoices"


@pytest.fixture
def connection(sandbox, monkeypatch, data_type):
    """A connection just linked, of whose first pulls only one waits."""
    monkeypatch.setattr(reading, "READ_SECONDS", 1.0)
    monkeypatch.setitem(http.get.__kwdefaults__, "total_seconds", 2.5)
    monkeypatch.setattr(engine, "_sleep", lambda _pull, _seconds: None)
    company = CompanyFactory(organization=OrganizationFactory(), name="Eastgate Roasters")
    connection = link_sandbox(company, business="small")
    with tenancy.entered(company.organization_id):
        Pull.objects.exclude(data_type=data_type).delete()
    return connection


def pull_waiting(connection) -> Pull:
    engine.run_connection(connection.organization_id, connection.pk)
    with tenancy.entered(connection.organization_id):
        return Pull.objects.get()


def asked(pull) -> int:
    """Count the requests for the invoices."""
    with tenancy.entered(pull.organization_id):
        return PlatformRequest.objects.filter(pull_id=pull.pk, url__contains=INVOICES).count()


def stored(connection) -> int:
    with tenancy.entered(connection.organization_id):
        return Record.objects.of(connection.pk, "invoices").count()


def mark(connection) -> str:
    with tenancy.entered(connection.organization_id):
        return Connection.objects.get(pk=connection.pk).mark


@pytest.mark.full
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("unauthorized", {"times": 1}),
        ("server_error", {"times": 2}),
        ("rate_limited", {"times": 1, "seconds": 1}),
        ("rate_limited", {"times": 1, "seconds": -5}),
        ("rate_limited_bare", {"times": 1}),
        ("rate_limited_date", {"times": 1, "seconds": 3}),
        ("cut_off", {"times": 2}),
        ("slow", {"times": 1, "seconds": 0.3}),
    ],
)
def test_what_passes_by_itself_is_waited_for(sandbox, connection, kind, options):
    sandbox.fault(kind, path=INVOICES, **options)

    pull = pull_waiting(connection)

    assert pull.status == PullStatus.COMPLETE
    assert stored(connection) == pull.added > 0
    assert mark(connection) == "linked"


@pytest.mark.full
@pytest.mark.parametrize(
    ("kind", "status", "colour"),
    [
        ("unauthorized", PullStatus.AUTH_ERROR, "deauthorized"),
        ("forbidden", PullStatus.PERMISSIONS_ERROR, "error"),
        ("server_error", PullStatus.FETCH_ERROR, "error"),
        ("hang", PullStatus.FETCH_ERROR, "error"),
        ("truncated", PullStatus.FETCH_ERROR, "error"),
        ("html", PullStatus.FETCH_ERROR, "error"),
        ("cut_off", PullStatus.FETCH_ERROR, "error"),
        ("drip", PullStatus.FETCH_ERROR, "error"),
        ("wrong_charset", PullStatus.FETCH_ERROR, "error"),
        ("gzip_bomb", PullStatus.FETCH_ERROR, "error"),
        ("rate_limited", PullStatus.RATE_LIMIT_ERROR, "linked"),
        ("token_revoked", PullStatus.AUTH_ERROR, "deauthorized"),
    ],
)
def test_what_does_not_pass_ends_the_pull_in_words(
    sandbox,
    connection,
    kind,
    status,
    colour,
):
    seconds = 999_999 if kind == "rate_limited" else 3
    sandbox.fault(kind, path=INVOICES, seconds=seconds)

    pull = pull_waiting(connection)

    assert pull.status == status
    # Tried again is only what may pass by itself.
    renewed = {"unauthorized": 2}
    tried = {"server_error": http.TRIES, "cut_off": http.TRIES}
    assert asked(pull) == (renewed | tried).get(kind, 1)
    assert pull.error_message.endswith(".")
    assert "Sandbox" in pull.error_message
    assert stored(connection) == 0
    assert mark(connection) == colour


def test_a_record_too_large_to_keep_is_set_aside_and_the_others_come(sandbox, connection):
    sandbox.fault("huge_field", path=INVOICES, times=1)

    pull = pull_waiting(connection)

    assert (pull.status, pull.rejected) == (PullStatus.COMPLETE, 1)
    assert stored(connection) == pull.fetched - 1 > 0


def test_an_empty_answer_after_a_full_one_is_held_for_a_person(sandbox, connection):
    first = pull_waiting(connection)
    with tenancy.entered(connection.organization_id):
        DataStatus.objects.update(watermark="")  # the next one compares everything
        Pull.objects.update(data_type="bills")
        operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    sandbox.fault("empty", path=INVOICES)

    engine.run_connection(connection.organization_id, connection.pk)

    with tenancy.entered(connection.organization_id):
        held = Pull.objects.get(data_type="invoices")
    assert (held.status, held.is_held) == (PullStatus.VALIDATION_ERROR, True)
    assert stored(connection) == first.added


@pytest.mark.parametrize("data_type", ["journalEntries"])
def test_a_page_that_comes_again_does_not_go_on_for_ever(sandbox, connection):
    sandbox.fault("repeated_page", path="/api/v1/journal_entries", after=1)

    pull = pull_waiting(connection)

    assert pull.status == PullStatus.FETCH_ERROR
    assert "same data twice" in pull.error_message
    assert mark(connection) == "error"


def test_a_lost_answer_to_a_refresh_costs_the_pull_and_not_the_authorization(sandbox, connection):
    sandbox.fault("unauthorized", path=INVOICES, times=1)
    sandbox.fault("lost_refresh_answer", times=1)

    pull = pull_waiting(connection)

    assert pull.status == PullStatus.FETCH_ERROR
    assert mark(connection) == "error"
    with tenancy.entered(connection.organization_id):
        Pull.objects.all().delete()
        operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    assert pull_waiting(connection).status == PullStatus.COMPLETE
    assert mark(connection) == "linked"


def test_a_limit_that_lasts_parks_the_pull_and_says_until_when(sandbox, connection):
    sandbox.fault("rate_limited", path=INVOICES, seconds=300)

    pull = pull_waiting(connection)

    assert pull.status == PullStatus.QUEUED
    assert pull.not_before is not None
    assert pull.lease_until is None
    assert "Sandbox" in pull.status_description
    assert mark(connection) == "linked"


def test_after_a_fault_the_next_pull_turns_the_connection_green(sandbox, connection):
    sandbox.fault("server_error", path=INVOICES)
    pull_waiting(connection)
    sandbox.control("DELETE", "faults")
    with tenancy.entered(connection.organization_id):
        failed = Pull.objects.get()
        Pull.objects.all().delete()
        again = Pull.objects.create(
            organization_id=connection.organization_id, company_id=failed.company_id,
            connection=connection, data_type="invoices", trigger=Pull.Trigger.MANUAL,
            batch=failed.batch,
        )  # fmt: skip

    pull = pull_waiting(connection)

    assert (pull.pk, pull.status) == (again.pk, PullStatus.COMPLETE)
    assert mark(connection) == "linked"
    with tenancy.entered(connection.organization_id):
        assert DataStatus.objects.get(connection=connection, data_type="invoices").failures == 0


def again(connection, data_type="invoices") -> Pull:
    """Pull once more, as the schedule would."""
    with tenancy.entered(connection.organization_id):
        pull = operations.queue_pull(connection, data_type, trigger=Pull.Trigger.MANUAL)
    engine.run_connection(connection.organization_id, connection.pk)
    with tenancy.entered(connection.organization_id):
        return Pull.objects.get(pk=pull.pk)


@pytest.mark.parametrize(
    ("limit", "value"), [("MOST_RECORDS", 60), ("MOST_PAGES", 3), ("DEADLINE", timedelta(0))]
)
def test_new_records_without_end_are_left_in_words(sandbox, connection, monkeypatch, limit, value):
    monkeypatch.setattr(Sandbox, "page_size", 20)
    monkeypatch.setattr(claims, limit, value)
    sandbox.fault("endless_pages", path=INVOICES)

    pull = pull_waiting(connection)

    assert pull.status == PullStatus.FETCH_ERROR
    expected = (
        "Sandbox did not give all of it within 0 hours."
        if limit == "DEADLINE"
        else "Sandbox sent 80 records on 4 pages and came to no end."
    )
    assert pull.error_message.startswith(f"{expected} What was pulled before stays as it was.")
    assert stored(connection) == 0
    assert mark(connection) == "error"


def test_pages_that_shift_while_they_are_read_are_refused_and_read_again(
    sandbox, connection, monkeypatch
):
    """A platform that says how many there are, and in which order, is held to it."""
    monkeypatch.setattr(Sandbox, "page_size", 20)
    sandbox.fault("shifted_page", path=INVOICES, times=1)

    pull = pull_waiting(connection)

    assert pull.status == PullStatus.FETCH_ERROR
    assert "same data twice" in pull.error_message
    assert stored(connection) == 0
    healed = again(connection)
    assert (healed.status, healed.repeated) == (PullStatus.COMPLETE, 0)
    assert stored(connection) == healed.added > 20


def test_where_no_order_is_told_what_came_twice_counts_once_and_what_was_skipped_comes_next(
    sandbox, connection, monkeypatch
):
    monkeypatch.setattr(Sandbox, "page_size", 20)
    with tenancy.entered(connection.organization_id):
        CustomDataType.objects.create(
            organization_id=connection.organization_id,
            platform="sandbox",
            identifier="bills",
            data_source="/bills",
            required_data={"total": "$.total"},
            key_by=["$.id"],
        )
        Pull.objects.all().delete()
    sandbox.fault("shifted_page", path="/api/v1/bills", times=1)

    first = again(connection, "custom/bills")
    healed = again(connection, "custom/bills")

    assert (first.status, first.repeated) == (PullStatus.COMPLETE, 1)
    assert first.added == first.fetched - 1
    assert (healed.added, healed.repeated, healed.deleted) == (1, 0, 0)


def test_a_clock_that_was_ahead_hides_nothing_once_it_is_right(sandbox, connection):
    sandbox.fault("skewed_clock", seconds=10 * 24 * 3600)
    first = pull_waiting(connection)
    assert first.status == PullStatus.COMPLETE
    ahead = again(connection)
    assert (ahead.status, ahead.is_full, ahead.deleted) == (PullStatus.COMPLETE, False, 0)
    sandbox.control("DELETE", "faults")
    sandbox.advance(days=3)

    later = again(connection)

    assert (later.status, later.is_full) == (PullStatus.COMPLETE, False)
    assert later.added > 0


def test_a_field_that_nobody_knew_is_noticed_once_and_costs_no_record(
    sandbox, connection, monkeypatch
):
    monkeypatch.setattr(Sandbox, "page_size", 50)
    monkeypatch.setattr(drift, "_told", {})
    sandbox.fault("added_field", path=INVOICES)

    first = pull_waiting(connection)
    monkeypatch.setattr(drift, "_told", {})  # another worker
    with tenancy.entered(connection.organization_id):
        DataStatus.objects.update(watermark="")
    second = again(connection)

    assert (first.status, second.status) == (PullStatus.COMPLETE, PullStatus.COMPLETE)
    assert first.rejected == 0
    assert stored(connection) == first.added == second.unchanged > 50
    with tenancy.entered(connection.organization_id):
        found = list(UnknownField.objects.order_by("path").values_list("path", "json_type"))
        assert found == [("lines.colour", "number"), ("loyalty_tier", "text")]
        assert set(UnknownField.objects.values_list("pull_id", flat=True)) == {first.pk}


def test_a_type_that_changed_keeps_the_records_aside_and_says_why(sandbox, connection):
    sandbox.fault("changed_type", path=INVOICES)

    pull = pull_waiting(connection)

    assert (pull.status, pull.rejected) == (PullStatus.MAP_ERROR, pull.fetched)
    with tenancy.entered(connection.organization_id):
        reasons = set(RejectedRecord.objects.values_list("reason", flat=True))
        assert not UnknownField.objects.exists()
    assert reasons == {"Expected `str`, got `object` - at `$.status`"}


@pytest.mark.parametrize("data_type", ["chartOfAccounts", "bills", "journalEntries"])
def test_healthy_books_have_nothing_that_nobody_knew(sandbox, connection):
    assert pull_waiting(connection).status == PullStatus.COMPLETE
    with tenancy.entered(connection.organization_id):
        assert not UnknownField.objects.exists()

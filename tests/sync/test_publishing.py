"""The store changes as a whole, or not at all."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError
from django.db import connection as database

from companies import tenancy
from companies.models import Event
from sync import claims, engine, operations, outcomes, publishing
from sync.models import (
    DataStatus,
    Pull,
    PullStatus,
    Record,
    RecordVersion,
    StagedPage,
    StagedRecord,
)
from tests.factories import CompanyFactory, OrganizationFactory
from tests.sync.scripted import invoice, page


@pytest.fixture
def stored(connection, platform, pull) -> Pull:
    platform.serve(page(invoice(1), invoice(2), cursor="1", watermark="w1"))
    return pull()


def test_a_fault_in_the_last_step_leaves_everything_as_it_was(
    connection, platform, pull, stored, monkeypatch
):
    def break_down(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(outcomes, "complete", break_down)
    platform.serve(page(invoice(1, total="99"), invoice(3), cursor="1", watermark="w2"))

    with pytest.raises(ZeroDivisionError):
        pull()

    assert [record.source_id for record in Record.objects.order_by("source_id")] == [
        "inv-1",
        "inv-2",
    ]
    assert {record.pull_id for record in Record.objects.all()} == {stored.pk}
    assert not RecordVersion.objects.exists()
    status = DataStatus.objects.get(data_type="invoices")
    assert (status.watermark, status.latest_success_pull_id) == ("w1", stored.pk)
    assert status.latest_status == PullStatus.INTERNAL_ERROR


def test_a_database_that_goes_away_is_no_outcome(connection, platform, stored, monkeypatch):
    queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    events = Event.objects.count()

    def go_away(*args, **kwargs):
        raise OperationalError

    platform.serve(page(invoice(3), cursor="1", watermark="w2"))
    with monkeypatch.context() as patch:
        patch.setattr(outcomes, "complete", go_away)
        with pytest.raises(OperationalError):
            engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert queued.status == PullStatus.QUEUED  # given back: somebody goes on
    assert queued.lease_until is None
    assert StagedRecord.objects.count() == 1
    assert Event.objects.count() == events


@pytest.mark.parametrize("shown_from", [0, 1000])
def test_the_statuses_are_passed_in_their_order(connection, platform, monkeypatch, shown_from):
    monkeypatch.setattr(engine, "_SHOWN_FROM", shown_from)
    seen: list[object] = []
    move = claims.move

    def watch(pull, status, **fields):
        move(pull, status, **fields)
        seen.append(Pull.objects.get(pk=pull.pk).status)

    monkeypatch.setattr(claims, "move", watch)
    operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    platform.serve(
        lambda: seen.append(Pull.objects.get().status),
        page(invoice(1), cursor="1"),
        lambda: seen.append(Pull.objects.get().progress),
    )

    engine.run_connection(connection.organization_id, connection.pk)

    assert seen == ["Fetching", 18, "Mapping", "Validating", "Processing"]


class TestStages:
    """What everybody else sees while a pull is stored."""

    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture
    def company(self):
        return CompanyFactory.create(organization=OrganizationFactory.create())

    @pytest.fixture(autouse=True)
    def queued(self, connection):
        return operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)

    def seen_while_publishing(self, connection, monkeypatch) -> list[object]:
        seen: list[object] = []
        publish = publishing.publish

        def look():
            try:
                with tenancy.entered(connection.organization_id):
                    seen.append(Pull.objects.get().status)
            finally:
                database.close()

        def watch(pull):
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(look).result()
            publish(pull)

        monkeypatch.setattr(publishing, "publish", watch)
        engine.run_connection(connection.organization_id, connection.pk)
        return seen

    def test_those_of_many_records_are_seen_one_by_one(self, connection, platform, monkeypatch):
        monkeypatch.setattr(engine, "_SHOWN_FROM", 2)
        platform.serve(page(invoice(1), invoice(2), cursor="1"))

        assert self.seen_while_publishing(connection, monkeypatch) == ["Processing"]

    def test_those_of_few_records_are_one(self, connection, platform, queued, monkeypatch):
        platform.serve(page(invoice(1), invoice(2), cursor="1"))

        assert self.seen_while_publishing(connection, monkeypatch) == ["Fetching"]

        with tenancy.entered(connection.organization_id):
            queued.refresh_from_db()
        moments = [step["at"] for step in queued.steps]
        assert len(moments) == len(set(moments)) == 5
        assert moments == sorted(moments)


@pytest.mark.parametrize("shown_from", [0, 1000])
def test_a_held_pull_tells_the_stages_it_came_through(
    connection, platform, pull, monkeypatch, shown_from
):
    monkeypatch.setattr(engine, "_SHOWN_FROM", shown_from)
    platform.serve(page(invoice(1), cursor="1"))
    pull()
    platform.serve(page(cursor="1"))

    held = pull()

    statuses = [step["status"] for step in held.steps]
    assert statuses == ["Fetching", "Mapping", "Validating", "ValidationError"]


def test_progress_follows_the_platforms_total(connection, platform):
    queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    seen = []
    platform.serve(
        page(invoice(1), cursor="1", total=3),
        lambda: seen.append(Pull.objects.get().progress),
        page(invoice(2), cursor="2", total=3, deleted_ids=["x"]),
        lambda: seen.append(Pull.objects.get().progress),
    )

    engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert seen == [30, 90]
    assert queued.progress == 100


def test_what_did_not_change_does_not_travel(connection, platform, stored):
    operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    staged: list[object] = []

    def look() -> None:
        staged.extend(StagedPage.objects.values_list("unchanged", flat=True))
        staged.extend(StagedRecord.objects.values_list("source_id", "is_known"))

    platform.serve(page(invoice(1), invoice(2, total="99"), invoice(7), cursor="1"), look)

    engine.run_connection(connection.organization_id, connection.pk)

    assert staged == [["inv-1"], ("inv-2", True), ("inv-7", False)]


def test_what_changed_is_added_to_what_was_counted_and_all_are_counted_when_all_are_read(
    connection, platform, pull
):
    """An hourly pull of ten changes must not read a million records to say how many there are."""
    counted = DataStatus.objects.filter(connection=connection, data_type="invoices")
    platform.serve(page(*map(invoice, range(4)), cursor="1", watermark="w1"))
    pull()
    counted.update(record_count=100)

    platform.serve(page(invoice(7), cursor="1", watermark="w2", deleted_ids=("inv-1",)))
    assert not pull().is_full
    assert counted.get().record_count == 100

    platform.serve(page(cursor="1", watermark="w3"))
    nothing = pull()
    assert (nothing.status, nothing.is_full) == (PullStatus.COMPLETE, False)
    assert counted.get().record_count == 100
    assert counted.get().watermark == "w3"

    counted.update(watermark="")
    platform.serve(page(*map(invoice, (0, 2, 3, 7, 8)), cursor="1", watermark="w4"))
    assert pull().is_full
    assert counted.get().record_count == 5


def test_text_survives_the_way_into_the_store(connection, platform, pull):
    odd = 'tab\t newline\n backslash\\ quote" \\N \\. Zażółć 日本 🍞 \u2028'
    platform.serve(page(invoice(1, note=odd, invoice_number=odd), cursor="1"))

    assert pull().status == PullStatus.COMPLETE

    record = Record.objects.get()
    assert json.loads(record.body)["note"] == odd
    assert record.label == odd

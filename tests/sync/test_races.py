"""Two at once, each on a connection to the database of its own."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connection as database
from django.db.models.functions import Now

from companies import tenancy
from companies.models import Company, Event, EventType
from connections.models import Connection
from connections.schemas import DataType
from sync import beat, claims, deletion, operations
from sync.models import DataStatus, Frequency, Pull
from sync.operations import EffectiveSetting
from tests.factories import (
    CompanyFactory,
    ConnectionFactory,
    DataStatusFactory,
    OrganizationFactory,
    PullFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connection() -> Connection:
    company = CompanyFactory.create(organization=OrganizationFactory.create())
    return ConnectionFactory.create(company=company)


def at_once(*acts: Callable[[], object]) -> list[object]:
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            barrier.wait()
            return act()
        finally:
            database.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def ring_again() -> int:
    try:
        return int(beat.ring_again())
    finally:
        database.close()


def test_refreshes_at_once_pull_every_type_once(connection):
    at_once(*[lambda: operations.refresh_company(connection.company)] * 4)

    with tenancy.entered(connection.organization_id):
        assert Pull.objects.count() == len(DataType)
        assert Pull.objects.values("data_type").distinct().count() == len(DataType)
        assert Event.objects.filter(type=EventType.REFRESH_REQUESTED).count() >= 1


def test_the_scheduler_gives_way_to_whoever_refreshes(connection, monkeypatch):
    """A refresh inserts pulls before it writes to data statuses; the scheduler does the reverse."""
    with tenancy.entered(connection.organization_id):
        DataStatusFactory.create(connection=connection, data_type="invoices", next_due_at=Now())
    show_queued = operations._show_queued

    def queue_due_pulls() -> int:
        try:
            return int(beat.queue_due_pulls())
        finally:
            database.close()

    def somebody_waits() -> bool:
        with database.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            return bool(cursor.fetchone()[0])

    with ThreadPoolExecutor(1) as pool:
        scheduler: list[Future[int]] = []

        def meet_the_scheduler(queued: list[Pull]) -> None:
            scheduler.append(pool.submit(queue_due_pulls))
            until = time.monotonic() + 5
            while not somebody_waits():
                assert time.monotonic() < until
            show_queued(queued)

        monkeypatch.setattr(operations, "_show_queued", meet_the_scheduler)
        pull = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
        assert scheduler[0].result(timeout=5) == 0
    monkeypatch.undo()

    beat.queue_due_pulls()
    with tenancy.entered(connection.organization_id):
        assert list(Pull.objects.filter(data_type="invoices")) == [pull]


def test_ringing_again_waits_for_nobody(connection, monkeypatch):
    monkeypatch.setattr(beat, "_messages_waiting", lambda: 0)  # others may have left some
    with tenancy.entered(connection.organization_id):
        for data_type in ("bills", "invoices"):
            PullFactory.create(connection=connection, data_type=data_type)

    with ThreadPoolExecutor(1) as pool, tenancy.entered(connection.organization_id):
        held = Pull.objects.select_for_update().get(data_type="bills")
        assert pool.submit(ring_again).result(timeout=5) == 1
    with tenancy.entered(connection.organization_id):
        assert set(Pull.objects.filter(rung_at=None)) == {held}


def test_owners_are_taken_company_first(connection):
    """Two who take several rows take them in one order, or each would wait for the other."""
    organization_id = connection.organization_id
    with tenancy.entered(organization_id):
        pull = PullFactory.create(connection=connection)
    trying = threading.Event()

    def lock() -> bool:
        try:
            with tenancy.entered(organization_id):
                trying.set()
                return claims.lock_owners(pull) is not None
        finally:
            database.close()

    def is_free(model: type[Company | Connection]) -> bool:
        try:
            with tenancy.entered(organization_id):
                free = model.objects.select_for_update(no_key=True, skip_locked=True)
                return free.exists()
        finally:
            database.close()

    for held, other, is_left_free in ((Company, Connection, True), (Connection, Company, False)):
        with ThreadPoolExecutor(2) as pool:
            with tenancy.entered(organization_id):
                held.objects.select_for_update(no_key=True).get()
                trying.clear()
                locked = pool.submit(lock)
                trying.wait()
                with pytest.raises(TimeoutError):
                    locked.result(timeout=0.3)
                assert pool.submit(is_free, other).result() is is_left_free
            assert locked.result(timeout=5)


def test_deleting_gives_way_to_whoever_commits_what_refers_to_it(connection):
    """Rows that refer to both are checked at the commit, here the connection before the company."""
    has_connection, is_waited_for = threading.Event(), threading.Event()

    def commit_what_refers_to_it():
        with tenancy.entered(connection.organization_id), database.cursor() as cursor:
            cursor.execute(
                "SELECT FROM connections_connection WHERE id = %s FOR KEY SHARE", [connection.pk]
            )
            has_connection.set()
            is_waited_for.wait(10)
            cursor.execute(
                "SELECT FROM companies_company WHERE id = %s FOR KEY SHARE", [connection.company_id]
            )

    def delete():
        has_connection.wait(10)
        threading.Timer(0.1, is_waited_for.set).start()
        deletion.delete_company(connection.company, actor=None)

    at_once(commit_what_refers_to_it, delete)

    with tenancy.entered(connection.organization_id):
        assert not Company.objects.exists()


def test_settings_saved_while_a_connection_is_linked_hold_for_it(connection):
    saved = threading.Event()
    organization = connection.organization

    def save():
        with tenancy.entered(organization.pk):
            daily = [
                EffectiveSetting(
                    data_type=data_type, frequency=Frequency.DAILY, fetch_on_first_link=True
                )
                for data_type in DataType
            ]
            operations.save_settings(organization, settings=daily, actor=None)
            saved.set()
            with pytest.raises(TimeoutError):  # still open: whoever links has to wait
                linked.result(timeout=0.3)

    def link():
        try:
            saved.wait()
            operations.queue_first_pulls(connection)
        finally:
            database.close()

    with ThreadPoolExecutor(1) as pool:
        linked = pool.submit(link)
        save()
        linked.result()

    with tenancy.entered(organization.pk):
        assert set(DataStatus.objects.values_list("frequency", flat=True)) == {"daily"}

"""The database goes away while a pull runs, and comes back."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db import connection as database
from django.db.models.functions import Now

from companies import tenancy
from sync import beat, claims, endings, engine, operations
from sync.models import Pull, PullStatus
from tests.factories import CompanyFactory, ConnectionFactory, OrganizationFactory
from tests.sync.scripted import invoice, page

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queued() -> Pull:
    company = CompanyFactory.create(organization=OrganizationFactory.create())
    with tenancy.entered(company.organization_id):
        connection = ConnectionFactory.create(company=company)
        return operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)


def cut_off():
    """Have the next statement find the connection gone."""
    database.connection.close()


def run(pull: Pull) -> None:
    with pytest.raises(OperationalError):
        engine.run_connection(pull.organization_id, pull.connection_id)
    database.close_if_unusable_or_obsolete()  # as Celery does between two tasks
    look_again(pull)


def look_again(pull: Pull) -> None:
    with tenancy.entered(pull.organization_id):
        pull.refresh_from_db()


def test_a_pull_waits_for_no_lease_to_go_on(platform, queued):
    platform.serve(page(invoice(1), cursor="1"), cut_off)

    run(queued)

    assert (queued.status, queued.lease_until, queued.cursor) == (PullStatus.QUEUED, None, "1")
    assert "The database was away" in queued.status_description
    assert beat.ring_again() == 1
    platform.serve(page(invoice(2), cursor="2"))
    engine.run_connection(queued.organization_id, queued.connection_id)
    look_again(queued)
    assert (queued.status, queued.added, queued.attempts) == (PullStatus.COMPLETE, 2, 2)
    assert platform.asked[-1] == ("invoices", None, "1")


def test_its_worker_asks_until_the_database_answers(platform, queued, monkeypatch):
    monkeypatch.setattr(endings, "_UNTIL_IT_ANSWERS_SECONDS", (0, 0, 0))
    answers = [OperationalError("starting up"), OperationalError("starting up"), None]
    wait = claims.wait

    def wait_when_back(*arguments, **fields):
        if error := answers.pop(0):
            raise error
        wait(*arguments, **fields)

    monkeypatch.setattr(claims, "wait", wait_when_back)
    platform.serve(cut_off)

    run(queued)

    assert answers == []
    assert queued.status == PullStatus.QUEUED


def test_somebody_else_who_has_it_by_then_keeps_it(platform, queued):
    def others_take_it():
        with tenancy.entered(queued.organization_id):
            Pull.objects.filter(pk=queued.pk).update(fence=7)
        cut_off()

    platform.serve(others_take_it)

    run(queued)

    assert (queued.status, queued.fence) == (PullStatus.FETCHING, 7)


def test_one_that_brings_the_database_down_does_so_five_times(platform, queued):
    for _ in range(claims.MAX_ATTEMPTS_WITHOUT_PROGRESS - 1):
        platform.serve(cut_off)
        run(queued)
        assert queued.status == PullStatus.QUEUED
    platform.serve(cut_off)
    run(queued)
    assert queued.status == PullStatus.FETCHING
    with tenancy.entered(queued.organization_id):
        Pull.objects.update(lease_until=Now() - timedelta(seconds=1))

    beat.recover_lost_pulls()

    look_again(queued)
    assert queued.status == PullStatus.INTERNAL_ERROR

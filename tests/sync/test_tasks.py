"""Bells, and what happens when nobody can ring them."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection as database
from django.utils import timezone
from kombu.exceptions import OperationalError

from companies import tenancy
from sync import claims, engine, operations, tasks
from sync.models import DataStatus, Pull, PullStatus
from tests.factories import CompanyFactory, ConnectionFactory
from tests.sync.scripted import invoice, page


def test_the_task_carries_out_what_waits(connection, platform):
    operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    platform.serve(page(invoice(1), cursor="1"))

    tasks.run_connection(
        organization_id=str(connection.organization_id), connection_id=str(connection.pk)
    )

    assert Pull.objects.get().is_completed


def test_a_turn_that_breaks_off_keeps_nobody_else_from_the_worker(connection, platform, caplog):
    """As when a pull has no row of its data type, which nothing of ours deletes."""
    operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    DataStatus.objects.all().delete()
    other = ConnectionFactory(company=CompanyFactory(organization=connection.organization))
    waiting = operations.queue_pull(other, "bills", trigger=Pull.Trigger.MANUAL)
    Pull.objects.filter(pk=waiting.pk).update(requested_at=timezone.now() + timedelta(minutes=1))
    platform.serve(page(cursor="1"))

    tasks.run_connection(organization_id=str(uuid4()), connection_id=str(uuid4()))

    assert Pull.objects.get(connection=other).is_completed
    assert Pull.objects.get(connection=connection).status == PullStatus.QUEUED
    assert caplog.messages == [f"the turn of connection {connection.pk} broke off"]


def test_a_bell_for_nothing_is_no_error(organization):
    tasks.run_connection(organization_id=str(organization.pk), connection_id=str(uuid4()))


def test_a_long_connection_lets_others_have_the_worker(connection, platform, bells, monkeypatch):
    operations.queue_first_pulls(connection)
    monkeypatch.setattr(engine, "TIME_BUDGET", timedelta(0))

    tasks.run_connection(
        organization_id=str(connection.organization_id), connection_id=str(connection.pk)
    )

    assert bells == [(connection.organization_id, connection.pk)]
    assert platform.asked == []


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_gets_the_connection():
    connection = ConnectionFactory()
    with tenancy.entered(connection.organization_id):
        operations.queue_first_pulls(connection)
    barrier, claimed = threading.Barrier(4), []

    def race() -> None:
        barrier.wait()
        with tenancy.entered(connection.organization_id):
            locked = claims.lock_connection(connection.organization_id, connection.pk)
            assert locked is not None
            claimed.append(claims.claim(locked))
        database.close()

    racers = [threading.Thread(target=race) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert sum(pull is not None for pull in claimed) == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_one_starts_the_pull():
    connection = ConnectionFactory()
    barrier, outcomes = threading.Barrier(5), []

    def ask() -> None:
        barrier.wait()
        try:
            outcomes.append(
                operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
            )
        except operations.AlreadyRunning as refused:
            outcomes.append(refused.pull)
        database.close()

    askers = [threading.Thread(target=ask) for _ in range(5)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert len(outcomes) == 5
    assert len({pull.pk for pull in outcomes}) == 1


class TestRinging:
    """The real bell."""

    @pytest.fixture(autouse=True)
    def bells(self):
        """Leave the bell in its place."""

    def test_a_broker_that_is_down_costs_nobody_anything(self, monkeypatch, caplog):
        def refuse(**_):
            raise OperationalError("connection refused")

        monkeypatch.setattr(tasks.run_connection, "apply_async", refuse)

        tasks.ring(uuid4(), uuid4())

        assert "could not ring" in caplog.text

    def test_a_message_carries_ids_and_nothing_else(self, monkeypatch):
        sent = []
        monkeypatch.setattr(tasks.run_connection, "apply_async", lambda **call: sent.append(call))
        organization, connection = uuid4(), uuid4()

        tasks.ring(organization, connection)

        assert sent == [
            {
                "kwargs": {"organization_id": str(organization), "connection_id": str(connection)},
                "retry": False,
            }
        ]

"""A process whose own clock is wrong by hours does what it would with the right one."""

import datetime as dt

import psycopg
import pytest
import time_machine
from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import OperationalError
from django.utils import timezone

from api import idempotency
from api.models import IdempotentRequest
from companies import tenancy
from connections import sealing
from connections.platforms.base import Credentials
from portal import clock
from sync import monitor
from tests.factories import ConnectionFactory
from webhooks import claims, operations
from webhooks.schedule import Schedule

pytestmark = pytest.mark.django_db
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture(params=[HOUR, -HOUR, DAY, -DAY], ids=str)
def wrong(request):
    """Have the clock of this process be wrong for a block."""
    return lambda: time_machine.travel(timezone.now() + request.param, tick=True)


def test_a_token_lasts_as_long_for_everybody(wrong):
    connection = ConnectionFactory()

    def store():
        expires_at = timezone.now() + dt.timedelta(hours=2)  # as its platform says: in two hours
        with tenancy.entered(connection.organization_id):
            sealing.store(
                connection, Credentials(access_token="a", refresh_token="b", expires_at=expires_at)
            )

    def left():
        stored = sealing.load(connection)
        assert not stored.is_due
        assert stored.credentials.expires_at is not None
        return stored.credentials.expires_at - clock.now()

    with wrong():
        store()
        mine = left()
    theirs = left()
    store()
    with wrong():
        assert not sealing.load(connection).is_due

    for each in (mine, theirs):
        assert dt.timedelta(minutes=119) < each <= dt.timedelta(minutes=120)


def test_a_message_is_signed_with_a_time_that_its_receiver_takes(wrong, organization):
    consumer = operations.create_consumer(
        organization, url="https://sink.example/", event_types=["company.created"], actor=None
    )
    operations.send_example(consumer, "company.created", actor=None)

    with wrong():
        (claim,) = claims.claim(organization.pk, consumer.pk, most=1, schedule=Schedule()) or []
        signed_at = claim.now()

    assert abs(signed_at - clock.now()) < dt.timedelta(minutes=1)


def test_answers_are_kept_as_long_as_is_promised(wrong, organization):
    with tenancy.entered(organization.pk):
        IdempotentRequest.objects.create(
            organization=organization, key="k", fingerprint=b"f", status=200, body=b""
        )

    with wrong():
        assert idempotency.forget_old() == 0


def test_the_scheduler_is_not_taken_for_dead(wrong):
    with wrong():
        monitor.beat()
        assert monitor.Heartbeat.read().is_alive
    assert monitor.Heartbeat.read().is_alive


@pytest.fixture
def refused(monkeypatch):
    """Have the schema's changes find their table in use so many times."""
    left: list[int] = []
    slept: list[float] = []

    def handle(*_args, **_options):
        if left:
            left.pop()
            raise OperationalError from psycopg.errors.LockNotAvailable()

    monkeypatch.setattr(migrate.Command, "handle", handle)
    monkeypatch.setattr("time.sleep", slept.append)
    return left, slept


@pytest.mark.django_db(transaction=True)
def test_a_table_in_use_is_asked_for_again(refused, capsys):
    left, slept = refused
    left += [1, 2]

    call_command("migrate", skip_checks=True)

    assert len(slept) == 2
    assert "trying again" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_what_is_in_use_for_minutes_is_told(refused):
    left, _ = refused
    left += range(1000)

    with pytest.raises(OperationalError):
        call_command("migrate", skip_checks=True)

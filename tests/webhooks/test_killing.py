"""Relays killed with messages in hand: nothing is lost, nothing comes under two ids."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection

from companies import tenancy
from companies.models import OutboxEntry
from companies.operations import create_company
from engines import locations
from tests.factories import OrganizationFactory
from tests.webhooks.running import until
from tests.webhooks.sink import Sink, serving
from webhooks import operations
from webhooks.models import Delivery

EVENTS = 120


def start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.webhooks.relay_process",
         connection.settings_dict["NAME"]],
        cwd=locations.PROJECT,
        env={**os.environ, "REDIS_URL": settings.REDIS_URL},
    )  # fmt: skip


@pytest.mark.full
@pytest.mark.timeout(400)
@pytest.mark.django_db(transaction=True)
def test_relays_are_killed_again_and_again_and_every_event_arrives_under_one_id():
    organization = OrganizationFactory.create()
    dice = random.Random(3)
    with serving(Sink(answer="slow", seconds=0.1)) as sink:
        for _ in range(2):
            operations.create_consumer(
                organization, url=sink.url, event_types=["company.created"], actor=None
            )
        relays = [start(), start()]
        try:
            for number in range(EVENTS):
                with tenancy.entered(organization.pk):
                    create_company(organization, name=f"Bakery {number}")
                if number % 20 == 10:
                    time.sleep(dice.uniform(0.5, 3))
                    victim = dice.randrange(2)
                    relays[victim].send_signal(signal.SIGKILL)
                    relays[victim].wait()
                    relays[victim] = start()
            until(lambda: ended(organization) == 2 * EVENTS, seconds=240)
        finally:
            for relay in relays:
                relay.kill()
                relay.wait()

    with tenancy.entered(organization.pk):
        assert not OutboxEntry.objects.exists()
        sent = {each.webhook_id for each in Delivery.objects.all()}
    assert len(sent) == 2 * EVENTS
    assert set(sink.ids) == sent


def ended(organization) -> int:
    with tenancy.entered(organization.pk):
        return Delivery.objects.filter(status="succeeded").count()

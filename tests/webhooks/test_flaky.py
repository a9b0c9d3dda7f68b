"""Endpoints that misbehave in every way: see tests/webhooks/flaky.py, which prints the table."""

import os

import pytest

from tests.webhooks import flaky


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.django_db(transaction=True)
def test_no_event_is_lost_to_flaky_endpoints():
    flaky.run(int(os.environ.get("FLAKY_EVENTS", "300")))

"""Ticks of the clock, whatever the clocks of beat and workers say."""

from unittest.mock import MagicMock

import pytest
import redis
from celery import beat, current_app
from django.conf import settings

from portal import ticks, valkey


@pytest.fixture
def waiting(monkeypatch):
    """Say how many ticks wait."""
    server = MagicMock()
    monkeypatch.setattr(valkey, "_client", lambda: server)
    return server.llen


@pytest.fixture
def sent(monkeypatch):
    entries = []
    monkeypatch.setattr(
        beat.Scheduler, "apply_async", lambda _scheduler, entry, **_: entries.append(entry)
    )
    return entries


def tick():
    scheduler = ticks.Ticks(app=current_app)
    for entry in scheduler.schedule.values():
        scheduler.apply_entry(entry)


def test_no_tick_is_lost_to_a_clock_that_is_wrong(waiting, sent):
    waiting.return_value = 0

    tick()

    assert {entry.task for entry in sent} >= {
        each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()
    }
    assert not any("expires" in entry.options for entry in sent)


def test_none_is_sent_while_many_wait(waiting, sent):
    waiting.return_value = ticks._MOST_OF_EACH * (len(settings.CELERY_BEAT_SCHEDULE) + 1)

    tick()

    assert sent == []
    waiting.assert_called_with("clock")


def test_where_valkey_says_nothing_the_sending_tells(waiting, sent):
    waiting.side_effect = redis.ConnectionError

    tick()

    assert sent

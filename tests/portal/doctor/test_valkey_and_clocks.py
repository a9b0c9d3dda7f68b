"""Valkey and the clocks: what is wrong is found, and nobody waits for one that hangs."""

import time

import pytest
import redis
from django.conf import settings as configured

from portal.doctor.checks import clock, valkey
from portal.doctor.findings import Level


@pytest.mark.parametrize(
    "check_id",
    ["valkey.reachable", "valkey.version", "valkey.eviction", "valkey.memory", "clock.valkey"],
)
def test_nothing_is_wrong_with_what_is_sound(ask, check_id):
    assert ask(check_id).level == Level.OK, ask(check_id)


def test_one_that_refuses(ask, settings, closed_port):
    settings.REDIS_URL = f"redis://127.0.0.1:{closed_port}/0"

    answer = ask("valkey.reachable")

    assert answer.level == Level.ERROR
    assert "REDIS_URL" in answer.remedy


def test_one_that_hangs(ask, settings, silent_port):
    settings.REDIS_URL = f"redis://127.0.0.1:{silent_port}/0"
    began = time.monotonic()

    answer = ask("valkey.reachable")

    assert answer.level == Level.ERROR
    assert time.monotonic() - began < 5


def test_an_address_that_is_none(ask, settings):
    settings.REDIS_URL = "valkey.example:6379"

    assert ask("valkey.reachable").level == Level.ERROR


def test_a_policy_that_throws_away(ask):
    with redis.Redis.from_url(configured.REDIS_URL) as server:
        server.config_set("maxmemory-policy", "allkeys-lru")
        try:
            answer = ask("valkey.eviction")
        finally:
            server.config_set("maxmemory-policy", "noeviction")

    assert answer.level == Level.WARNING  # no limit, so nothing is thrown away today
    assert "allkeys-lru" in answer.found


@pytest.mark.parametrize(
    ("check_id", "info", "level"),
    [
        ("valkey.eviction", {"maxmemory_policy": "volatile-lru", "maxmemory": 1}, Level.ERROR),
        ("valkey.memory", {"used_memory": 50, "maxmemory": 100}, Level.OK),
        ("valkey.memory", {"used_memory": 85, "maxmemory": 100}, Level.WARNING),
        ("valkey.memory", {"used_memory": 99, "maxmemory": 100}, Level.ERROR),
        ("valkey.version", {"redis_version": "6.0.16"}, Level.ERROR),
        ("valkey.version", {"redis_version": "7.4.1"}, Level.OK),
    ],
)
def test_what_the_server_says_of_itself(ask, monkeypatch, check_id, info, level):
    monkeypatch.setattr(valkey, "_info", lambda _section: info)

    assert ask(check_id).level == level


@pytest.mark.parametrize(("queue", "count"), [("clock", 200), ("pulls", 5_001)])
def test_bells_that_nobody_takes(ask, queue, count):
    with redis.Redis.from_url(configured.REDIS_URL) as server:
        server.delete("clock", "pulls", "work")
        before = ask("valkey.queues")
        server.rpush(queue, *range(count))
        try:
            answer = ask("valkey.queues")
        finally:
            server.delete(queue)

    assert (before.level, answer.level) == (Level.OK, Level.WARNING)
    assert f"{queue} {count:,}" in answer.found


@pytest.mark.parametrize(
    ("check_id", "source", "apart", "level"),
    [
        ("clock.database", "_database_time", 0, Level.OK),
        ("clock.database", "_database_time", -12, Level.WARNING),
        ("clock.database", "_database_time", 90, Level.ERROR),
        ("clock.valkey", "_valkey_time", 90, Level.NOTE),
    ],
)
def test_clocks_that_differ(ask, db, monkeypatch, check_id, source, apart, level):
    monkeypatch.setattr(clock, source, lambda: time.time() + apart)

    assert ask(check_id).level == level

"""A Valkey that hangs keeps everybody waiting once, and is left alone then."""

import socket
import threading
from uuid import uuid4

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from kombu.exceptions import OperationalError

from companies import events
from portal import counting, ringing, valkey
from sync.tasks import run_connection


class Hanging:
    """Takes connections and never answers."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._server.getsockname()[1]}/0"
        self.taken: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            try:
                self.taken.append(self._server.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        self._server.close()
        for each in self.taken:
            each.close()


@pytest.fixture
def real():
    return settings.REDIS_URL


@pytest.fixture
def hanging(monkeypatch):
    server = Hanging()
    asks(monkeypatch, server.url)
    yield server
    server.close()
    valkey._client.cache_clear()
    events._missed.clear()


def asks(monkeypatch, url):
    monkeypatch.setattr(settings, "REDIS_URL", url)
    monkeypatch.setattr(valkey, "SECONDS", 0.2)
    valkey._client.cache_clear()


def test_whoever_comes_after_is_told_at_once(hanging):
    with pytest.raises(redis.TimeoutError), valkey.asked() as server:
        server.ping()

    for ask in (lambda server: server.ping(), lambda server: server.get("x")):
        with pytest.raises(valkey.Avoided), valkey.asked() as server:
            ask(server)
    with pytest.raises(valkey.Avoided):
        cache.get("x")

    assert len(hanging.taken) == 1


def test_it_is_asked_again_after_a_while(hanging, monkeypatch):
    monkeypatch.setattr(valkey, "_AVOIDED_SECONDS", 0)

    for _ in range(2):
        assert counting.count("x", seconds=1) == 0

    assert len(hanging.taken) == 2


def test_a_page_that_counts_and_rings_waits_once(hanging, monkeypatch, caplog):
    sent = []
    monkeypatch.setattr(run_connection, "apply_async", lambda **message: sent.append(message))

    for name in ("address", "day", "at-once"):
        assert counting.count(name, seconds=1) == 0
    counting.uncount("at-once")
    events._publish(("organization", "company"))
    ringing.ring(run_connection, connection_id=uuid4())

    assert len(hanging.taken) == 1
    assert sent == []
    assert "could not ring for sync.tasks.run_connection" in caplog.text


def test_a_bell_that_hangs_is_left_alone(monkeypatch):
    def hang(**_):
        raise OperationalError("Timeout") from redis.TimeoutError()

    monkeypatch.setattr(run_connection, "apply_async", hang)

    ringing.ring(run_connection, connection_id=uuid4())

    with pytest.raises(valkey.Avoided):
        valkey.require()


def test_one_that_refuses_is_asked_every_time(monkeypatch):
    asks(monkeypatch, "redis://127.0.0.1:9/0")
    try:
        for _ in range(2):
            with pytest.raises(redis.ConnectionError) as refused, valkey.asked() as server:
                server.ping()
            assert not isinstance(refused.value, valkey.Avoided)
    finally:
        valkey._client.cache_clear()


def test_bells_that_were_missed_ring_with_the_next_one(real, hanging, monkeypatch):
    organization, other = f"test-{uuid4().hex}", f"test-{uuid4().hex}"
    events._publish((organization, "one"))
    events._publish((organization, "one"))
    events._publish((organization, "two"))
    assert len(events._missed) == 2

    with redis.Redis.from_url(real) as client, client.pubsub() as listener:
        listener.subscribe(organization, other)
        for _ in range(2):
            listener.get_message(timeout=5)
        asks(monkeypatch, real)
        monkeypatch.setattr(valkey, "_avoided_until", float("-inf"))

        events._publish((other, "three"))

        heard = {listener.get_message(timeout=5)["data"] for _ in range(3)}
    assert heard == {b"one", b"two", b"three"}
    assert not events._missed

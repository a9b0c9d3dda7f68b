"""The gate before a platform: what all our processes ask together, with Valkey and without."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
import redis
from django.conf import settings

from connections import gates
from connections.gates import SharedGate, gate_before
from connections.platforms import http
from connections.platforms.base import (
    DAY,
    MINUTE,
    Credentials,
    Limits,
    PlatformApp,
    Rate,
    RateLimited,
    Suspended,
    Unreachable,
)
from connections.platforms.gates import gated
from connections.platforms.quickbooks import QuickBooks
from connections.platforms.xero import Xero
from tests.factories import CompanyFactory, ConnectionFactory


def before(*, app: str = "", who: str = "one", **limits) -> SharedGate:
    """A gate that nobody else stands at, unless they name the same registration."""
    return SharedGate(
        name="Xero", app=app or uuid4().hex, organization=who, limits=Limits(**limits)
    )


@pytest.fixture
def no_valkey(monkeypatch):
    """Valkey does not answer: the port is closed."""
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:9/0")
    gates._scripts.cache_clear()
    monkeypatch.setattr(gates, "_VALKEY", gates._Valkey())
    monkeypatch.setattr(gates, "_LOCAL", gates._Local())
    yield
    gates._scripts.cache_clear()


def ask(gate: SharedGate, *, is_answered: bool = True) -> float:
    """Make a request when there is no wait; return the wait."""
    ticket = gate.enter()
    if not ticket.wait:
        gate.leave(ticket, is_answered=is_answered)
    return ticket.wait


def test_as_much_as_is_allowed_passes_at_once_and_no_more():
    gate = before(organization=(Rate(60, MINUTE),))

    waits = [ask(gate) for _ in range(61)]

    assert waits[:60] == [0.0] * 60
    assert 55 < waits[60] <= 62


def test_tokens_come_back_when_their_window_has_passed():
    gate = before(organization=(Rate(5, 1),))
    for _ in range(5):
        assert ask(gate) == 0
    wait = ask(gate)

    time.sleep(wait)

    assert 0.5 < wait < 1.1
    assert ask(gate) == 0


def test_never_more_than_allowed_in_any_window_whoever_asks():
    app, moments, done = uuid4().hex, [], threading.Event()
    threading.Timer(1.4, done.set).start()

    def hurry(_: int) -> None:
        gate = before(app=app, organization=(Rate(20, 1),))
        while not done.is_set():
            ticket = gate.enter()
            if ticket.wait:
                time.sleep(min(ticket.wait, 0.05))
            else:
                moments.append(time.monotonic())
                gate.leave(ticket, is_answered=True)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(hurry, range(8)))

    moments.sort()
    busiest = max(sum(at <= each < at + 0.95 for each in moments) for at in moments)
    assert 20 <= len(moments) <= 40
    assert busiest <= 20


def test_an_app_is_shared_by_its_organizations_and_an_organization_by_nobody():
    app = uuid4().hex
    limits = Limits(app=(Rate(3, MINUTE),), organization=(Rate(2, MINUTE),))
    one, other, third = (
        SharedGate(name="Xero", app=app, organization=each, limits=limits) for each in "123"
    )

    assert [ask(one) for _ in range(2)] == [0, 0]
    assert ask(one) > 0
    assert ask(other) == 0
    assert ask(third) > 0
    assert ask(before(app=uuid4().hex, organization=(Rate(2, MINUTE),))) == 0


def test_a_days_allowance_is_told_as_such():
    gate = before(organization=(Rate(1, DAY),))
    ask(gate)

    ticket = gate.enter()

    assert ticket.is_daily
    assert DAY - 60 < ticket.wait <= DAY + 2 * DAY / 60


def test_so_many_at_a_time_and_a_killed_workers_place_comes_back(monkeypatch):
    monkeypatch.setattr(gates, "LEASE_SECONDS", 0.3)
    gate = before(at_once=2)
    first, second = gate.enter(), gate.enter()

    assert (first.wait, second.wait) == (0, 0)
    assert 0 < gate.enter().wait < 1
    gate.leave(first, is_answered=True)
    assert gate.enter().wait == 0  # and is never given back
    assert gate.enter().wait > 0
    time.sleep(0.35)
    assert gate.enter().wait == 0


def test_without_valkey_a_process_keeps_to_a_part_and_logs_once(no_valkey, caplog):
    gate = before(organization=(Rate(60, MINUTE),), at_once=16)
    began = time.monotonic()

    with caplog.at_level(logging.INFO):
        waits = [ask(gate) for _ in range(10)]

    assert waits[:7] == [0.0] * 7
    assert min(waits[7:]) > 50
    assert time.monotonic() - began < 2
    assert len(caplog.records) == 1
    held = before(at_once=16)
    assert [held.enter().wait > 0 for _ in range(3)] == [False, False, True]


def test_a_valkey_that_hangs_costs_one_short_wait(monkeypatch):
    class Hangs:
        calls = 0

        def __call__(self, **_: object) -> None:
            self.calls += 1
            raise redis.TimeoutError

    hanging = Hangs()
    monkeypatch.setattr(gates, "_scripts", lambda: {"enter": hanging, "leave": hanging})
    monkeypatch.setattr(gates, "_VALKEY", gates._Valkey())
    gate = before()

    assert [ask(gate) for _ in range(50)] == [0.0] * 50
    assert hanging.calls == 1


def test_a_flushed_valkey_is_no_error():
    gate = before(organization=(Rate(1, MINUTE),), at_once=1)
    ticket = gate.enter()
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        for key in valkey.scan_iter(f"gate:{{{gate.app}}}*"):
            valkey.delete(key)

    gate.leave(ticket, is_answered=True)

    assert ask(gate) == 0


class TestBreaker:
    @pytest.fixture
    def gate(self, monkeypatch):
        monkeypatch.setattr(gates, "OPEN_SECONDS", 0.3)
        return before()

    def test_fewer_calls_say_nothing(self, gate):
        assert not any(ask(gate, is_answered=False) for _ in range(19))
        assert ask(gate) == 0

    def test_less_than_half_is_no_outage(self, gate):
        assert not any(ask(gate, is_answered=each % 5 > 1) for each in range(40))

    def test_half_of_twenty_opens_it_for_all_who_share_it(self, gate, caplog):
        assert not any(ask(gate, is_answered=each % 2 == 0) for each in range(20))

        ticket = before(app=gate.app, who="other").enter()

        assert 0 < ticket.wait <= 0.3
        assert ticket.outage_since is not None
        assert "does not answer" in caplog.text

    def test_one_probes_and_an_answer_closes_it(self, gate):
        for _ in range(20):
            ask(gate, is_answered=False)
        time.sleep(0.31)

        probe, other = gate.enter(), gate.enter()
        gate.leave(probe, is_answered=True)

        assert probe.wait == 0
        assert other.wait == 5
        assert ask(gate) == 0
        assert ask(gate) == 0

    def test_a_probe_that_fails_opens_it_again_and_the_outage_goes_on(self, gate):
        for _ in range(20):
            ask(gate, is_answered=False)
        since = gate.enter().outage_since
        time.sleep(0.31)

        assert ask(gate, is_answered=False) == 0

        again = gate.enter()
        assert 0 < again.wait <= 0.3
        assert again.outage_since == since

    def test_a_probe_whose_worker_was_killed_is_followed_by_another(self, gate, monkeypatch):
        monkeypatch.setattr(gates, "LEASE_SECONDS", 0.2)
        for _ in range(20):
            ask(gate, is_answered=False)
        time.sleep(0.31)
        gate.enter()
        assert gate.enter().wait > 0

        time.sleep(0.21)

        assert ask(gate) == 0

    def test_an_answer_from_before_the_outage_does_not_end_it(self, gate):
        early = gate.enter()
        for _ in range(20):
            ask(gate, is_answered=False)

        gate.leave(early, is_answered=True)

        assert gate.enter().wait > 0


def test_a_slow_request_is_counted_when_its_answer_comes():
    """The vendor may have received it only then."""
    gate = before(organization=(Rate(2, 1),))
    slow = gate.enter()
    time.sleep(0.6)
    gate.leave(slow, is_answered=True)
    assert ask(gate) == 0
    time.sleep(0.5)  # the slow one was asked more than a second ago

    assert 0.2 < ask(gate) < 0.6


def test_what_is_asked_while_linking_counts_with_the_pulls_that_follow(company):
    """The books have no name yet in what we keep, but in the credentials."""
    credentials = Credentials(access_token="", parameters={"realm_id": "4620816510000000537"})
    app = PlatformApp(client_id=uuid4().hex)
    connection = ConnectionFactory(company=company, platform="quickbooks")
    linking = gate_before(connection, app, credentials)
    connection.platform_company_id = "4620816510000000537"
    pulling = gate_before(connection, app, credentials)

    assert [ask(linking) for _ in range(10)] == [0.0] * 10
    assert ask(pulling) > 0


def test_a_tenants_own_server_stops_nobody_else(company, organization):
    """Vendors are shared by registration; a server of a customer's own by nobody."""
    one = ConnectionFactory(company=company, platform="hledger")
    other = ConnectionFactory(company=CompanyFactory(organization=organization), platform="hledger")

    def opened(connection, url):
        credentials = Credentials(access_token="", parameters={"url": url})
        return gate_before(connection, PlatformApp(), credentials)

    dead, alive = opened(one, "https://dead.example"), opened(other, "https://alive.example")
    for _ in range(20):
        ask(dead, is_answered=False)

    assert ask(dead) > 0
    assert ask(alive) == 0


def test_registrations_at_a_vendor_have_counts_of_their_own(company):
    connection = ConnectionFactory(company=company, platform="xero", platform_company_id="t-1")
    credentials = Credentials(access_token="")
    one = gate_before(connection, PlatformApp(client_id="a"), credentials)

    assert one == gate_before(connection, PlatformApp(client_id="a"), credentials)
    assert one.app != gate_before(connection, PlatformApp(client_id="b"), credentials).app


def test_vendors_limits_are_declared():
    assert Xero.limits == Limits(
        app=(Rate(10_000, 60),), organization=(Rate(60, 60), Rate(5_000, 86_400)), at_once=5
    )
    assert QuickBooks.limits == Limits(organization=(Rate(10, 1), Rate(500, 60)), at_once=10)


class TestRequests:
    """What those who ask notice of a gate."""

    def client(self, *statuses: int):
        answers = iter(statuses)
        transport = httpx.MockTransport(lambda _: httpx.Response(next(answers), text="{}"))
        return http.new_client(base_url="https://api.example", transport=transport)

    def get(self, client, slept: list[float] | None = None):
        pauses = [] if slept is None else slept
        return http.get(client, "/x", platform="Xero", token="t", sleep=pauses.append)

    def test_a_short_wait_is_slept(self):
        gate = before(organization=(Rate(1, 1),))
        slept: list[float] = []
        client = self.client(200, 200)

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            time.sleep(seconds)

        with gated(gate):
            http.get(client, "/x", platform="Xero", token="t", sleep=sleep)
            http.get(client, "/x", platform="Xero", token="t", sleep=sleep)

        assert len(slept) == 1
        assert 0 < slept[0] < 1.1

    def test_a_long_one_is_told_and_nothing_asked(self):
        with gated(before(organization=(Rate(1, MINUTE),))):
            client = self.client(200)
            self.get(client)
            with pytest.raises(RateLimited) as caught:
                self.get(client)

        assert not caught.value.was_asked
        assert caught.value.retry_after == pytest.approx(60, abs=3)

    def test_who_is_to_come_back_later_asks_no_more_until_then(self):
        """Not with another request either, nor in another process."""
        gate = before(organization=(Rate(60, MINUTE),))
        answer = httpx.Response(429, headers={"Retry-After": "60"}, text="{}")
        transport = httpx.MockTransport(lambda _: answer)
        refusing = http.new_client(base_url="https://api.example", transport=transport)
        with gated(gate), pytest.raises(RateLimited) as first:
            self.get(refusing)
        with gated(replace(gate)), pytest.raises(RateLimited) as second:
            self.get(self.client())

        assert (first.value.was_asked, second.value.was_asked) == (True, False)
        assert second.value.retry_after == pytest.approx(60, abs=3)
        assert ask(replace(gate, organization="other")) == 0

    def test_every_try_counts_and_an_outage_ends_them(self):
        gate = before()
        for _ in range(18):
            ask(gate, is_answered=False)
        with gated(gate), pytest.raises(Suspended) as caught:
            self.get(self.client(500, 500))

        assert caught.value.message == "Xero does not answer at the moment."
        assert 25 < caught.value.retry_after <= 30

    def test_refusals_are_answers(self):
        gate = before()
        with gated(gate):
            for _ in range(30):
                with pytest.raises(Exception, match=r"authoriz|understand|slow down"):
                    self.get(self.client(401, 404, 429))
        assert ask(gate) == 0

    def test_what_hangs_is_none(self):
        gate = before()

        def hang(request: httpx.Request) -> httpx.Response:
            raise httpx.ReadTimeout("", request=request)

        client = http.new_client(
            base_url="https://api.example", transport=httpx.MockTransport(hang)
        )
        with gated(gate):
            for _ in range(20):
                with pytest.raises(Unreachable):
                    self.get(client)
            with pytest.raises(Suspended):
                self.get(client)

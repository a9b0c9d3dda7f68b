"""What Xero's headers teach about the next request, and what its refusals mean."""

import pytest

from connections.platforms.base import RateLimited
from connections.platforms.http import pause
from connections.platforms.xero import Xero, limits
from connections.schemas import DataType
from tests.connections.platforms.xero.customer import Customer, pull, records
from tests.vendors.xero import XeroServer


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(clock: Clock) -> limits.Limits:
    return limits.Limits(clock)


def told(minute: str, app: str = "9000") -> dict[str, str]:
    return {"X-MinLimit-Remaining": minute, "X-AppMinLimit-Remaining": app}


def test_nothing_known_means_no_wait(known: limits.Limits):
    assert known.wait("tenant", "app") == 0


def test_minute_used_up_is_waited_for_from_its_beginning(known: limits.Limits, clock: Clock):
    known.learn("tenant", "app", told("59"))
    clock.now += 20
    known.learn("tenant", "app", told("0"))

    assert known.wait("tenant", "app") == 40
    assert known.wait("other", "app") == 0
    clock.now += 41
    assert known.wait("tenant", "app") == 0


def test_next_minute_begins_anew(known: limits.Limits, clock: Clock):
    known.learn("tenant", "app", told("0"))
    clock.now += 61
    known.learn("tenant", "app", told("59"))

    assert known.wait("tenant", "app") == 0


def test_app_is_shared_by_all_its_tenants(known: limits.Limits):
    known.learn("tenant", "app", told("30", app="0"))

    assert known.wait("other", "app") == 60


@pytest.mark.parametrize("value", ["", "many", "-1", "1.5"])
def test_header_that_says_nothing_is_no_limit(known: limits.Limits, value: str):
    known.learn("tenant", "app", told(value, app=value))

    assert known.wait("tenant", "app") == 0


def test_short_wait_is_slept_and_a_long_one_told():
    slept: list[float] = []

    pause("Xero", 0, slept.append)
    pause("Xero", 4, slept.append)
    with pytest.raises(RateLimited) as caught:
        pause("Xero", 45, slept.append)

    assert slept == [4]
    assert (caught.value.retry_after, caught.value.is_daily) == (45, False)


def test_days_allowance_used_up_is_told_with_its_end(xero: XeroServer, customer: Customer):
    platform = customer.open(customer.linked())
    pull(platform, DataType.TAX_RATES)
    xero.day.exhaust(xero.first().tenant)

    with pytest.raises(RateLimited) as caught:
        pull(platform, DataType.INVOICES)

    assert caught.value.is_daily
    assert caught.value.retry_after
    assert caught.value.retry_after > 80_000
    assert not customer.pauses
    assert sum(asked.status == 429 for asked in xero.requests) == 1
    xero.clock.advance(days=1)
    assert records(pull(customer.open(customer.linked()), DataType.TAX_RATES))


def test_no_request_is_wasted_on_a_minute_used_up(xero: XeroServer, customer: Customer):
    platform = customer.open(customer.linked())
    xero.minute.limit = 3
    for _ in range(3):
        pull(platform, DataType.TAX_RATES)

    with pytest.raises(RateLimited) as caught:
        pull(platform, DataType.TAX_RATES)

    assert not caught.value.is_daily
    assert caught.value.retry_after
    assert 30 < caught.value.retry_after <= 60
    assert not any(asked.status == 429 for asked in xero.requests)


def test_crowd_is_waited_out(xero: XeroServer, customer: Customer):
    credentials = customer.linked()
    xero.crowd.limit = 0

    def wait(seconds: float) -> None:
        customer.pauses.append(seconds)
        xero.crowd.limit = 5

    platform = Xero(customer.http, credentials, sleep=wait)

    assert records(pull(platform, DataType.TAX_RATES))
    assert customer.pauses == [1]

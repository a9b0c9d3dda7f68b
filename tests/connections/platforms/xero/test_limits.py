"""What Xero's headers teach about the next request."""

import pytest

from connections.platforms.base import RateLimited
from connections.platforms.xero import limits


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

    limits.pause("Xero", 0, slept.append)
    limits.pause("Xero", 12, slept.append)
    with pytest.raises(RateLimited) as caught:
        limits.pause("Xero", 45, slept.append)

    assert slept == [12]
    assert (caught.value.retry_after, caught.value.is_daily) == (45, False)

"""Nobody stays signed in for longer than they should, however they came in."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from portal import sessions
from tests.portal.test_account import browser, noor  # noqa: F401 - fixtures

MINUTE, HOUR = 60, 3600


@pytest.fixture
def clock(monkeypatch):
    """Let time pass for what asks portal.sessions."""

    class Clock:
        now = 1_800_000_000.0

        def time(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(sessions, "time", clock)
    return clock


def is_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == 200


def test_whoever_asks_for_nothing_is_signed_out(clock, browser):
    clock.now += 2 * HOUR
    assert is_in(browser)
    clock.now += 2 * HOUR + 1

    refused = browser.get("/account/")

    assert refused["Location"] == "/accounts/login/?next=/account/"
    said = [str(message) for message in get_messages(refused.wsgi_request)]
    assert said == ["You were signed out after a while. Please sign in again."]
    assert not is_in(browser)


def test_nobody_stays_for_longer_than_twelve_hours(clock, browser):
    for _ in range(12):
        assert is_in(browser)
        clock.now += HOUR
    clock.now += 1
    assert not is_in(browser)


def test_an_act_after_the_end_is_not_done(clock, browser, noor):
    clock.now += 3 * HOUR
    browser.post("/account/", {"name": "Somebody else", "time_zone": "UTC"})
    noor.refresh_from_db()
    assert noor.name == "Bob Bryce"


def test_what_is_noted_is_noted_once_a_minute(clock, browser):
    is_in(browser)
    seen = browser.session["seen_at"]
    clock.now += MINUTE - 1
    is_in(browser)
    assert browser.session["seen_at"] == seen
    clock.now += 1
    is_in(browser)
    assert browser.session["seen_at"] == clock.now


def test_a_session_of_which_nothing_is_known_has_ended(clock, browser):
    session = browser.session
    del session["began_at"]
    session.save()
    assert not is_in(browser)

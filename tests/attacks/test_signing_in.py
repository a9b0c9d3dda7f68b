"""What is tried at the door: guessing, finding out who has an account, using codes twice."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import hashers
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from companies.models import User
from tests.portal.test_account import (
    PASSWORD,
    browser,  # noqa: F401 - a fixture
    code_of,
    noor,  # noqa: F401 - a fixture
    sign_in,
    switch_app_on,
)

pytestmark = pytest.mark.django_db

TOO_MANY = 429


@pytest.fixture(autouse=True)
def _counted_anew():
    cache.clear()
    yield
    cache.clear()


def attempt(email: str, password: str, address: str = "203.0.113.5", browser: Client | None = None):
    return (browser or Client()).post(
        reverse("account_login"), {"login": email, "password": password}, REMOTE_ADDR=address
    )


def is_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == 200


def test_one_address_has_so_many_tries_a_minute(noor):
    answers = [attempt(f"nobody{n}@example.com", "wrong") for n in range(31)]
    right = Client()
    last = attempt(noor.email, PASSWORD, browser=right)

    assert TOO_MANY not in {each.status_code for each in answers[:10]}
    assert answers[-1].status_code == last.status_code == TOO_MANY
    assert not is_in(right)
    elsewhere = Client()
    attempt(noor.email, PASSWORD, "203.0.113.6", elsewhere)
    assert is_in(elsewhere)


def test_one_account_is_guessed_so_often_from_wherever(noor):
    """After five wrong passwords from five places even the right one waits."""
    for number in range(6):
        answer = attempt(noor.email, "wrong", f"203.0.113.{number}")
    owner = Client()
    refused = attempt(noor.email, PASSWORD, "198.51.100.1", owner)

    assert "Too many failed" in answer.content.decode()
    assert "Too many failed" in refused.content.decode()
    assert not is_in(owner)


def words(answer) -> str:
    """The page without what differs by itself: tokens, and what was typed in."""
    text = answer.content.decode()
    return re.sub(r'(csrfmiddlewaretoken"? value="|value=")[^"]*|[\w.]+@[\w.]+', "", text)


def test_a_wrong_password_and_an_unknown_address_look_alike(noor, monkeypatch):
    hashed: list[str] = []
    hasher = hashers.get_hasher().__class__
    encode = hasher.encode

    def counted(self, password, *rest):
        hashed.append(password)
        return encode(self, password, *rest)

    monkeypatch.setattr(hasher, "encode", counted)

    known = attempt(noor.email, "wrong")
    by_known, hashed[:] = len(hashed), []
    unknown = attempt("nobody@example.com", "wrong")

    assert (known.status_code, words(known)) == (unknown.status_code, words(unknown))
    # The hash is what takes time: it is computed as often, whoever asks.
    assert by_known == len(hashed) == 1


def test_signing_up_with_an_address_that_is_taken_changes_nothing(noor):
    """It says so: whoever signs up is in at once, without a mail. Asking often is slowed down."""
    form = {
        "name": "X", "organization_name": "X", "time_zone": "UTC", "email": noor.email,
        "password1": "another-horse-battery",
    }  # fmt: skip

    answers = [Client().post(reverse("account_signup"), form) for _ in range(21)]

    assert {each.status_code for each in answers[:20]} == {200}
    assert answers[-1].status_code == TOO_MANY
    assert User.objects.filter(email=noor.email).count() == 1
    noor.refresh_from_db()
    assert noor.check_password(PASSWORD)


def test_the_session_is_another_one_after_signing_in(noor):
    browser = Client()
    browser.cookies["sessionid"] = "a" * 32
    browser.get(reverse("account_login"))
    before = browser.cookies["sessionid"].value
    token = browser.cookies["csrftoken"].value if "csrftoken" in browser.cookies else ""

    attempt(noor.email, PASSWORD, browser=browser)

    assert is_in(browser)
    assert browser.cookies["sessionid"].value not in {before, "a" * 32}
    assert browser.cookies["csrftoken"].value != token
    thief = Client()
    thief.cookies["sessionid"] = "a" * 32
    assert not is_in(thief)


def test_signing_out_ends_the_session_on_our_side(noor):
    browser = sign_in(noor.email)
    kept = browser.cookies["sessionid"].value

    browser.post(reverse("account_logout"))

    thief = Client()
    thief.cookies["sessionid"] = kept
    assert not is_in(thief)


def test_a_code_of_the_app_works_once(browser, noor):
    secret = switch_app_on(browser)
    cache.clear()  # switching on uses a code up, too
    code = code_of(secret)
    first, second = sign_in(noor.email), sign_in(noor.email)

    first.post(reverse("mfa_authenticate"), {"code": code})
    second.post(reverse("mfa_authenticate"), {"code": code})

    assert is_in(first)
    assert not is_in(second)


def test_a_person_who_is_switched_off_is_out_at_once(noor):
    browser = sign_in(noor.email)
    assert is_in(browser)

    noor.is_active = False
    noor.save()

    assert not is_in(browser)
    assert not is_in(sign_in(noor.email))


def test_an_address_that_is_nobodys_yet_cannot_be_claimed(noor, alice):
    """Whoever signs in may add an address, and owns it only after its mail was read."""
    browser = sign_in(noor.email)
    browser.post(reverse("account_email"), {"email": alice.email, "action_add": ""})

    assert not EmailAddress.objects.filter(user=noor, email=alice.email, verified=True).exists()
    alice.refresh_from_db()
    assert alice.email == "alice@harbour.example"

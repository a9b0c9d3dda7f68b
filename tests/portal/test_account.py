"""One's own account: profile, second step, passkeys, sessions."""

import json
import re
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from portal.adapter import MFAAdapter

PASSWORD = "correct-horse-battery"
GARBAGE = ["{}", "[]", "1", "null", "x", '{"rawId": "!"}', '{"id": "AA", "rawId": "AA"}']


def code_of(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def sign_in(email: str) -> Client:
    browser = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/130.0"})
    browser.post(reverse("account_login"), {"login": email, "password": PASSWORD})
    return browser


def confirm(browser: Client) -> None:
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})


@pytest.fixture(autouse=True)
def _no_limits(db):
    cache.clear()  # attempts are counted from test to test, too


@pytest.fixture
def noor(bob):
    """A person with a password and a confirmed address, and no organization entered."""
    bob.set_password(PASSWORD)
    bob.save()
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True, primary=True)
    return bob


@pytest.fixture
def browser(noor):
    browser = sign_in(noor.email)
    confirm(browser)
    return browser


def switch_app_on(browser: Client) -> str:
    page = browser.get(reverse("mfa_activate_totp")).content.decode()
    found = re.search(r'id="totp-key" value="(\w+)"', page)
    assert found is not None
    browser.post(reverse("mfa_activate_totp"), {"code": code_of(found[1])})
    return found[1]


def test_name_and_clock_can_be_changed(browser, noor):
    answer = browser.post(reverse("account"), {"name": " Noor  H. ", "time_zone": "Asia/Tokyo"})

    noor.refresh_from_db()
    assert answer.status_code == 302
    assert (noor.name, noor.time_zone) == ("Noor H.", "Asia/Tokyo")


@pytest.mark.parametrize("zone", ["Nowhere/Town", "../../etc/passwd", ""])
def test_a_clock_that_is_none_is_refused(browser, noor, zone):
    assert browser.post(reverse("account"), {"name": "N", "time_zone": zone}).status_code == 422


@pytest.mark.parametrize(
    ("back", "leads_to"),
    [
        ("/o/harbour/companies/?page=2", "/o/harbour/companies/?page=2"),
        ("https://elsewhere.example/", "/account/"),
        ("//elsewhere.example/", "/account/"),
        ("javascript:alert(1)", "/account/"),
        ("", "/account/"),
    ],
)
def test_how_times_are_read_is_remembered_and_leads_back(browser, noor, back, leads_to):
    url = reverse("reading-times")

    answer = browser.post(url, {"times": "absolute", "next": back})

    assert (answer.status_code, answer["Location"]) == (302, leads_to)
    noor.refresh_from_db()
    assert (noor.absolute_times, noor.time_style) == (True, "second")
    browser.post(url, {"times": "relative", "next": back})
    noor.refresh_from_db()
    assert noor.time_style == "relative"
    assert browser.get(url).status_code == 405


def test_the_account_stands_in_the_frame_of_the_last_organization(client, organization):
    page = client.get(reverse("account")).content.decode()

    assert "Harbour Lending" in page
    assert 'id="nav"' in page


def test_without_an_organization_the_account_still_opens(browser):
    assert browser.get(reverse("account")).status_code == 200


def test_with_an_app_a_password_is_not_enough(browser, noor):
    secret = switch_app_on(browser)

    thief = sign_in(noor.email)
    assert thief.get("/account/").status_code == 302
    refused = thief.post(reverse("mfa_authenticate"), {"code": "000000"}).content.decode()
    assert "Incorrect code" in refused
    thief.post(reverse("mfa_authenticate"), {"code": code_of(secret)})

    assert thief.get("/account/").status_code == 200


def test_a_recovery_code_works_once(browser, noor):
    switch_app_on(browser)
    page = browser.get(reverse("mfa_view_recovery_codes")).content.decode()
    code = re.findall(r"^(?:.*>)?(\d{8})$", page, flags=re.MULTILINE)[0]

    first, second = sign_in(noor.email), sign_in(noor.email)
    first.post(reverse("mfa_authenticate"), {"code": code})
    second.post(reverse("mfa_authenticate"), {"code": code})

    assert first.get("/account/").status_code == 200
    assert second.get("/account/").status_code == 302


def test_the_key_of_the_app_is_kept_encrypted(browser):
    secret = switch_app_on(browser)

    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(a::text, '') FROM mfa_authenticator a")
        assert secret not in cursor.fetchone()[0]
    assert MFAAdapter().decrypt(Authenticator.objects.get(type="totp").data["secret"]) == secret


def test_the_code_to_scan_is_drawn_in_the_page(browser):
    page = browser.get(reverse("mfa_activate_totp")).content.decode()

    assert "<svg" in page
    assert "data:image" not in page
    assert "style=" not in page


def test_changing_the_second_step_asks_for_the_password_again(noor):
    answer = sign_in(noor.email).get(reverse("mfa_activate_totp"))

    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")


def test_an_unconfirmed_address_cannot_lock_its_owner_out(browser, noor):
    EmailAddress.objects.update(verified=False)

    page = browser.get(reverse("mfa_activate_totp"), follow=True).content.decode()

    assert "until you have verified your email address" in page


@pytest.mark.parametrize("page", ["mfa_index", "mfa_add_webauthn", "mfa_generate_recovery_codes"])
def test_pages_of_the_second_step_open(browser, page):
    switch_app_on(browser)

    assert browser.get(reverse(page)).status_code == 200


@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_passkey_that_is_none_is_refused(browser, garbage):
    asked = Client().get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})
    assert "challenge" in json.loads(asked.content)["request_options"]["publicKey"]
    visitor = Client()
    visitor.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})

    signed_in = visitor.post(reverse("mfa_login_webauthn"), {"credential": garbage})
    browser.get(reverse("mfa_add_webauthn"))
    added = browser.post(reverse("mfa_add_webauthn"), {"credential": garbage})

    assert signed_in.status_code == 302
    assert visitor.get("/account/").status_code == 302
    assert added.status_code == 200
    assert not Authenticator.objects.filter(type="webauthn").exists()


def test_other_browsers_are_signed_out(browser, noor):
    other = sign_in(noor.email)
    page = browser.get(reverse("usersessions_list")).content.decode()

    browser.post(reverse("usersessions_list"))

    assert page.count("Firefox on Linux") == 2
    assert other.get("/account/").status_code == 302
    assert browser.get("/account/").status_code == 200

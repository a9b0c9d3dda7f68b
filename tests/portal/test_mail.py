"""Every e-mail is text and HTML with the same links, and asks nothing of anybody else's server."""

import re
from datetime import timedelta
from pathlib import Path

import allauth
import pytest
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives
from django.template.loader import get_template
from django.test import RequestFactory
from django.urls import resolve, reverse
from django.utils import timezone

from companies import team
from companies.models import Invitation
from companies.roles import Role

NASTY = '<b>"Tom" & co</b>'
SIGN_UP = {
    "name": NASTY,
    "email": "noor@tidewater.example",
    "password1": "correct-horse-battery",
    "organization_name": "Tidewater Capital",
}


@pytest.fixture(autouse=True)
def _no_limits(db, settings):
    cache.clear()  # mails to one address are limited, also from test to test
    settings.SANDBOX_URL = "http://127.0.0.1:9"


def invitation(client, organization, alice):
    organization.name = alice.name = NASTY
    invited = Invitation(
        organization=organization,
        email="noor@tidewater.example",
        name="Noor",
        role=Role.ANALYST,
        invited_by=alice,
        expires_at=timezone.now() + timedelta(days=7),
    )
    team.send_invitation(invited)


def password_reset(client, organization, alice):
    client.logout()
    client.post(reverse("account_reset_password"), {"email": alice.email})


def password_reset_of_nobody(client, organization, alice):
    client.logout()
    client.post(reverse("account_reset_password"), {"email": "nobody@tidewater.example"})


def email_confirmation(client, organization, alice):
    client.logout()
    client.post(reverse("account_signup"), SIGN_UP)


def sign_up_again(client, organization, alice):
    """From a browser that somebody else's Host led here, which the e-mail does not repeat."""
    request = RequestFactory().get("/", headers={"Host": "localhost"})
    with allauth_context.request_context(request):
        get_adapter().send_account_already_exists_mail(alice.email)


@pytest.mark.parametrize(
    ("send", "subject", "leads_to"),
    [
        (invitation, f"Join {NASTY}", "invitation"),
        (password_reset, "Choose a new password", "account_reset_password_from_key"),
        (password_reset_of_nobody, "No account with this address", "account_signup"),
        (email_confirmation, "Confirm your e-mail address", "account_confirm_email"),
        (sign_up_again, "You have an account already", "account_reset_password"),
    ],
)
def test_text_and_html_say_the_same(client, organization, alice, send, subject, leads_to):
    send(client, organization, alice)

    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    [(html, kind)] = message.alternatives
    assert (message.subject, kind) == (f"[Ledgerport] {subject}", "text/html")
    in_text = set(re.findall(r"https?://\S+", str(message.body)))
    in_html = set(re.findall(r'href="([^"]+)"', str(html)))
    assert len(in_text) == 1
    assert in_text == in_html
    [link] = in_text
    assert link.startswith(f"{settings.BASE_URL}/")
    assert resolve(link.removeprefix(settings.BASE_URL)).view_name == leads_to


@pytest.mark.parametrize("send", [invitation, email_confirmation])
def test_what_people_are_called_is_no_markup(client, organization, alice, send):
    send(client, organization, alice)

    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    html = str(message.alternatives[0][0])
    assert NASTY in str(message.body)
    assert "<b>" not in html
    assert not re.search(r"<img|<script|<link|src=|url\(", html)


#: What allauth's e-mails are given, all of them together.
GIVEN = {
    "activate_url": "https://ledgerport.example/confirm",
    "password_reset_url": "https://ledgerport.example/reset",
    "signup_url": "https://ledgerport.example/sign-up",
    "code": "B4TK-9QRM",
    "from_email": "noor@old.example",
    "to_email": "noor@new.example",
    "deleted_email": "noor@old.example",
    "email": "noor@tidewater.example",
    "ip": "192.0.2.7",
    "user_agent": NASTY,
}
OURS = Path(settings.BASE_DIR) / "templates"


def allauths() -> list[str]:
    """Name every e-mail that an installed part of allauth has a template for."""
    theirs = Path(allauth.__file__).parent / "templates"
    return sorted(
        str(path.relative_to(theirs)).removesuffix("_message.txt")
        for path in theirs.glob("*/email/*_message.txt")
        if apps.is_installed(f"allauth.{path.parts[-3]}") and path.name != "base_message.txt"
    )


def our_own() -> list[str]:
    return sorted(
        str(path.relative_to(OURS)).removesuffix("_message.txt")
        for path in (OURS / "emails").glob("*_message.txt")
    )


def test_allauth_has_e_mails_to_brand():
    """Without this an empty list would pass for everything branded."""
    assert {"account/email/password_changed", "mfa/email/totp_activated"} <= set(allauths())


@pytest.mark.parametrize("name", [*allauths(), *our_own()])
def test_every_e_mail_is_ours_in_text_and_html(name):
    for part in ("subject.txt", "message.txt", "message.html"):
        origin = get_template(f"{name}_{part}").origin.name  # type: ignore[attr-defined]
        assert Path(origin).is_relative_to(OURS), f"{name}_{part} is allauth's own"


@pytest.mark.parametrize("name", allauths())
def test_every_e_mail_of_allauths_says_the_same_twice(rf, alice, name):
    alice.name = NASTY
    request = rf.get("/")
    with allauth_context.request_context(request):
        given = GIVEN | {"user": alice, "timestamp": timezone.now(), "request": request}
        if name == "account/email/email_confirmation_signup":
            del given["code"]
        message = get_adapter().render_mail(name, alice.email, given)

    text, html = str(message.body), str(message.alternatives[0].content)
    assert "Ledgerport" in text
    assert "Ledgerport" in html
    assert "{{" not in message.subject + text + html
    assert "<b>" not in html
    assert not re.search(r"<img|<script|<link|src=|url\(", html)
    in_text = set(re.findall(r"https?://\S+", text))
    assert in_text == set(re.findall(r'href="([^"]+)"', html))
    for value in (GIVEN[key] for key in ("to_email", "deleted_email", "ip", "code")):
        assert (value in text) == (value in html), value


def test_a_changed_password_is_told_with_time_and_zone(client, alice):
    alice.set_password("correct-horse-battery")
    alice.time_zone = "Europe/Oslo"
    alice.save()
    client.force_login(alice)
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)

    client.post(
        reverse("account_change_password"),
        {
            "oldpassword": "correct-horse-battery",
            "password1": "another-horse-battery",
            "password2": "another-horse-battery",
        },
    )

    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    assert message.subject == "[Ledgerport] Your password was changed"
    for said in (str(message.body), str(message.alternatives[0][0])):
        assert re.search(r"When: \d+ \w+ \d{4}, \d\d:\d\d:\d\d CES?T", said)

"""Every e-mail is text and HTML with the same links, and asks nothing of anybody else's server."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives
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


@pytest.mark.parametrize(
    ("send", "subject", "leads_to"),
    [
        (invitation, f"Join {NASTY}", "invitation"),
        (password_reset, "Choose a new password", "account_reset_password_from_key"),
        (password_reset_of_nobody, "No account with this address", "account_signup"),
        (email_confirmation, "Confirm your e-mail address", "account_confirm_email"),
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

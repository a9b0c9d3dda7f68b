"""Signing up makes a person, an organization and a company to look at."""

import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse

from companies import tenancy
from companies.models import Company, Membership, Organization, User
from companies.roles import Role
from connections.models import Connection

NOBODY_LISTENS = "http://127.0.0.1:9"
ANSWERS = {
    "name": "Noor Haddad",
    "email": "noor@tidewater.example",
    "password1": "correct-horse-battery",
    "organization_name": "Tidewater Capital",
    "time_zone": "Europe/Amsterdam",
}


@pytest.fixture
def visitor(client, settings):
    """A browser in which nobody is signed in; the sandbox does not answer."""
    settings.SANDBOX_URL = NOBODY_LISTENS
    cache.clear()  # mails to one address are limited, also from test to test
    client.logout()
    return client


def sign_up(visitor, **changes):
    return visitor.post(reverse("account_signup"), {**ANSWERS, **changes})


def test_the_first_person_administers_the_new_organization(visitor):
    response = sign_up(visitor)

    assert response.status_code == 302
    user = User.objects.get(email="noor@tidewater.example")
    assert (user.name, user.time_zone) == ("Noor Haddad", "Europe/Amsterdam")
    with tenancy.as_user(user.pk):
        membership = Membership.objects.select_related("organization").get(user=user)
    assert membership.role == Role.ADMINISTRATOR
    assert membership.organization.name == "Tidewater Capital"
    assert visitor.get("/").url == f"/o/{membership.organization.slug}/companies/"


def test_a_silent_sandbox_leaves_a_pending_connection_that_says_so(visitor):
    sign_up(visitor)

    user = User.objects.get(email="noor@tidewater.example")
    with tenancy.as_user(user.pk):
        organization = Organization.objects.get(members=user)
    with tenancy.entered(organization.pk):
        company = Company.objects.get()
        connection = company.connections.get()
        assert connection.status == Connection.Status.PENDING_AUTH
        assert "did not answer" in connection.errors.get().error_message


@pytest.fixture
def silent_mail_server(settings):
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 9},
        }
    }


def test_signing_up_needs_no_mail_server(visitor, silent_mail_server):
    response = sign_up(visitor)

    assert response.status_code == 302
    assert visitor.get("/").url.endswith("/companies/")


def test_a_reset_mail_that_was_not_sent_is_not_said_to_be(visitor, alice, silent_mail_server):
    visitor.raise_request_exception = False

    for address in (alice.email, "nobody@nowhere.example"):
        response = visitor.post(reverse("account_reset_password"), {"email": address})

        assert response.status_code == 500


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password1": "short"}, "too short"),
        ({"password1": "password12345"}, "too common"),
        ({"email": "not-an-address"}, "valid email"),
        ({"organization_name": ""}, "required"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field(visitor, changes, words):
    response = sign_up(visitor, **changes)

    assert words in response.content.decode()
    assert not User.objects.filter(email="noor@tidewater.example").exists()


def test_an_unknown_time_zone_becomes_utc(visitor):
    sign_up(visitor, time_zone="Mars/Olympus")

    assert User.objects.get(email="noor@tidewater.example").time_zone == "UTC"


def test_links_in_mails_lead_to_our_own_address(visitor, settings):
    settings.BASE_URL = "https://ledgerport.example"
    settings.ALLOWED_HOSTS = ["*"]
    sign_up(visitor)
    visitor.logout()

    visitor.post(
        reverse("account_reset_password"),
        {"email": "noor@tidewater.example"},
        headers={"Host": "evil.example"},
    )

    confirmation, reset = (str(message.body) for message in mail.outbox)
    assert re.search(r"https://ledgerport\.example/accounts/confirm-email/\S+", confirmation)
    assert re.search(r"https://ledgerport\.example/accounts/password/reset/key/\S+", reset)
    assert "evil.example" not in confirmation + reset


def test_a_reset_link_lets_one_choose_a_new_password(visitor):
    sign_up(visitor)
    visitor.logout()
    visitor.post(reverse("account_reset_password"), {"email": "noor@tidewater.example"})
    link = re.search(r"http\S+", str(mail.outbox[-1].body))
    assert link is not None
    form = visitor.get(link.group(), follow=True)

    visitor.post(
        form.redirect_chain[-1][0],
        {"password1": "another-good-one", "password2": "another-good-one"},
    )

    assert User.objects.get(email="noor@tidewater.example").check_password("another-good-one")


def test_unknown_and_known_addresses_get_the_same_answer(visitor, alice):
    known = visitor.post(reverse("account_reset_password"), {"email": alice.email})
    unknown = visitor.post(reverse("account_reset_password"), {"email": "nobody@nowhere.example"})

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)

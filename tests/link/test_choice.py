"""One consent may reach several businesses: the customer says which."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from connections import links, sealing
from connections.models import AuthorizationAttempt, Connection
from connections.platforms.base import Identity, Unreachable
from connections.platforms.sandbox import Sandbox
from sync.models import Pull
from tests.link.test_link_pages import come_back, leave, press, text

BAKERY, MILL = Identity(id="t-1", name="Bakery Ltd"), Identity(id="t-2", name="Mill Ltd")


@pytest.fixture
def path(company, platform, monkeypatch) -> str:
    monkeypatch.setattr(Sandbox, "organizations", lambda _self: (BAKERY, MILL))
    monkeypatch.setattr(
        Sandbox,
        "choose",
        lambda self, organization: replace(
            self.credentials, parameters={"tenant": organization.id}
        ),
    )
    return urlsplit(links.link_url(company)).path


def consent(customer, path, page="choose/") -> str:
    taken = leave(customer, path, page)
    return come_back(customer, state=taken["state"], code="good").headers["Location"]


def test_the_customer_is_asked_which(customer, path):
    page = text(customer.get(consent(customer, path)))

    assert "Which of these is Eastgate Roasters?" in page
    assert "Bakery Ltd" in page
    assert "Mill Ltd" in page
    assert not Connection.objects.linked().exists()
    attempt = AuthorizationAttempt.objects.get()
    assert attempt.granted
    assert b"access-1" not in bytes(attempt.granted)


def test_the_one_chosen_is_linked(customer, path, platform):
    result = consent(customer, path)

    response = press(customer, result, f"{result}choose/", organization="t-2")

    assert response.status_code == 303
    assert "is linked to Sandbox" in text(customer.get(response.headers["Location"]))
    connection = Connection.objects.get()
    assert (connection.platform_company_id, connection.platform_company_name) == (
        "t-2",
        "Mill Ltd",
    )
    assert sealing.load(connection).credentials.parameters == {"tenant": "t-2"}
    assert Pull.objects.exists()
    attempt = AuthorizationAttempt.objects.get()
    assert (attempt.granted, attempt.organizations, attempt.outcome) == (None, [], "linked")


def test_a_choice_is_good_once(customer, path):
    result = consent(customer, path)
    press(customer, result, f"{result}choose/", organization="t-2")

    again = press(customer, path, f"{result}choose/", organization="t-1")

    assert again.status_code == 400
    assert Connection.objects.get().platform_company_id == "t-2"


@pytest.mark.parametrize("wanted", ["t-3", "", "null"])
def test_only_what_was_consented_to_can_be_chosen(customer, path, wanted):
    result = consent(customer, path)

    response = press(customer, result, f"{result}choose/", organization=wanted)

    assert response.status_code == 400
    assert AuthorizationAttempt.objects.get().granted
    assert not Connection.objects.linked().exists()


def test_a_choice_runs_out(customer, path):
    result = consent(customer, path)
    AuthorizationAttempt.objects.update(used_at=timezone.now() - timedelta(hours=2))

    assert press(customer, result, f"{result}choose/", organization="t-1").status_code == 400


def test_platform_that_fails_at_the_choice_is_said_so(customer, path, monkeypatch):
    result = consent(customer, path)

    def fail(_self, _organization):
        raise Unreachable("Sandbox could not be reached.")

    monkeypatch.setattr(Sandbox, "choose", fail)
    response = press(customer, result, f"{result}choose/", organization="t-1")

    assert response.status_code == 303
    assert "Sandbox could not be reached." in text(customer.get(response.headers["Location"]))
    assert not Connection.objects.linked().exists()


def test_another_browser_cannot_choose(customer, path, client):
    result = consent(customer, path)
    customer.cookies.pop("ledgerport-link")

    assert press(customer, result, f"{result}choose/", organization="t-1").status_code == 400


def test_leaving_again_forgets_what_was_granted_before(customer, path):
    consent(customer, path)

    leave(customer, path)

    assert not AuthorizationAttempt.objects.filter(granted__isnull=False).exists()


def test_whoever_links_again_is_not_asked(customer, path, platform):
    result = consent(customer, path)
    press(customer, result, f"{result}choose/", organization="t-2")
    platform.codes["good"] = "good"

    page = text(customer.get(consent(customer, path, page="")))

    assert "is linked to Sandbox" in page
    assert sealing.load(Connection.objects.get()).credentials.parameters == {"tenant": "t-2"}

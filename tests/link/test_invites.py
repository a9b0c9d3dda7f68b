"""The invite URL: whoever opens it names their company, and goes on to its own Link URL."""

from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from companies import tenancy
from companies.models import Company, Event
from connections import links
from link import invites, settings
from link.models import LinkSettings, LinkVisit
from tests.link.test_link_pages import press, text


@pytest.fixture(autouse=True)
def _counters():
    cache.clear()


@pytest.fixture
def path(organization, platform) -> str:
    return urlsplit(invites.invite_url(settings.stored(organization))).path


def test_a_stranger_names_the_company_and_goes_on_to_its_link(customer, organization, path):
    assert "Share your accounts with Harbour Lending" in text(customer.get(path))
    assert not Company.objects.exists()

    response = press(customer, path, f"{path}?ref=7", name="Eastgate Roasters (Ltd)")

    company = Company.objects.get()
    assert (company.name, company.created_by) == ("Eastgate Roasters Ltd", None)
    assert response.status_code == 303
    assert response.headers["Location"] == f"{links.link_url(company)}?ref=7"
    event = Event.objects.get()
    assert (event.type, event.company_id) == ("company.created", company.pk)
    assert "invite URL" in event.summary
    customer.get(urlsplit(response.headers["Location"]).path, {"ref": "7"})
    assert LinkVisit.objects.get().parameters == {"ref": "7"}


@pytest.mark.parametrize("name", ["", "   ", "()[]", "x" * 121, "a\x00b"])
def test_a_name_that_is_none_is_said_so(customer, path, name):
    response = press(customer, path, path, name=name)

    assert response.status_code == 422
    assert not Company.objects.exists()


def test_it_is_as_private_and_unframed_as_the_other_pages(customer, path):
    response = customer.get(path)

    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert "script-src 'none'" in response.headers["Content-Security-Policy"]
    assert customer.post(path, {"name": "Bakery"}).status_code == 403  # no token: another site


def test_switched_off_or_replaced_it_leads_nowhere(client, customer, organization, path):
    change = reverse("link_portal:change-invite", args=[organization.slug])

    client.post(change, {"change": "off"})
    assert customer.get(path).status_code == 404
    assert customer.post(path, {"name": "Bakery"}).status_code in {403, 404}
    client.post(change, {"change": "on"})
    assert customer.get(path).status_code == 200
    client.post(change, {"change": "renew"})
    assert customer.get(path).status_code == 404
    fresh = urlsplit(invites.invite_url(LinkSettings.objects.get())).path
    assert customer.get(fresh).status_code == 200
    assert not Company.objects.exists()


def test_a_link_url_is_no_invite_and_an_invite_no_link_url(customer, company, path):
    link = urlsplit(links.link_url(company)).path

    assert customer.get(path.replace("/invite", "")).status_code == 404
    assert customer.get(link.replace("/link/", "/link/invite/")).status_code == 404
    assert customer.get("/link/invite/nothing/").status_code == 404


def test_the_token_is_not_in_the_database(path, organization):
    row = LinkSettings.objects.values().get()

    token = path.removesuffix("/").rsplit("/", 1)[-1]
    assert not any(token in str(value) for value in row.values())


def test_companies_are_added_only_so_fast(customer, path, monkeypatch):
    monkeypatch.setattr(invites, "FROM_ADDRESS", 2)

    answers = [press(customer, path, path, name="Bakery").status_code for _ in range(3)]

    assert answers == [303, 303, 429]
    assert Company.objects.count() == 2


@pytest.mark.parametrize("is_partial", [True, False])
def test_members_copy_it_from_the_companies_page(client, organization, company, path, is_partial):
    listed = client.get(reverse("companies:list", args=[organization.slug]))
    assert reverse("link_portal:invite", args=[organization.slug]) in listed.content.decode()

    headers = {"HX-Request": "true", "HX-Request-Type": "partial"} if is_partial else {}
    shown = client.get(reverse("link_portal:invite", args=[organization.slug]), headers=headers)

    assert path in shown.content.decode()
    assert ("<dialog" in shown.content.decode().split("</main>")[0]) == is_partial


def test_the_company_belongs_to_the_organization_that_invited(
    customer, organization, other_organization, platform
):
    theirs = urlsplit(invites.invite_url(settings.stored(other_organization))).path

    press(Client(enforce_csrf_checks=True), theirs, theirs, name="Mill")

    assert not Company.objects.within(organization).exists()
    with tenancy.entered(other_organization.pk):
        assert Company.objects.get().organization == other_organization

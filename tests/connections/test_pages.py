import re

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from companies.models import Membership
from companies.roles import Role
from connections import links
from connections.models import Connection, LinkUrl
from connections.operations import create_connection, deauthorize, fail_authorization
from tests.factories import ConnectionFactory

Status = Connection.Status
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(autouse=True)
def _a_platform_to_choose(settings):
    settings.SANDBOX_URL = "http://127.0.0.1:9"


@pytest.fixture
def linked(company) -> Connection:
    return ConnectionFactory.create(company=company, platform_company_name="Eastgate Ltd")


def url(name: str, company, connection=None) -> str:
    kwargs = {"organization": company.organization.slug, "company_id": company.pk}
    if connection is not None:
        kwargs["connection_id"] = connection.pk
    return reverse(f"connections:{name}", kwargs=kwargs)


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_manage_shows_every_connection_and_the_link_url(client, company, linked):
    pending = create_connection(company, platform="sandbox")
    fail_authorization(
        pending, status_code="403", status_text="User cancelled linking", message="User cancelled"
    )

    response = client.get(url("manage", company))

    shown = text(response)
    assert links.link_url(company) in response.content.decode()
    assert "Eastgate Ltd" in shown
    assert str(linked.pk) in shown
    assert "Waiting for the customer to authorize" in shown
    assert "403 User cancelled linking" in shown
    assert '<button name="platform" value="sandbox">' in response.content.decode()


def test_manage_asks_the_database_no_more_for_more_connections(
    client, company, django_assert_num_queries
):
    def add():
        connection = create_connection(company, platform="sandbox")
        fail_authorization(connection, status_code="403", status_text="x", message="y")

    add()
    client.get(url("manage", company))
    with CaptureQueriesContext(database) as one:
        client.get(url("manage", company))
    for _ in range(5):
        add()

    with django_assert_num_queries(len(one)):
        client.get(url("manage", company))


def test_every_page_of_the_company_opens_a_menu_of_its_connections(client, company, linked):
    response = client.get(url("manage", company), headers=HTMX)

    menu = response.content.decode()
    assert "<html" not in menu
    assert "Vary" in response.headers
    for name in ("panel", "link-url", "unlink"):
        assert f'hx-get="{url(name, company, linked)}"' in menu


@pytest.mark.parametrize("name", ["manage", "link-url"])
def test_a_company_without_connections_has_its_link_url_at_hand(client, company, name):
    response = client.get(url(name, company))

    assert response.status_code == 200
    assert links.link_url(company) in response.content.decode()


def test_a_chip_opens_the_connection_as_a_dialog(client, company, linked):
    deauthorize(linked, reason="Revoked at the platform")

    page = client.get(url("panel", company, linked))
    dialog = client.get(url("panel", company, linked), headers=HTMX)

    assert page.content.startswith(b"<!doctype html>")
    assert dialog.content.strip().startswith(b"<dialog")
    assert "Revoked at the platform" in text(dialog)
    assert "Access was lost" in text(dialog)


def test_the_timeline_tells_every_step_oldest_first(client, company, alice):
    connection = create_connection(company, platform="sandbox", actor=alice)
    fail_authorization(connection, status_code="403", status_text="x", message="User cancelled")

    shown = text(client.get(url("timeline", company, connection)))

    assert shown.index("Started") < shown.index("Not completed") < shown.index("User cancelled")
    assert "by Alice Archer" in shown


def test_adding_a_connection_leads_to_its_link_url(client, company):
    response = client.post(url("create", company), {"platform": "sandbox"}, follow=True)

    connection = Connection.objects.get()
    assert connection.status == Status.PENDING_AUTH
    assert response.redirect_chain == [(url("link-url", company, connection), 302)]
    assert links.link_url(company, connection=connection) in response.content.decode()


def test_a_platform_nobody_knows_is_not_added(client, company):
    response = client.post(url("create", company), {"platform": "abacus"})

    assert response.status_code == 422
    assert "Choose one of the platforms." in text(response)
    assert not Connection.objects.exists()


def test_unlinking_asks_first_and_says_that_data_stay(client, company, linked):
    asked = client.get(url("unlink", company, linked))
    linked.refresh_from_db()
    assert linked.is_linked
    assert "stays readable" in text(asked)

    response = client.post(url("unlink", company, linked), follow=True)

    linked.refresh_from_db()
    assert linked.status == Status.UNLINKED
    assert "Sandbox is unlinked. Its data stay." in text(response)
    assert linked.transitions.get().reason == "Alice Archer unlinked it in the portal."


def test_unlinking_twice_changes_nothing_and_says_so(client, company, linked):
    client.post(url("unlink", company, linked))

    response = client.post(url("unlink", company, linked), follow=True)

    assert "Sandbox is not linked. Nothing was changed." in text(response)
    assert linked.transitions.count() == 1


def test_renewing_shows_the_new_link_in_place(client, company):
    old = links.link_url(company)

    response = client.post(url("link-url-renew", company), headers=HTMX)

    assert old not in response.content.decode()
    assert links.link_url(company) in response.content.decode()
    assert "toast" in response.headers["HX-Trigger"]


def test_a_revoked_link_is_not_replaced_by_looking(client, company):
    links.link_url(company)

    client.post(url("link-url-revoke", company))
    shown = text(client.get(url("manage", company)))

    assert "The Link URL was revoked" in shown
    assert LinkUrl.objects.count() == 1


def test_without_javascript_every_action_leads_to_a_page(client, company, linked):
    for name in ("link-url-renew", "link-url-revoke"):
        response = client.post(url(name, company, linked))
        assert response.headers["Location"] == url("link-url", company, linked)


@pytest.mark.parametrize("role", [Role.ONBOARDING, Role.ADVISOR, Role.ANALYST])
def test_only_builders_unlink(client, company, linked, membership, role):
    Membership.objects.filter(pk=membership.pk).update(role=role)

    shown = client.get(url("manage", company)).content.decode()
    refused = client.post(url("unlink", company, linked))

    assert url("unlink", company, linked) not in shown
    assert refused.status_code == 403
    linked.refresh_from_db()
    assert linked.is_linked


def test_a_connection_of_another_company_is_not_found(client, company, linked):
    other = ConnectionFactory.create(company__organization=company.organization)

    for name in ("panel", "timeline", "unlink", "link-url"):
        assert client.get(url(name, company, other)).status_code == 404

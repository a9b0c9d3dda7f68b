"""Deleting asks for the name, and takes everything with it."""

import pytest
from django.urls import reverse
from django.utils import timezone

from companies.models import Company, Membership
from companies.roles import Role
from connections.models import Connection
from sync.models import Pull, Record
from tests.factories import ConnectionFactory
from tests.sync.books import a_pull, a_status, an_invoice

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def connection(company):
    connection = ConnectionFactory(company=company, first_linked_at=timezone.now())
    a_status(connection, record_count=18402)
    an_invoice(connection, "INV-1")
    a_pull(connection)
    return connection


@pytest.fixture
def delete_company(company):
    return reverse("sync:delete-company", args=[company.organization.slug, company.pk])


@pytest.fixture
def delete_connection(company, connection):
    return reverse(
        "sync:delete-connection", args=[company.organization.slug, company.pk, connection.pk]
    )


@pytest.mark.parametrize("role", Role)
def test_only_some_roles_delete(
    client, membership, company, connection, delete_company, delete_connection, role
):
    Membership.objects.filter(pk=membership.pk).update(role=role)
    may_company = role in {Role.ANALYST, Role.DEVELOPER, Role.ADMINISTRATOR}
    may_connection = role in {Role.DEVELOPER, Role.ADMINISTRATOR}

    assert client.get(delete_company).status_code == (200 if may_company else 403)
    assert client.get(delete_connection).status_code == (200 if may_connection else 403)


def test_the_question_says_what_would_be_gone(client, connection, delete_company):
    page = client.get(delete_company).content.decode()

    assert "1 connection, 18,402 records and 1 pull" in page


def test_htmx_gets_the_question_as_a_dialog(client, delete_connection):
    part = client.get(delete_connection, headers=HTMX).content.decode()

    assert part.strip().startswith("<dialog")
    assert 'data-match="Eastgate Roasters"' in part
    assert "Keep connection" in part


@pytest.mark.parametrize("name", ["", "eastgate roasters", "Eastgate"])
def test_another_name_deletes_nothing(client, connection, delete_company, company, name):
    answer = client.post(delete_company, {"name": name}, headers=HTMX)

    assert answer.status_code == 422
    assert "<dialog" in answer.content.decode()
    assert Company.objects.filter(pk=company.pk).exists()


def test_a_company_goes_with_everything_pulled(client, connection, delete_company, company):
    answer = client.post(delete_company, {"name": "Eastgate Roasters"})

    assert answer.url == reverse("companies:list", args=[company.organization.slug])
    assert not Company.objects.exists()
    assert not Connection.objects.exists()
    assert not Record.objects.exists()
    assert not Pull.objects.exists()


def test_a_connection_goes_and_its_company_stays(client, company, connection, delete_connection):
    answer = client.post(delete_connection, {"name": "Eastgate Roasters"}, headers=HTMX)

    assert answer["HX-Redirect"].endswith(f"/companies/{company.pk}/connections/")
    assert Company.objects.exists()
    assert not Connection.objects.exists()
    assert not Record.objects.exists()

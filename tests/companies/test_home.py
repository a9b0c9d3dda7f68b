"""Where signing in leads."""

import pytest

from companies import tenancy
from companies.models import Membership
from companies.roles import Role
from tests.factories import MembershipFactory


@pytest.fixture
def both(alice, organization, other_organization):
    """Alice belongs to Harbour Lending and to Quay Capital."""
    MembershipFactory(organization=other_organization, user=alice, role=Role.ANALYST)


def test_home_is_the_list_of_companies(client, organization):
    assert client.get("/")["Location"] == "/o/harbour/companies/"


def test_home_is_the_organization_used_last(client, both):
    client.get("/o/quay/companies/")

    assert client.get("/")["Location"] == "/o/quay/companies/"


def test_home_forgets_an_organization_one_has_left(client, both, other_organization):
    client.get("/o/quay/companies/")
    with tenancy.entered(other_organization.pk):
        Membership.objects.filter(organization=other_organization).delete()

    assert client.get("/")["Location"] == "/o/harbour/companies/"


def test_a_person_without_an_organization_is_told_what_to_do(client, alice):
    response = client.get("/")

    assert response.status_code == 403
    assert "do not belong to an organization" in response.content.decode()


def test_home_asks_strangers_to_sign_in(client):
    client.logout()

    assert client.get("/")["Location"] == "/accounts/login/?next=/"

from datetime import timedelta

import pytest
from django.test import Client

from companies.models import Organization, User
from support import operations
from tests import estate
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory


@pytest.fixture
def harbour(alice, settings) -> estate.Estate:
    """Alice's organization with everything one can own."""
    settings.SANDBOX_URL = "http://sandbox.test"
    organization = OrganizationFactory(name="Harbour Lending", slug="harbour")
    MembershipFactory(organization=organization, user=alice)
    return estate.build(organization, alice)


@pytest.fixture
def quay(bob) -> Organization:
    organization = OrganizationFactory(name="Quay Capital", slug="quay")
    MembershipFactory(organization=organization, user=bob)
    return organization


@pytest.fixture
def sam(db) -> User:
    """One of the operator's support staff, who belongs to no organization."""
    return UserFactory(name="Sam Support", email="sam@operator.example", is_staff=True)


@pytest.fixture
def staff(sam) -> Client:
    """Sam's browser."""
    client = Client()
    client.force_login(sam)
    return client


@pytest.fixture
def let_in(sam):
    """Let Sam into an organization."""

    def open_grant(organization: Organization):
        return operations.open_grant(
            sam, organization.pk, reason="Ticket 4711: pulls fail", lasts=timedelta(hours=1)
        )

    return open_grant

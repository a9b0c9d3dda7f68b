"""Every role at every door: let in where its rights say so, refused with 403 everywhere else."""

import pytest
from django.db import transaction
from django.test import Client

from companies.roles import RIGHTS, Role
from tests import estate
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.test_tenancy import BODY, ROUTES, organization_routes


@pytest.fixture
def harbour(alice, settings) -> estate.Estate:
    settings.SANDBOX_URL = "http://sandbox.test"
    organization = OrganizationFactory(name="Harbour Lending", slug="harbour")
    MembershipFactory(organization=organization, user=alice)
    return estate.build(organization, alice)


def ask(client: Client, method: str, url: str) -> int:
    """Ask, and undo whatever came of it, so that the next door is found as it was."""
    with transaction.atomic():
        response = client.generic(
            method, url, BODY, content_type="application/x-www-form-urlencoded"
        )
        transaction.set_rollback(True)
    return response.status_code


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_the_doors_it_has_the_right_for_and_no_other(harbour, role):
    member = UserFactory()
    MembershipFactory(organization=harbour.organization, user=member, role=role)
    client = Client(raise_request_exception=False)
    client.force_login(member)

    for route in organization_routes():
        right = ROUTES[route.name]
        url = route.url(harbour.parameters)
        statuses = {ask(client, method, url) for method in ("GET", "POST")}
        if right is None or role in RIGHTS[right]:
            assert 403 not in statuses, (role, route.name, statuses)
        else:
            assert statuses <= {403, 405}, (role, route.name, statuses)
            assert 403 in statuses, (role, route.name, statuses)


@pytest.mark.parametrize("role", Role)
def test_pages_offer_a_role_nothing_that_would_be_refused(harbour, role):
    """What one may not press is absent, not disabled."""
    member = UserFactory()
    MembershipFactory(organization=harbour.organization, user=member, role=role)
    client = Client()
    client.force_login(member)
    closed = {
        route.url(harbour.parameters)
        for route in organization_routes()
        if (right := ROUTES[route.name]) and role not in RIGHTS[right]
    }

    for route in organization_routes():
        url = route.url(harbour.parameters)
        response = client.get(url)
        if response.status_code != 200 or response.streaming:
            continue
        page = response.content.decode()
        for door in closed:
            for attribute in ("href", "action", "formaction", "hx-get", "hx-post"):
                assert f'{attribute}="{door}"' not in page, (role, url, door)

"""No program sees or changes anything of another organization, by any operation.

The walk knows every operation of the API: it takes them from the API itself, and fails on a
parameter it cannot fill.
"""

import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client

from api.urls import api
from companies import tenancy
from tests import estate
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.test_tenancy import layers  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

#: The estate's word for each parameter of a path, and what stands for those it has no word for.
PARAMETERS = {
    "companyId": "company_id",
    "connectionId": "connection_id",
    "datasetId": "pull_id",
    "webhookId": "consumer_id",
    "apiKeyId": "key_id",
    "recordId": "source_id",
    "accountId": "source_id",
}
FIXED: dict[str, str] = {
    "dataType": "invoices",
    "productIdentifier": "lending",
    "platformKey": "mqjo",
    "customDataIdentifier": "orders",
    "attachmentId": "att_1",
    "pushOperationKey": "7e5fbf5e-4fcb-4f5c-9d2c-3f6d1ab1bc55",
}


@pytest.fixture
def theirs() -> estate.Estate:
    """Another organization with everything one can own."""
    organization = OrganizationFactory(name="Harbour", slug="their-harbour")
    member = UserFactory(email="theirs@example.com")
    MembershipFactory(organization=organization, user=member)
    return estate.build(organization, member)


def paths() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the paths of all operations with the names of their parameters."""
    for _, router in api._routers:
        for path in router.path_operations:
            yield path, tuple(re.findall(r"\{(?:\w+:)?(\w+)\}", path))


def filled(path: str, theirs: estate.Estate) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        return FIXED.get(name) or str(theirs.parameters[PARAMETERS[name]])

    return re.sub(r"\{(?:\w+:)?(\w+)\}", value, path)


def test_every_parameter_is_known():
    for path, names in paths():
        assert set(names) <= {*PARAMETERS, *FIXED}, path


def test_no_program_reaches_another_organization(layers, program_of, theirs):
    ours = OrganizationFactory(name="Quay", slug="our-quay")
    program = program_of(ours)
    with tenancy.entered(theirs.organization.pk):
        before = estate.checksums(theirs.organization)

    for path, names in paths():
        for method in METHODS:
            with transaction.atomic():
                answer = program(method, filled(path, theirs), {"name": "x", "status": "Unlinked"})
                transaction.set_rollback(True)
            body = answer.content.decode(errors="replace")
            assert estate.SECRET not in body, (method, path)
            assert answer.status_code < 500, (method, path, body)
            if set(names) & set(PARAMETERS) and answer.status_code < 300:
                pytest.fail(f"{method} {path} answered {answer.status_code}: {body[:200]}")

    with tenancy.entered(theirs.organization.pk):
        assert estate.checksums(theirs.organization) == before


def test_nobody_is_served_without_a_key(theirs):
    client = Client()
    for path, _ in paths():
        for method in METHODS:
            answer = client.generic(method, f"/api{filled(path, theirs)}")
            assert answer.status_code == 401, (method, path)

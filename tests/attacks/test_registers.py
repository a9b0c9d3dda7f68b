"""Scopes, policies and rights, each against a list of its own: what is lost in the code shows."""

from collections import Counter

import pytest

from api.models import Scope
from companies.models import Organization
from companies.roles import Right
from tests import estate
from tests.api.conftest import program_of  # noqa: F401 - a fixture
from tests.attacks import policies, rights, scopes
from tests.test_tenancy import ROUTES, harbour  # noqa: F401 - a fixture


def test_every_question_names_its_organization_or_is_listed():
    found: Counter[str] = Counter()
    for path, text in scopes.sources():
        found += scopes.unscoped(path, text)

    assert found - scopes.known() == Counter(), "begin with .within(organization), or list it"
    assert scopes.known() - found == Counter(), "take it off the list"


def test_every_policy_is_what_its_model_declares(harbour, other_organization):
    ours, theirs = other_organization.pk, harbour.organization.pk

    found = {
        model._meta.label: faults
        for model in estate.tables()
        if (faults := policies.faults(model, ours, theirs))
    }

    assert found == {}
    assert len(estate.tables()) > 35
    assert Organization in estate.tables()


def test_every_operation_asks_for_the_scope_it_is_listed_with():
    found = {each.name: each.scope for each in rights.operations()}

    assert found == rights.expected_scopes()
    assert not [
        name for name, scope in found.items()
        if scope is Scope.READ and not name.startswith("GET ")
    ]  # fmt: skip


@pytest.mark.full
def test_a_key_without_the_scope_is_refused_by_every_operation(harbour, program_of):
    expected = rights.expected_scopes()
    programs = {
        scope: program_of(harbour.organization, scopes=[each for each in Scope if each != scope])
        for scope in Scope
    }

    found = [
        fault
        for each in rights.operations()
        for fault in rights.operation_faults(each, programs[expected[each.name]], harbour)
    ]

    assert found == []


@pytest.mark.full
def test_every_guarded_page_refuses_who_lacks_its_right(harbour, monkeypatch):
    """Those that everybody may open today as well: they ask, and the table answers."""
    monkeypatch.setattr("companies.access.is_allowed", rights.narrowed)
    clients = {right: rights.clerk_without(right, harbour) for right in Right}
    before = estate.checksums(harbour.organization)

    found = [
        fault
        for route in rights.guarded_routes()
        if (right := ROUTES[route.name])
        for fault in rights.page_faults(route, clients[right], harbour)
    ]

    assert found == []
    assert estate.checksums(harbour.organization) == before

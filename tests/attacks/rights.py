"""Who may do what, said a second time: a right that is lost in the code is missed here."""

from dataclasses import dataclass
from inspect import unwrap
from pathlib import Path
from typing import Any

from api.models import Scope
from api.urls import api
from companies.roles import RIGHTS, Right, Role, is_allowed
from tests.api.test_tenancy import filled
from tests.factories import MembershipFactory, UserFactory
from tests.test_tenancy import METHODS, ROUTES, Route, organization_routes, signed_in

LEAST = Role.ONBOARDING
#: Every operation of the API, behind the scope that a key needs for it.
_SCOPES = Path(__file__).with_name("api_scopes.txt")


@dataclass
class Operation:
    name: str
    scope: Scope | None
    #: What the framework keeps of it; `auth_callbacks` are asked before anything else.
    inner: Any


def expected_scopes() -> dict[str, Scope]:
    pairs = (line.split(" ", 1) for line in _SCOPES.read_text().splitlines())
    return {name: Scope(scope) for scope, name in pairs}


def operations() -> list[Operation]:
    """List the operations of the API as they are, with what they ask for."""
    return [
        Operation(f"{method} {path}", _scope_of(operation), operation)
        for router in api._get_bound_routers()  # what answers, not what it was made from
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    ]


def _scope_of(operation) -> Scope | None:
    found = [callback.scope for callback in operation.auth_callbacks]
    return found[0] if len(found) == 1 else None


def guarded_routes() -> list[Route]:
    """List the pages that ask a member for a right."""
    return [route for route in organization_routes() if ROUTES[route.name]]


def inner_view(route: Route) -> object:
    """Return the function behind the decorators."""
    return unwrap(route.view)  # type: ignore[arg-type]


def narrowed(role: str, right: Right) -> bool:
    """Answer as the table does, and refuse the least role even what everybody may.

    A page that no longer asks for a right of everybody's looks right until the table changes.
    """
    return is_allowed(role, right) and not (role == LEAST and RIGHTS[right] == set(Role))


def clerk_without(right, harbour):
    """Return the browser of a member whose role lacks the right, were it narrowed."""
    role = next((role for role in Role if role not in RIGHTS[right]), LEAST)
    clerk = UserFactory()
    MembershipFactory(organization=harbour.organization, user=clerk, role=role)
    return signed_in(clerk)


def page_faults(route: Route, client, harbour) -> list[str]:
    """Say by which methods a member without the right gets in."""
    url = route.url(harbour.parameters)
    statuses = {method: client.generic(method, url).status_code for method in METHODS}
    faults = [f"{m} {route.name}: {s}" for m, s in statuses.items() if s not in {403, 405}]
    return faults if 403 in statuses.values() else [*faults, f"{route.name} refuses nothing"]


def operation_faults(operation: Operation, program, theirs) -> list[str]:
    """Say whether a key with every scope but the needed one is served."""
    method, path = operation.name.split(" ", 1)
    answer = program(method, filled(path, theirs), {})
    return [] if answer.status_code == 403 else [f"{operation.name}: {answer.status_code}"]

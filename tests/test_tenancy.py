"""Nobody outside an organization sees or changes anything of it, by any door.

Every route, method, table and task is listed here with who may use it; one that is not listed
fails. The same walk passes with row-level security switched off, and with the Python scope
switched off: each of the two layers holds alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.http import HttpResponse, HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.urls.exceptions import Resolver404

from companies.models import TenantQuerySet
from companies.roles import RIGHTS, Right, Role
from files import scanning
from portal.celery import app as celery
from sync import engine, recovery, stream
from tests import estate
from tests.factories import (
    CompanyFactory,
    ConnectionFactory,
    MembershipFactory,
    OrganizationFactory,
    UserFactory,
)

#: An organization's pages, and the right each asks of a member.
ROUTES: dict[str, Right | None] = {
    "companies:list": None,
    "companies:create": Right.EDIT_COMPANIES,
    "companies:columns": None,
    "companies:export": None,
    "companies:find": None,
    "companies:edit": Right.EDIT_COMPANIES,
    "companies:rename": Right.EDIT_COMPANIES,
    "companies:organization": Right.EDIT_SETTINGS,
    "companies:failure-emails": Right.EDIT_SETTINGS,
    "companies:team": Right.MANAGE_TEAM,
    "companies:invite": Right.MANAGE_TEAM,
    "companies:invitation-send": Right.MANAGE_TEAM,
    "companies:invitation-withdraw": Right.MANAGE_TEAM,
    "companies:member": Right.MANAGE_TEAM,
    "companies:member-person": Right.MANAGE_TEAM,
    "companies:member-switch": Right.MANAGE_TEAM,
    "companies:member-remove": Right.MANAGE_TEAM,
    "companies:audit-log": Right.SEE_AUDIT_LOG,
    "companies:audit-log-export": Right.SEE_AUDIT_LOG,
    "connections:integrations": Right.EDIT_SETTINGS,
    "connections:integration": Right.EDIT_SETTINGS,
    "connections:integration-switch": Right.EDIT_SETTINGS,
    "connections:integration-check": Right.EDIT_SETTINGS,
    "connections:manage": Right.ADD_CONNECTIONS,
    "connections:create": Right.ADD_CONNECTIONS,
    "connections:panel": Right.ADD_CONNECTIONS,
    "connections:timeline": Right.ADD_CONNECTIONS,
    "connections:unlink": Right.REMOVE_CONNECTIONS,
    "connections:link-url": Right.ADD_CONNECTIONS,
    "connections:link-url-issue": Right.ADD_CONNECTIONS,
    "connections:link-url-renew": Right.ADD_CONNECTIONS,
    "connections:link-url-revoke": Right.ADD_CONNECTIONS,
    "api_portal:keys": Right.MANAGE_API_KEYS,
    "api_portal:create-key": Right.MANAGE_API_KEYS,
    "api_portal:revoke-key": Right.MANAGE_API_KEYS,
    "api_portal:reference": Right.MANAGE_API_KEYS,
    "sync:refresh-many": Right.REFRESH_DATA,
    "sync:delete-many": Right.DELETE_COMPANIES,
    "sync:job": None,
    "sync:monitor": None,
    "sync:acknowledge-fields": Right.EDIT_SETTINGS,
    "sync:confirm-job": None,
    "files:files": Right.UPLOAD_FILES,
    "files:download": Right.SEE_DATA,
    "files:download-all": Right.SEE_DATA,
    "files:delete": Right.DELETE_COMPANIES,
    "link_portal:funnel": None,
    "link_portal:settings": Right.EDIT_SETTINGS,
    "link_portal:preview": Right.EDIT_SETTINGS,
    "link_portal:logo": Right.EDIT_SETTINGS,
    "link_portal:change-invite": Right.EDIT_SETTINGS,
    "link_portal:one-time": Right.EDIT_SETTINGS,
    "link_portal:invite": Right.EDIT_COMPANIES,
    "link_portal:request": Right.ADD_CONNECTIONS,
    "webhooks:list": Right.SEE_WEBHOOKS,
    "webhooks:create": Right.EDIT_SETTINGS,
    "webhooks:log": Right.SEE_WEBHOOKS,
    "webhooks:catalog": Right.SEE_WEBHOOKS,
    "webhooks:alerts": Right.SEE_WEBHOOKS,
    "webhooks:rule-create": Right.EDIT_SETTINGS,
    "webhooks:rule": Right.EDIT_SETTINGS,
    "webhooks:rule-delete": Right.EDIT_SETTINGS,
    "webhooks:consumer": Right.SEE_WEBHOOKS,
    "webhooks:edit": Right.EDIT_SETTINGS,
    "webhooks:secret": Right.EDIT_SETTINGS,
    "webhooks:rotate": Right.EDIT_SETTINGS,
    "webhooks:switch": Right.EDIT_SETTINGS,
    "webhooks:delete": Right.EDIT_SETTINGS,
    "webhooks:example": Right.EDIT_SETTINGS,
    "webhooks:recover": Right.EDIT_SETTINGS,
    "webhooks:replay": Right.EDIT_SETTINGS,
    "webhooks:delivery": Right.SEE_WEBHOOKS,
    "webhooks:resend": Right.EDIT_SETTINGS,
    "sync:summary": None,
    "sync:refresh": Right.REFRESH_DATA,
    "sync:data": Right.SEE_DATA,
    "sync:data-type": Right.SEE_DATA,
    "sync:export": Right.SEE_DATA,
    "sync:record": Right.SEE_DATA,
    "sync:history": None,
    "sync:history-stream": None,
    "sync:pull": None,
    "sync:pull-stream": None,
    "sync:cancel-pull": Right.REFRESH_DATA,
    "sync:retry-pull": Right.REFRESH_DATA,
    "sync:accept": Right.EDIT_SETTINGS,
    "sync:company-settings": Right.EDIT_SETTINGS,
    "sync:use-defaults": Right.EDIT_SETTINGS,
    "sync:data-types": Right.EDIT_SETTINGS,
    "sync:delete-company": Right.DELETE_COMPANIES,
    "sync:delete-connection": Right.REMOVE_CONNECTIONS,
}

#: What lies outside every organization, and why that is right.
PUBLIC = {
    "home": "leads people to their own organization",
    "live": "says that the process answers",
    "metrics": "has a token of its own, and tells sums of all organizations",
    "ready": "says that pages can be served",
    "account": "one's own account",
    "account_*": "one's own account",
    "admin:*": "for support staff, under a grant (tests/support)",
    "mfa_*": "one's own second step of signing in",
    "usersessions_*": "one's own sessions",
    "invitation": "for people who are invited: the token is the key (tests/companies/test_team.py)",
    "api:*": "for programs: the key is the door (tests/api/test_tenancy.py walks all of it)",
    "new-address": "for the member it names, signed in (tests/companies/test_people.py)",
    "reading-times": "one's own way of reading moments",
    "brand": "pictures of platforms, which stand on other people's pages",
    "link:*": "for customers, who do not sign in: the token is the key (tests/link)",
    "styleguide": "parts with invented content, in development only",
}

#: What workers do, and how it stays inside an organization.
TASKS = {
    "sync.tasks.run_connection": "reads whose turn it is as the system role, then enters there",
    "files.tasks.scan_file": "enters the organization it is told, and finds nothing else there",
    "files.tasks.sweep_orphans": "enters each organization that has files, one after the other",
    "files.beat.ring_due_scans": "reads ids as the system role, and only rings",
    "sync.beat.queue_due_pulls": "reads as the system role, then enters each organization",
    "sync.beat.ring_again": "reads as the system role, then enters each organization",
    "sync.jobs.run_job": "enters the organization it is told, and finds nothing else there",
    "sync.beat.ring_jobs_again": "reads as the system role, then enters each organization",
    "notices.tasks.tell_of_lost_access": "enters the organization it is told",
    "connections.beat.look_for_idle": "reads as the system role",
    "connections.tasks.keep_alive": "enters the organization it is told",
    "notices.tasks.tell_of_lapses": "enters the organization it is told",
    "notices.beat.look_for_lapses": "reads as the system role",
    "notices.tasks.send_digest": "enters the organization it is told",
    "notices.beat.look_for_lost_access": "reads as the system role",
    "notices.beat.look_for_failures": "reads as the system role",
    "webhooks.tasks.send_alerts": "enters the organization it is told",
    "webhooks.tasks.tell_of_disabled_consumers": "enters the organization it is told",
    "webhooks.tasks.forget_old_deliveries": "enters each organization, one after the other",
    "webhooks.beat.ring_waiting_alerts": "reads ids as the system role, and only rings",
    "webhooks.beat.look_for_disabled_consumers": "reads ids as the system role, and only rings",
    "api.beat.reset_quotas": "reads as the system role, then enters each organization",
    "api.beat.forget_answers": "reads as the system role, then enters each organization",
    "portal.tasks.make_months": "makes parts of tables, and reads and writes no row's content",
    "sync.beat.recover_lost_pulls": "reads as the system role, then enters each organization",
}

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BODY = "name=Taken+over&platform=sandbox"
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@dataclass(frozen=True)
class Route:
    name: str
    path: str
    parameters: tuple[str, ...]
    view: object

    def url(self, values: dict[str, str | int | UUID]) -> str:
        return reverse(self.name, kwargs={name: values[name] for name in self.parameters})


def walk(
    resolver: URLResolver, namespace: str = "", prefix: str = "", given: tuple[str, ...] = ()
) -> Iterator[Route]:
    for each in resolver.url_patterns:
        path = prefix + str(each.pattern)
        parameters = (*given, *each.pattern.converters)
        if isinstance(each, URLPattern):
            yield Route(f"{namespace}{each.name}", path, parameters, each.callback)
        else:
            inner = f"{namespace}{each.namespace}:" if each.namespace else namespace
            yield from walk(each, inner, path, parameters)


def all_routes() -> list[Route]:
    return list(walk(get_resolver()))


def organization_routes() -> list[Route]:
    return [route for route in all_routes() if route.name in ROUTES]


def is_public(name: str) -> bool:
    return any(re.fullmatch(pattern.replace("*", ".*"), name) for pattern in PUBLIC)


@pytest.fixture(
    params=[
        pytest.param("both layers", marks=pytest.mark.full),
        "row-level security off",  # the stricter one for what is written anew most: queries
        pytest.param("Python scope off", marks=pytest.mark.full),
    ]
)
def layers(request, db, monkeypatch) -> str:
    """Leave one of the two layers out."""
    if request.param == "row-level security off":
        switch_row_level_security_off()
    if request.param == "Python scope off":
        switch_python_scope_off(monkeypatch)
    return request.param


def switch_row_level_security_off() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")  # as the owner, until the transaction ends
        for model in estate.tables():
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        cursor.execute("SET LOCAL ROLE ledgerport_app")


def switch_python_scope_off(monkeypatch) -> None:
    monkeypatch.setattr(TenantQuerySet, "within", lambda self, _organization: self)


@pytest.fixture
def harbour(alice, settings) -> estate.Estate:
    """Alice's organization with everything one can own. Nobody has entered it."""
    settings.SANDBOX_URL = "http://sandbox.test"
    organization = OrganizationFactory(name="Harbour Lending", slug="harbour")
    MembershipFactory(organization=organization, user=alice)
    return estate.build(organization, alice)


@pytest.fixture
def quay(bob) -> dict[str, str | int | UUID]:
    """Bob's own organization, company and connection."""
    organization = OrganizationFactory(name="Quay Capital", slug="quay")
    MembershipFactory(organization=organization, user=bob)
    company = CompanyFactory(organization=organization, name="Mill")
    return {
        "organization": organization.slug,
        "company_id": company.pk,
        "connection_id": ConnectionFactory(company=company).pk,
    }


@pytest.fixture(autouse=True)
def _look_on_this_connection(monkeypatch):
    """Streams look from threads of their own, which would not see this test's transaction."""
    monkeypatch.setattr(stream, "_look", sync_to_async(stream.look))


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, method: str, url: str) -> HttpResponseBase:
    return client.generic(method, url, BODY, content_type="application/x-www-form-urlencoded")


def ask(client: Client, method: str, url: str) -> HttpResponseBase:
    """Send it, and take back whatever it changed."""
    with transaction.atomic():
        response = send(client, method, url)
        transaction.set_rollback(True)
    return response


def shown(response: HttpResponseBase) -> str:
    return response.content.decode() if isinstance(response, HttpResponse) else ""


def test_every_route_is_known():
    found = {route.name for route in all_routes() if not is_public(route.name)}

    assert found == set(ROUTES)


def test_every_public_route_exists():
    names = [route.name for route in all_routes()]

    for pattern in PUBLIC:
        assert any(re.fullmatch(pattern.replace("*", ".*"), name) for name in names), pattern


def test_what_belongs_to_an_organization_lies_beneath_it():
    for route in organization_routes():
        assert route.path.startswith("o/<slug:organization>/"), route.name
    for route in all_routes():
        assert route.name in ROUTES or "organization" not in route.parameters, route.name


def test_every_parameter_is_known(harbour):
    known = set(harbour.parameters)

    for route in organization_routes():
        assert set(route.parameters) <= known, route.name


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_asks_for_the_right_it_is_listed_with(name):
    asked = {
        getattr(route.view, "required_right", None) for route in all_routes() if route.name == name
    }

    assert asked == {ROUTES[name]}


def test_every_task_is_known(db):  # Celery checks the models, which asks the database
    celery.loader.import_default_modules()

    assert {name for name in celery.tasks if not name.startswith("celery.")} == set(TASKS)


def test_every_table_is_watched(harbour):
    empty = [
        label for label, (rows, _) in estate.checksums(harbour.organization).items() if not rows
    ]

    assert empty == []


def test_a_change_does_not_escape_the_checksums(harbour, alice):
    before = estate.checksums(harbour.organization)

    signed_in(alice).post(reverse("companies:create", args=["harbour"]), {"name": "New"})

    changed = {
        label
        for label, found in estate.checksums(harbour.organization).items()
        if found != before[label]
    }
    assert changed == {"companies.Company", "companies.Event", "companies.OutboxEntry"}


def test_members_reach_every_route(harbour, alice):
    """Without this a wrong address would pass for a closed door."""
    client = signed_in(alice)

    for route in organization_routes():
        url = route.url(harbour.parameters)
        answers = {method: ask(client, method, url).status_code for method in METHODS}
        reached = {status for status in answers.values() if status not in {404, 405}}
        assert reached, (route.name, answers)
        assert max(answers.values()) < 500, (route.name, answers)


def test_anonymous_visitors_are_asked_to_sign_in(harbour):
    client = Client()
    before = estate.checksums(harbour.organization)

    for route in organization_routes():
        url = route.url(harbour.parameters)
        for method in METHODS:
            response = client.generic(method, url)
            assert response.status_code == 302, (method, url)
            assert response["Location"].startswith("/accounts/login/"), (method, url)
            partial = client.generic(method, url, headers=PARTIAL)
            assert partial["HX-Redirect"].startswith("/accounts/login/"), (method, url)
    assert estate.checksums(harbour.organization) == before


def foreign_urls(
    route: Route, theirs: dict[str, str | int | UUID], own: dict[str, str | int | UUID]
) -> Iterator[str]:
    """Write every address that names something of theirs: beneath their slug and beneath mine."""
    yield route.url(theirs)
    ids = [name for name in route.parameters if isinstance(theirs[name], UUID | int)]
    for kept in chain([[]], ([name] for name in ids if len(ids) > 1)):
        if ids and {"organization", *kept} <= set(own):
            yield route.url(theirs | {name: own[name] for name in ("organization", *kept)})


@pytest.mark.parametrize(
    "who",
    [
        pytest.param("a stranger", marks=pytest.mark.full),
        "a member of another organization",
    ],
)
def test_outsiders_find_nothing_and_change_nothing(layers, harbour, quay, bob, who):
    is_member = who == "a member of another organization"
    client = signed_in(bob if is_member else UserFactory())
    before = estate.checksums(harbour.organization)

    for route in organization_routes():
        for url in foreign_urls(route, harbour.parameters, quay if is_member else {}):
            answers = {method: send(client, method, url) for method in METHODS}
            # A method that the route does not know is refused before anything is looked up.
            statuses = {method: answer.status_code for method, answer in answers.items()}
            assert 404 in statuses.values(), (layers, url, statuses)
            assert set(statuses.values()) <= {404, 405}, (layers, url, statuses)
            for method, answer in answers.items():
                assert estate.SECRET not in shown(answer), (layers, method, url)
    assert estate.checksums(harbour.organization) == before


def test_without_both_layers_the_walk_would_find_every_door_open(monkeypatch, db, request):
    """What the walk passes for closed is closed by the layers, not by a mistake in the walk."""
    switch_row_level_security_off()
    switch_python_scope_off(monkeypatch)
    harbour, quay = request.getfixturevalue("harbour"), request.getfixturevalue("quay")
    client = signed_in(request.getfixturevalue("bob"))

    for route in organization_routes():
        if "company_id" in route.parameters:
            url = route.url(harbour.parameters | {"organization": quay["organization"]})
            statuses = {ask(client, method, url).status_code for method in ("GET", "POST")}
            assert statuses - {404, 405}, url


def test_ones_own_pages_show_nothing_of_others(layers, harbour, quay, bob):
    client = signed_in(bob)

    for route in organization_routes():
        if set(route.parameters) <= set(quay):
            response = ask(client, "GET", route.url(quay))
            assert response.status_code != 404, route.name
            assert estate.SECRET not in shown(response), (layers, route.name)
    found = ask(client, "GET", reverse("companies:list", args=["quay"]) + "?q=secret")
    assert "No companies found" in shown(found)


def test_a_worker_finds_nothing_of_another_organization(layers, harbour):
    before = estate.checksums(harbour.organization)
    other = OrganizationFactory()
    connection_id = harbour.parameters["connection_id"]

    assert not engine.run_connection(other.pk, connection_id)
    assert not recovery.recover(other.pk, harbour.lost_pull_id)

    assert estate.checksums(harbour.organization) == before
    assert recovery.recover(harbour.organization.pk, harbour.lost_pull_id)


def test_a_scanner_finds_no_file_of_another_organization(layers, harbour, settings):
    settings.FILE_SCANNER = ["true"]
    before = estate.checksums(harbour.organization)

    scanning.scan(OrganizationFactory().pk, harbour.unscanned_file_id)
    unchanged = estate.checksums(harbour.organization)
    scanning.scan(harbour.organization.pk, harbour.unscanned_file_id)

    assert unchanged == before
    assert estate.checksums(harbour.organization) != before


LACKING = [(role, right) for right in Right for role in Role if role not in RIGHTS[right]]


@pytest.mark.full
@pytest.mark.parametrize(("role", "right"), LACKING)
def test_members_without_a_right_are_refused(harbour, role, right):
    clerk = UserFactory()
    MembershipFactory(organization=harbour.organization, user=clerk, role=role)
    client = signed_in(clerk)
    before = estate.checksums(harbour.organization)

    for route in organization_routes():
        if ROUTES[route.name] is right:
            url = route.url(harbour.parameters)
            statuses = {client.generic(method, url).status_code for method in METHODS}
            assert 403 in statuses, url
            assert statuses <= {403, 405}, url
    assert estate.checksums(harbour.organization) == before


@pytest.mark.full
@pytest.mark.parametrize("role", Role)
def test_members_with_a_right_are_not_refused(harbour, role):
    clerk = UserFactory()
    MembershipFactory(organization=harbour.organization, user=clerk, role=role)
    client = signed_in(clerk)

    for route in organization_routes():
        right = ROUTES[route.name]
        if right is None or role in RIGHTS[right]:
            url = route.url(harbour.parameters)
            statuses = {ask(client, method, url).status_code for method in ("GET", "POST")}
            assert 403 not in statuses, url
            assert statuses - {404, 405}, url


@pytest.mark.full
@pytest.mark.parametrize("role", Role)
def test_no_page_offers_what_a_role_may_not_do(harbour, role):
    clerk = UserFactory()
    MembershipFactory(organization=harbour.organization, user=clerk, role=role)
    client = signed_in(clerk)

    for route in organization_routes():
        response = ask(client, "GET", route.url(harbour.parameters))
        if response.status_code != 200:
            continue
        for name in offered(shown(response)):
            right = ROUTES.get(name)
            assert right is None or role in RIGHTS[right], (route.name, "offers", name)


def offered(page: str) -> set[str]:
    """Name the routes that a page leads to."""
    names = set()
    for url in re.findall(r'(?:href|action|formaction|hx-\w+)="(/[^"?#]*)', page):
        try:
            names.add(resolve(url).view_name)
        except Resolver404:
            continue  # a static file
    return names

"""What a member, a program, a worker or support staff try on somebody else's rows."""

import inspect
import logging
import re
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from companies import tenancy
from companies.models import Company, Membership, Organization, User
from connections import links
from portal.celery import app as celery
from tests import estate
from tests.api.conftest import program_of  # noqa: F401 - a fixture
from tests.support.conftest import let_in, sam, staff  # noqa: F401 - fixtures
from tests.test_tenancy import (
    METHODS,
    TASKS,
    harbour,  # noqa: F401 - a fixture
    organization_routes,
    quay,  # noqa: F401 - a fixture
    send,
    shown,
    signed_in,
)

#: No row was reached, or none may be.
REFUSED = {0, None}


def plain(page: str, *ids: object) -> str:
    """Return a page without the tokens of this answer and without the ids that were asked for."""
    for each in ids:
        page = page.replace(str(each), "ID")
    return re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken&quot;: &quot;|name="csrf-token" '
                  r'content=")[^"&]*', "", page)  # fmt: skip


def nobodys(harbour) -> dict[str, str | int | UUID]:
    """Return the parameters of routes with ids that nobody ever gave."""
    return harbour.parameters | {
        name: uuid4()
        for name, value in harbour.parameters.items()
        if not isinstance(value, str | int)
    }


@pytest.mark.full
def test_what_is_somebody_elses_looks_like_what_does_not_exist(harbour, quay, bob):
    client = signed_in(bob)
    mine = {"organization": quay["organization"]}
    compared = 0

    for route in organization_routes():
        if not any(name.endswith("_id") for name in route.parameters):
            continue
        theirs = harbour.parameters | mine
        unknown = nobodys(harbour) | mine
        if unknown == theirs:
            continue
        for method in METHODS:
            answers = [send(client, method, route.url(each)) for each in (theirs, unknown)]
            assert answers[0].status_code == answers[1].status_code, (method, route.name)
            if answers[0].status_code == 404:
                pages = [
                    plain(shown(answer), *each.values())
                    for answer, each in zip(answers, (theirs, unknown), strict=True)
                ]
                assert pages[0] == pages[1], (method, route.name)
                compared += 1
    assert compared > 50


def test_a_refused_look_is_in_the_log(harbour, bob, caplog):
    with caplog.at_level(logging.WARNING, "django.request"):
        signed_in(bob).get(reverse("companies:list", args=["harbour"]))

    assert "/o/harbour/companies/" in caplog.text


def test_raw_sql_without_an_organization_finds_and_changes_nothing(harbour):
    before = estate.checksums(harbour.organization)

    for model in estate.tables():
        table = connection.ops.quote_name(model._meta.db_table)
        assert _touched(f"SELECT 1 FROM {table}") == 0
        assert _touched(f"DELETE FROM {table}") in REFUSED
        assert _touched(f"UPDATE {table} SET {_owner(model)} = {_owner(model)}") in REFUSED
        for statement in (f"TRUNCATE {table}", f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"):
            with pytest.raises(DatabaseError), transaction.atomic():
                connection.cursor().execute(statement)

    assert estate.checksums(harbour.organization) == before


def test_raw_sql_for_another_organization_finds_and_changes_nothing(harbour, quay):
    """Even with its id in hand, from inside one's own organization."""
    before = estate.checksums(harbour.organization)
    theirs = harbour.organization.pk

    with tenancy.entered(_organization_of(quay)):
        for model in estate.tables():
            table, owner = connection.ops.quote_name(model._meta.db_table), _owner(model)
            assert _touched(f"SELECT 1 FROM {table} WHERE {owner} = %s", theirs) == 0
            assert _touched(f"DELETE FROM {table} WHERE {owner} = %s", theirs) in REFUSED
            moved = f"UPDATE {table} SET {owner} = {owner} WHERE {owner} = %s"
            assert _touched(moved, theirs) in REFUSED

    assert estate.checksums(harbour.organization) == before


def _touched(statement: str, *values: UUID) -> int | None:
    """Return how many rows a statement reached; None when the app's role may not do it at all."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.rowcount
    except DatabaseError as refused:
        assert "permission denied" in str(refused), statement  # noqa: PT017 - any other is a fault
        return None


def _owner(model: type[Model]) -> str:
    return "id" if model is Organization else "organization_id"


def _organization_of(quay) -> UUID:
    return next(
        each.organization_id
        for each in _memberships()
        if each.organization.slug == quay["organization"]
    )


def _memberships() -> list[Membership]:
    bob = User.objects.get(email="bob@quay.example")
    with tenancy.as_user(bob.pk):
        return list(Membership.objects.of(bob).select_related("organization"))


@pytest.mark.parametrize("name", [name for name, why in TASKS.items() if "it is told" in why])
def test_a_task_that_is_not_told_its_organization_is_not_run(db, name):
    celery.loader.import_default_modules()
    task = celery.tasks[name]
    needed = inspect.signature(task.run).parameters["organization_id"]
    assert needed.default is inspect.Parameter.empty

    for arguments in ({}, {"connection_id": str(uuid4())}):
        with pytest.raises(TypeError):
            task.apply_async(kwargs=arguments, ignore_result=True)


@pytest.mark.parametrize(
    "query",
    [
        "id={company}", "name=Secret Roastery", "name~Secret", "organizationId={organization}",
        "id!=00000000-0000-4000-8000-000000000000", "name~' OR 1=1--",
    ],
)  # fmt: skip
def test_a_query_finds_nothing_of_others(harbour, quay, program_of, query):
    with tenancy.entered(_organization_of(quay)):
        organization = Company.objects.select_related("organization").get().organization
    program = program_of(organization)
    text = query.format(
        company=harbour.parameters["company_id"], organization=harbour.organization.pk
    )

    answer = program.get(f"/companies?query={text.replace('=', '%3D', 1)}")

    assert answer.status_code in {200, 400}
    assert estate.SECRET not in answer.content.decode().replace(text, "")
    if answer.status_code == 200:
        assert {each["name"] for each in answer.json()["results"]} <= {"Mill"}
    for order in ("name", "-created", "lastSync"):
        assert estate.SECRET not in program.get(f"/companies?orderBy={order}").content.decode()


def test_a_link_page_tells_nothing_but_whom_it_is_for(harbour, alice):
    """No member, no id, no other company, connection, file or record of the organization."""
    with tenancy.entered(harbour.organization.pk):
        company = Company.objects.select_related("organization").get()
        Company.objects.filter(pk=company.pk).update(name="Eastgate Roasters", description="hush")
        company.refresh_from_db()
        Company.objects.create(organization=harbour.organization, name="Canary Bakery")
        url = links.link_url(company)
    page_of = Client().get
    path = "/" + url.split("/", 3)[3]

    # The button that disconnects names its connection.
    for page in ("", "choose/", "upload/", "exit/", "help/"):
        answer = page_of(path + page)
        if answer.status_code == 404:
            continue
        text = answer.content.decode()
        hidden = {
            alice.email, alice.name, "Canary Bakery", "hush", "secret-1", "secret@example.com",
            str(company.pk), str(harbour.organization.pk), "/o/harbour",
            *(str(value) for name, value in harbour.parameters.items()
              if isinstance(value, UUID) and name != "connection_id"),
        }  # fmt: skip
        assert not {each for each in hidden if each in text}, page
    assert page_of(path).status_code == 200


@pytest.mark.full
def test_support_staff_are_no_members_with_or_without_a_grant(harbour, quay, staff, let_in):
    """A grant opens the admin and nothing else: no page that makes keys, exports or downloads."""
    before = estate.checksums(harbour.organization)
    for route in organization_routes():
        for method in ("GET", "POST"):
            answer = send(staff, method, route.url(harbour.parameters))
            assert answer.status_code in {404, 405}, route.name
    assert estate.checksums(harbour.organization) == before

    let_in(harbour.organization)
    for route in organization_routes():
        for method in ("GET", "POST"):
            answer = send(staff, method, route.url(harbour.parameters))
            assert answer.status_code in {404, 405}, route.name
            assert estate.SECRET not in shown(answer)

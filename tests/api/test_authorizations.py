"""Credentials that were given elsewhere, taken over through the API."""

from uuid import uuid4

import pytest

from connections.credentials import open_platform
from connections.models import Connection
from connections.platforms import PLATFORMS
from sync.models import Pull
from tests.factories import CompanyFactory, ConnectionFactory
from tests.link.test_credentials import GOOD, Abacus
from tests.real_sandbox import (  # noqa: F401 - fixtures
    CALLBACK,
    CLIENT_ID,
    CLIENT_SECRET,
    sandbox,
    sandbox_server,
)
from tests.sandbox.conftest import VERIFIER

pytestmark = pytest.mark.django_db

Status = Connection.Status


@pytest.fixture
def pending(company):
    return ConnectionFactory(company=company, status=Status.PENDING_AUTH, platform_company_id="")


@pytest.fixture
def abacus(company, monkeypatch):
    monkeypatch.setitem(PLATFORMS, Abacus.key, Abacus)
    return ConnectionFactory(company=company, platform=Abacus.key, status=Status.PENDING_AUTH)


def path(connection):
    return f"/companies/{connection.company_id}/connections/{connection.pk}/authorization"


def tokens_of(sandbox):
    """Authorize somewhere else, with our own registration."""
    code = sandbox.code("small", client_id=CLIENT_ID, redirect_uri=CALLBACK)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    tokens = sandbox.token(form, auth=(CLIENT_ID, CLIENT_SECRET)).json()
    return {"accessToken": tokens["access_token"], "refreshToken": tokens["refresh_token"]}


def test_tokens_link_a_connection_and_pull_nothing(program, pending, sandbox):
    body = tokens_of(sandbox)
    answer = program.put(path(pending), body)
    assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == "Linked"
    pending.refresh_from_db()
    assert pending.platform_company_id
    with open_platform(pending) as platform:
        assert platform.identity().id == pending.platform_company_id
    assert not Pull.objects.exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "the first two are needed"),
        ({"accessToken": "a"}, "the first two are needed"),
        ({"accessToken": "a", "refreshToken": "b", "colour": "c"}, "does not know colour"),
        ({"accessToken": "a", "refreshToken": "b", "expiresIn": "soon"}, "number of seconds"),
        ({"accessToken": "a", "refreshToken": "b"}, ""),
    ],
)
def test_what_opens_nothing_is_refused(program, pending, sandbox, body, words):
    answer = program.put(path(pending), body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    pending.refresh_from_db()
    assert pending.status == Status.PENDING_AUTH


def test_tokens_of_another_business_are_refused(program, company, sandbox):
    linked = ConnectionFactory(company=company, platform_company_id="somebody-else")
    body = tokens_of(sandbox)
    assert program.put(path(linked), body).status_code == 400


def test_an_address_and_a_key_link_too(program, abacus):
    answer = program.put(path(abacus), GOOD)
    assert answer.status_code == 200, answer.content
    assert answer.json()["connectionInfo"]["platformCompanyName"] == "Some Book"
    for wrong in ({}, {"url": "https://books.example/"}, GOOD | {"key": "wrong"}, GOOD | {"x": ""}):
        assert program.put(path(abacus), wrong).status_code == 400


def test_a_second_accounting_platform_is_refused(program, abacus):
    ConnectionFactory(company=abacus.company)
    answer = program.put(path(abacus), GOOD)
    assert answer.status_code == 400
    assert "linked already" in answer.json()["error"]


def test_an_unknown_connection_is_not_found(program, company):
    stranger = Connection(pk=uuid4(), company_id=company.pk)
    assert program.put(path(stranger), {}).status_code == 404
    other = ConnectionFactory(company=CompanyFactory())
    assert program.put(path(other), GOOD).status_code == 404


def test_the_old_address_gives_the_same_kind_of_token(program, program_of, company):
    answer = program.get(f"/companies/{company.pk}/connectionManagement/accessToken")
    token = answer.json()["accessToken"]
    program.key = token
    assert program.get(f"/companies/{company.pk}").status_code == 200
    again = program.get(f"/companies/{company.pk}/connectionManagement/accessToken")
    assert again.status_code == 403

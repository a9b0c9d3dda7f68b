"""The whole way against the real sandbox platform, over HTTP, with every commit real."""

from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from django.test import Client

from companies import tenancy
from connections import links
from connections.credentials import open_platform, renew_after_401
from connections.models import Connection
from connections.operations import unlink
from connections.platforms.base import AuthorizationRevoked, Unreachable
from sandbox.config import Config
from tests.factories import CompanyFactory, OrganizationFactory
from tests.sandbox.conftest import Visitor, serving

pytestmark = pytest.mark.django_db(transaction=True)
CALLBACK = "http://127.0.0.1:8000/link/callback/sandbox"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    config = Config(
        directory=tmp_path_factory.mktemp("sandbox"),
        client_id="ledgerport",
        client_secret="client secret",
        control_key="control key",
        redirect_uris=(CALLBACK,),
    )
    with serving(config) as visitor:
        yield visitor


@pytest.fixture
def company(sandbox: Visitor, settings):
    settings.SANDBOX_URL = str(sandbox.http.base_url).rstrip("/")
    settings.SANDBOX_CLIENT_ID = "ledgerport"
    settings.SANDBOX_CLIENT_SECRET = "client secret"
    sandbox.control("DELETE", "faults")
    return CompanyFactory.create(
        organization=OrganizationFactory.create(name="Harbour Lending"), name="Eastgate Roasters"
    )


def authorize(
    company, sandbox: Visitor, *, business: str = "small", decision: str = "allow"
) -> str:
    """Do what a customer does, from the Link URL to the last page; return that page."""
    customer = Client()
    path = urlsplit(links.link_url(company)).path
    address = customer.post(f"{path}authorize/", {"platform": "sandbox"}).headers["Location"]
    form = dict(parse_qsl(urlsplit(address).query)) | {"business": business, "decision": decision}
    answer = sandbox.http.post("/oauth/authorize", data=form, follow_redirects=False)
    assert answer.headers["location"].startswith(CALLBACK)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    returned = customer.get("/link/callback/sandbox", {name: v[0] for name, v in query.items()})
    return customer.get(returned.headers["Location"]).content.decode()


def connection_of(company) -> Connection:
    with tenancy.entered(company.organization_id):
        return Connection.objects.get(company=company)


def identity(connection: Connection) -> str:
    with open_platform(connection) as platform:
        return platform.identity().id


def test_linking_reading_unlinking_and_linking_again(company, sandbox):
    assert "Eastgate Roasters is linked to Sandbox" in authorize(company, sandbox)
    connection = connection_of(company)
    assert identity(connection) == connection.platform_company_id
    with open_platform(connection) as platform:
        taken = platform.credentials

    unlink(connection, actor=None, reason="By request")

    # The platform itself no longer knows the tokens.
    with pytest.raises(AuthorizationRevoked):
        type(platform)(platform.http, taken).identity()
    with pytest.raises(AuthorizationRevoked):
        identity(connection)

    assert "is linked to Sandbox" in authorize(company, sandbox)
    again = connection_of(company)
    assert (again.pk, again.mark) == (connection.pk, "linked")
    assert identity(again) == connection.platform_company_id


def test_another_business_is_refused(company, sandbox):
    authorize(company, sandbox, business="small")
    connection = connection_of(company)
    unlink(connection, actor=None, reason="By request")

    assert "This is a different business" in authorize(company, sandbox, business="awkward")
    assert connection_of(company).mark == "unlinked"


def test_saying_no_at_the_platform(company, sandbox):
    assert "Nothing was linked" in authorize(company, sandbox, decision="deny")
    assert connection_of(company).mark == "pending"


def test_access_taken_back_at_the_platform_is_noticed(company, sandbox):
    authorize(company, sandbox)
    connection = connection_of(company)
    with open_platform(connection) as platform:
        seen = platform.credentials
    grant = platform.http.get(
        "/api/v1/connection", headers={"Authorization": f"Bearer {seen.access_token}"}
    ).json()["grant_id"]
    sandbox.control("POST", f"grants/{grant}/revoke")

    with pytest.raises(AuthorizationRevoked):
        platform.identity()
    with pytest.raises(AuthorizationRevoked):
        renew_after_401(connection, seen)

    assert connection_of(company).mark == "deauthorized"


def test_a_refresh_answer_that_is_lost_is_made_good(company, sandbox):
    authorize(company, sandbox)
    connection = connection_of(company)
    with open_platform(connection) as platform:
        seen = platform.credentials
    sandbox.fault("lost_refresh_answer", times=1)

    with pytest.raises(Unreachable):
        renew_after_401(connection, seen)

    assert renew_after_401(connection, seen).access_token != seen.access_token
    assert connection_of(company).mark == "linked"


def test_the_consent_page_accepts_the_address_it_is_given(company, sandbox):
    path = urlsplit(links.link_url(company)).path
    address = Client().post(f"{path}authorize/", {"platform": "sandbox"}).headers["Location"]

    assert httpx.get(address).status_code == 200

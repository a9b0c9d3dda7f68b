"""Platforms whose customers type in an address and a key on our own page."""

from urllib.parse import urlsplit

import pytest
from django.test import Client

from connections import integrations, links, sealing
from connections.credentials import open_platform, renew_after_401
from connections.models import Connection, StoredCredentials
from connections.platforms import PLATFORMS
from connections.platforms.base import (
    AuthorizationRevoked,
    CredentialField,
    CredentialPlatform,
    Identity,
    InvalidCredentials,
    Unreachable,
)
from connections.registration import http_client, platform_app
from connections.schemas import DataType
from link.views import journey
from sync.deletion import delete_connection
from sync.models import Pull
from tests.factories import ConnectionFactory
from tests.link.test_link_pages import press, text


class Abacus(CredentialPlatform):
    """Says of itself what the key says."""

    key = "abacus"
    name = "Abacus"
    code = "abac"
    source_type = "Accounting"
    data_types = frozenset({DataType.INVOICES})
    incremental = frozenset()
    fields = (
        CredentialField(name="url", label="Address", kind="url", help="Where it runs."),
        CredentialField(name="book", label="Book", kind="text", help="Which book."),
        CredentialField(name="key", label="Key", kind="secret", help="A read-only key."),
    )

    def identity(self) -> Identity:
        match self.credentials.access_token:
            case "wrong":
                raise AuthorizationRevoked("Abacus does not accept this key.")
            case "away":
                raise Unreachable("Abacus could not be reached.")
        if self.credentials.parameters["book"] == "none":
            raise InvalidCredentials("There is no such book.", field="book")
        return Identity(id=self.credentials.parameters["book"], name="Some Book")

    def fetch(self, data_type, *, since, cursor):
        raise NotImplementedError


GOOD = {"url": "https://books.example/", "book": "main", "key": "canary-key"}


@pytest.fixture
def page(company, platform, monkeypatch) -> str:
    monkeypatch.setitem(PLATFORMS, Abacus.key, Abacus)
    integrations.switch(company.organization, Abacus.key, on=True, actor=None)
    path = urlsplit(links.link_url(company)).path
    return f"{path}credentials/abacus/"


def type_in(customer: Client, page: str, **changes: str):
    return press(customer, page, page, **(GOOD | changes))


def test_choosing_it_leads_to_our_own_page(customer, page):
    path = page.removesuffix("credentials/abacus/")

    response = press(customer, f"{path}choose/", f"{path}authorize/", platform="abacus")

    assert (response.status_code, response.headers["Location"]) == (303, page)
    shown = text(customer.get(page))
    assert "Where it runs." in shown
    assert "A read-only key." in shown


def test_what_opens_books_is_kept_and_pulled(customer, page, organization):
    response = type_in(customer, page)

    assert response.status_code == 303
    connection = Connection.objects.get()
    assert connection.is_linked
    assert (connection.platform_company_id, connection.platform_company_name) == (
        "main",
        "Some Book",
    )
    assert Pull.objects.get().data_type == "invoices"
    credentials = sealing.load(connection).credentials
    assert credentials.access_token == "canary-key"
    assert credentials.parameters == {"url": "https://books.example", "book": "main"}
    assert credentials.expires_at is None
    stored = StoredCredentials.objects.get()
    assert b"canary" not in bytes(stored.access_token) + bytes(stored.parameters)
    assert "Linked to Abacus" in text(customer.get(response.headers["Location"]))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"key": "wrong"}, "Abacus does not accept this key."),
        ({"key": "away"}, "Abacus could not be reached."),
        ({"book": "none"}, "There is no such book."),
        ({"url": "not an address"}, "Give the server’s address"),
        ({"url": "https://me:secret@books.example"}, "without user name"),
        ({"url": "https://0177.0.0.1"}, "Give the server’s address"),
        ({"url": "https://books.example:port"}, "Give the server’s address"),
        ({"url": "ftp://books.example"}, "Give the server’s address"),
        ({"book": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_beside_it(customer, page, wrong, said):
    response = type_in(customer, page, **wrong)

    assert response.status_code == 422
    assert said in text(response)
    assert not Connection.objects.linked().exists()
    assert not Pull.objects.exists()


def test_in_production_an_address_is_https_and_public(customer, page, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False

    assert "must begin with https" in text(type_in(customer, page, url="http://books.example"))


def test_only_guarded_clients_reach_what_was_typed_in(organization, page, settings):
    app = platform_app(organization.pk, "abacus")
    credentials = Abacus.from_fields({"url": "https://127.0.0.1:9", "key": "k"})
    settings.ALLOW_PRIVATE_ADDRESSES = False

    with pytest.raises(InvalidCredentials, match="private network"):
        http_client("abacus", app, credentials).get("/")


def test_another_business_is_refused(customer, page):
    type_in(customer, page)

    response = type_in(customer, page, book="other")

    assert response.status_code == 422
    assert "books of another business" in text(response)
    assert sealing.load(Connection.objects.get()).credentials.parameters["book"] == "main"


def test_a_second_accounting_platform_is_refused(customer, page, company):
    ConnectionFactory(company=company)

    assert type_in(customer, page).status_code == 409


def test_connection_deleted_while_the_key_is_tried_is_a_calm_page(customer, page, monkeypatch):
    identity = Abacus.identity

    def identity_after_the_deletion(self):
        delete_connection(Connection.objects.get(), actor=None)
        return identity(self)

    type_in(customer, page)
    monkeypatch.setattr(Abacus, "identity", identity_after_the_deletion)
    response = type_in(customer, page)

    assert response.status_code == 302
    assert not Connection.objects.exists()


def test_switched_off_while_the_key_is_typed_in_leads_back(customer, page, company, monkeypatch):
    monkeypatch.setattr(journey, "_credential_platform", lambda *_: Abacus)
    integrations.switch(company.organization, Abacus.key, on=False, actor=None)

    response = type_in(customer, page)

    assert response.status_code == 302
    assert response.headers["Location"].endswith("/choose/")


def test_switched_off_it_is_not_there(customer, page, company):
    integrations.switch(company.organization, Abacus.key, on=False, actor=None)

    response = customer.get(page)

    assert response.status_code == 302
    assert response.headers["Location"].endswith("/choose/")


def test_switched_off_it_can_still_be_linked_again(customer, page, company):
    type_in(customer, page)
    integrations.switch(company.organization, Abacus.key, on=False, actor=None)

    assert type_in(customer, page, key="canary-new").status_code == 303
    assert sealing.load(Connection.objects.get()).credentials.access_token == "canary-new"


def test_a_key_that_is_refused_ends_the_authorization(customer, page):
    type_in(customer, page)
    connection = Connection.objects.get()

    with open_platform(connection) as opened, pytest.raises(AuthorizationRevoked):
        renew_after_401(connection, opened.credentials)

    connection.refresh_from_db()
    assert connection.status == Connection.Status.DEAUTHORIZED


def test_unlinking_forgets_the_key(customer, page):
    type_in(customer, page)
    path = page.removesuffix("credentials/abacus/")

    press(customer, path, f"{path}disconnect/", connection=str(Connection.objects.get().pk))

    assert Connection.objects.get().status == Connection.Status.UNLINKED
    assert not StoredCredentials.objects.exists()

"""Everything once, for real: sign in, link, refresh by the API, pull, tell a webhook.

What monitoring, logs and traces show of it is looked at by their tests. Whatever must not be shown
carries a mark, or is known to whoever walked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID

from django.test import Client
from django.urls import reverse

from api.keys import create_key
from companies import tenancy
from companies.models import Organization
from connections import links, sealing
from connections.models import Connection
from sync import tasks
from sync.models import Pull, Record
from tests.factories import CompanyFactory, MembershipFactory, OrganizationFactory, UserFactory
from tests.real_sandbox import CALLBACK, CLIENT_SECRET
from tests.sandbox.conftest import Visitor
from tests.webhooks.running import relaying, until, until_ended
from tests.webhooks.sink import Received, serving
from webhooks import operations
from webhooks import sealing as webhook_sealing

MARK = "zqcanary"
PASSWORD = f"{MARK}-password-1234"
EMAIL = f"{MARK}-person@example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What was walked, and what nobody may have written down on the way."""

    organization: Organization
    connection: Connection
    pull_id: UUID
    received: list[Received]
    #: Header of the API's answer.
    request_id: str
    secrets: frozenset[str]

    def found_in(self, text: str) -> list[str]:
        """List the secrets that a text gives away."""
        return sorted(each for each in self.secrets if each in text)


def walk(sandbox: Visitor) -> Walked:
    """Go the whole way; the caller has the sandbox platform's fixture, and real transactions."""
    organization = OrganizationFactory.create(name=f"{MARK} Lending", slug="harbour")
    person = UserFactory.create(name=f"{MARK} Archer", email=EMAIL, password=PASSWORD)
    MembershipFactory.create(organization=organization, user=person)
    company = CompanyFactory.create(organization=organization, name=f"{MARK} Roasters")

    browser = Client()
    answer = browser.post(reverse("account_login"), {"login": EMAIL, "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    assert browser.get("/o/harbour/companies/").status_code == 200

    link_url = links.link_url(company)
    _link(urlsplit(link_url).path, sandbox)
    with tenancy.entered(organization.pk):
        connection = Connection.objects.get(company=company)
        Pull.objects.all().delete()
        _, key = create_key(organization, name=f"{MARK} key", actor=None)

    with serving() as sink, _consumer(organization, sink.url) as secret:
        answer = Client().post(
            f"/api/companies/{company.pk}/data/queue/invoices",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert answer.status_code == 200, answer.content
        tasks.run_connection(organization_id=organization.pk, connection_id=connection.pk)
        with relaying():
            until(lambda: sink.received)
            until_ended(organization)
        received = list(sink.received)
    with tenancy.entered(organization.pk):
        stored = sealing.load(connection).credentials
        amounts = {str(each) for each in Record.objects.values_list("amount", flat=True) if each}
    assert amounts
    tokens = {stored.access_token, stored.refresh_token or MARK}
    return Walked(
        organization=organization,
        connection=connection,
        pull_id=UUID(answer.json()["id"]),
        received=received,
        request_id=answer.headers.get("X-Request-ID", ""),
        secrets=frozenset(
            {MARK, CLIENT_SECRET, secret, key, link_url.rstrip("/").rpartition("/")[2]}
            | {browser.cookies["sessionid"].value}
            | {amount for amount in amounts if len(amount) > len("100.00")}
            | tokens
        ),
    )


def _link(path: str, sandbox: Visitor) -> None:
    customer = Client()
    address = customer.post(f"{path}authorize/", {"platform": "sandbox"}).headers["Location"]
    form = dict(parse_qsl(urlsplit(address).query)) | {"business": "small", "decision": "allow"}
    answer = sandbox.http.post("/oauth/authorize", data=form, follow_redirects=False)
    assert answer.headers["location"].startswith(CALLBACK)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    returned = customer.get("/link/callback/sandbox", {name: v[0] for name, v in query.items()})
    assert customer.get(returned.headers["Location"]).status_code == 200
    customer.get(f"{path}no-such-page/")  # Django logs what it does not find


@contextmanager
def _consumer(organization: Organization, url: str) -> Iterator[str]:
    consumer = operations.create_consumer(
        organization,
        url=url,
        event_types=["read.completed", "read.completed.initial"],
        headers={"X-Token": f"{MARK}-header"},
        actor=None,
    )
    with tenancy.entered(organization.pk):
        (secret,) = webhook_sealing.secrets_in_force(consumer)
    yield secret

"""What is shown is in the reader's language; what is kept, or read by programs, is the source's."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.apps import apps
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

from companies import audit_words
from companies.models import AuditEntry, Event, Invitation, Membership, OutboxEntry
from companies.roles import Role
from connections import links
from connections.models import Connection, ConnectionError  # noqa: A004 - the public API's word
from connections.operations import deauthorize
from connections.platforms.base import PermissionMissing, Unreachable
from connections.schemas import DataType
from connections.words import gettext_noop
from files.models import UploadedFile
from sync import engine, jobs, operations
from sync.models import Job, JobItem, Pull
from tests.api.conftest import program_of  # noqa: F401
from tests.brackets import LANGUAGE, brackets  # noqa: F401
from tests.factories import MembershipFactory, UserFactory
from tests.link.conftest import customer  # noqa: F401
from tests.sync.conftest import bells, connection, platform  # noqa: F401
from tests.sync.scripted import invoice, page
from webhooks.claims import body_of
from webhooks.models import AlertRule, Delivery, WebhookConsumer

_APPS = (
    "api", "companies", "connections", "files", "link", "notices", "support", "sync", "webhooks",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _spoken(brackets):
    """Everything else in this thread runs in the language too."""
    with translation.override(LANGUAGE):
        yield


@pytest.fixture
def client(client):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = LANGUAGE
    return client


@pytest.fixture
def do(client, organization):
    """Send a form of the portal, and expect it to be taken."""

    def post(page: str, /, *args: object, **fields: object) -> str:
        response = client.post(reverse(page, args=["harbour", *args]), fields)
        assert response.status_code in {200, 302}, response.content.decode()
        return response.headers.get("Location", "")

    return post


def everything_kept() -> list[str]:
    """Write every row of every table of ours as a text."""
    models = (model for app in _APPS for model in apps.get_app_config(app).get_models())
    return [
        f"{model.__name__} {row}" for model in models for row in model._default_manager.values()
    ]


def assert_kept_in_english() -> None:
    assert translation.get_language() == LANGUAGE  # else nothing below says anything
    assert [row for row in everything_kept() if "⟦" in row] == []
    changed = {name for entry in AuditEntry.objects.all() for name, _, _ in entry.changes}
    parts = {part for name in changed for part in name.split(".")}
    assert parts <= {*audit_words.NAMES, *DataType}  # which are read in the language


def test_the_pages_are_in_the_language(client, organization):
    shown = client.get(reverse("companies:list", args=["harbour"])).content.decode()

    assert "⟦Company name⟧" in shown


def test_a_file_is_written_in_the_language_of_whoever_asked_for_it(client, organization, company):
    response = client.get(reverse("companies:export", args=["harbour"]))

    with translation.override("en"):  # it is read after the request
        written = b"".join(response.streaming_content).decode()
    assert "⟦Last pull (UTC)⟧" in written
    assert "⟦No connections⟧" in written


def test_what_members_do_to_companies_and_settings(client, do, organization, company):
    do("companies:create", name="Łódź Bakery")
    do("companies:rename", company.pk, name="Northgate")
    do("companies:edit", company.pk, description="Old friends", tags="region: north")
    do("companies:organization", name="Harbour")
    do("companies:failure-emails", state="off")
    shown = client.get(reverse("sync:data-types", args=["harbour"])).context["form"]
    held = {name: field.initial for name, field in shown.fields.items()}
    do("sync:data-types", **held | {"frequency-invoices": "daily"})
    do("link_portal:settings", shows_landing="on", landing_title="Hello", primary_colour="#ffd400")
    do("link_portal:change-invite", change="renew")
    do("link_portal:one-time", state="on")
    do("link_portal:request", company.pk, to="owner@northgate.example", message="Please.")
    do("connections:integration-switch", "tryton", state="on")
    registration = {"client_id": "abc", "client_secret": "a secret of theirs", "scopes": ""}
    do("connections:integration", "xero", **registration, environment="production")
    do("connections:create", company.pk, platform="tryton")
    do("connections:link-url-renew", company.pk)
    do("connections:link-url-revoke", company.pk)
    do("files:files", company.pk, file=SimpleUploadedFile("accounts.csv", b"a,b\n1,2\n"))
    do("files:delete", company.pk, UploadedFile.objects.get().pk)
    do("api_portal:create-key", name="import", scopes=["read"], expires="90")

    assert AuditEntry.objects.count() > 7
    assert Event.objects.count() > 10
    assert OutboxEntry.objects.exists()
    assert len(mail.outbox) == 1
    assert_kept_in_english()


def test_what_members_do_to_the_team(client, do, organization):
    other = MembershipFactory(organization=organization, user=UserFactory(), role=Role.ANALYST)

    do("companies:invite", name="Carol", email="carol@harbour.example", role=Role.ADVISOR)
    do("companies:invitation-send", Invitation.objects.get().pk)
    do("companies:invitation-withdraw", Invitation.objects.get().pk)
    do("companies:member", other.pk, role=Role.DEVELOPER)
    do("companies:member-person", other.pk, name="Pat", email="pat@harbour.example")
    do("companies:member-switch", other.pk, state="off")
    do("companies:member-remove", other.pk)

    assert Membership.objects.count() == 1
    assert AuditEntry.objects.count() == 8
    assert_kept_in_english()
    shown = client.get(reverse("companies:audit-log", args=["harbour"])).content.decode()
    assert "⟦⟦Invitation⟧ ⟦withdrawn⟧⟧" in shown
    assert "⟦Is enabled⟧" in shown


def test_what_members_do_to_webhooks(do, organization, company):
    endpoint = {"url": "https://hooks.example/in", "event_types": ["company.created"]}
    do("webhooks:create", **endpoint, headers="X-Token: hush")
    consumer = WebhookConsumer.objects.get()
    do("webhooks:edit", consumer.pk, **endpoint, description="Billing")
    do("webhooks:example", consumer.pk, event_type="company.created")
    do("webhooks:rotate", consumer.pk)
    do("webhooks:switch", consumer.pk, state="off")
    do("webhooks:switch", consumer.pk, state="on")
    do("webhooks:recover", consumer.pk, hours="24")
    do("webhooks:rule-create", kind="read_failed", emails="ops@harbour.example")
    rule = AlertRule.objects.get()
    do("webhooks:rule", rule.pk, kind="read_completed", emails="ops@harbour.example")
    do("webhooks:rule-delete", rule.pk)

    assert AuditEntry.objects.count() == 10
    assert "⟦" not in body_of(Delivery.objects.get(), organization).decode()
    assert_kept_in_english()


def test_what_pulls_say(do, platform, connection, company):
    refused = PermissionMissing(gettext_noop("%(platform)s says no."), {"platform": "Sandbox"})
    for step in (page(invoice(1), cursor="1"), refused, Unreachable("Sandbox is silent.")):
        platform.serve(step)
        operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
        engine.run_connection(connection.organization_id, connection.pk)
    do("sync:refresh", company.pk)
    waiting = Pull.objects.active().order_by("sync_order")
    do("sync:cancel-pull", company.pk, waiting[0].pk)
    do("sync:refresh-many", company=[company.pk])
    do("sync:confirm-job", Job.objects.get().pk)
    jobs.run(company.organization_id, Job.objects.get().pk)
    deauthorize(connection, reason="Sandbox no longer accepts our authorization.")
    engine.run_connection(connection.organization_id, connection.pk)

    assert not waiting.exists()
    assert ConnectionError.objects.exists()
    assert JobItem.objects.get().outcome
    assert_kept_in_english()


def test_what_customers_do(customer, company, settings):
    customer.defaults["HTTP_ACCEPT_LANGUAGE"] = LANGUAGE
    customer.handler.enforce_csrf_checks = False
    settings.SANDBOX_URL = "http://sandbox.test"
    path = urlsplit(links.link_url(company)).path
    assert "⟦" in customer.get(path).content.decode()

    for error in ("access_denied", "server_error"):
        left = customer.post(f"{path}authorize/", {"platform": "sandbox"}).headers["Location"]
        state = parse_qs(urlsplit(left).query)["state"][0]
        back = {"state": state, "error": error}
        assert customer.get("/link/callback/sandbox", back).status_code == 303

    assert Connection.objects.get().errors.count() == 2
    assert_kept_in_english()


def test_programs_are_answered_in_english(program_of, organization, connection):
    program = program_of(organization)

    for path in ("/companies", f"/companies/{connection.company_id}/connections", "/openapi.json"):
        answer = program.get(path, **{"Accept-Language": LANGUAGE})
        assert answer.status_code == 200
        assert "⟦" not in answer.content.decode()
    for path in ("/companies?query=name", "/companies/none"):
        answer = program.get(path, **{"Accept-Language": LANGUAGE})
        assert answer.status_code in {400, 404}
        assert "⟦" not in answer.content.decode()

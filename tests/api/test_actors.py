"""What a program changes is told as the API key's doing, for good, and never as a person's."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from api import keys
from api.models import ApiKey
from api.principals import identify
from companies.models import AuditEntry, Event, EventType
from connections import integrations
from connections.models import Connection, Transition
from link.settings import save_link_settings
from sync import deletion, operations
from sync.models import Pull, PullStatus
from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def payroll(organization, program_of, alice):
    """A program whose key has a name; another key lets it be revoked."""
    keys.create_key(organization, name="other", actor=alice)
    return program_of(organization, name="Payroll")


@pytest.fixture
def key(payroll) -> ApiKey:
    return ApiKey.objects.get(name="Payroll")


@pytest.fixture
def linked(company) -> Connection:
    return ConnectionFactory(company=company, platform="sandbox", status="Linked")


def activity(client, organization, company) -> str:
    page = client.get(reverse("sync:summary", args=[organization.slug, company.pk]))
    return re.sub(r"<[^>]+>", "", page.content.decode())


def test_the_activity_of_a_company_names_the_key(client, organization, payroll, key):
    made = payroll.post("/companies", {"name": "Northgate", "tags": {"region": "uk"}}).json()
    payroll.patch(f"/companies/{made['id']}", {"name": "Northgate Bakery"})
    payroll.put(f"/companies/{made['id']}/products/lending")
    payroll.delete(f"/companies/{made['id']}/products/lending")

    events = Event.objects.filter(company_id=made["id"]).order_by("occurred_at")

    assert [each.type for each in events] == [
        EventType.COMPANY_CREATED,
        EventType.COMPANY_EDITED,
        EventType.COMPANY_RENAMED,
        EventType.COMPANY_PRODUCT_ADDED,
        EventType.COMPANY_PRODUCT_REMOVED,
    ]
    assert {(each.actor, each.actor_name, each.actor_key_id) for each in events} == {
        (None, "Payroll", key.pk)
    }
    shown = client.get(reverse("sync:summary", args=[organization.slug, made["id"]]))
    assert "<b>API key Payroll</b> added the company" in shown.content.decode()


def test_a_deleted_company_was_deleted_by_the_key(payroll, company):
    payroll.delete(f"/companies/{company.pk}")

    assert Event.objects.get(type=EventType.COMPANY_DELETED).by == "API key Payroll"


def test_a_connection_tells_which_key_added_and_unlinked_it(client, organization, payroll, company):
    integrations.switch(organization, "hledger", on=True, actor=None)
    path = f"/companies/{company.pk}/connections"
    made = payroll.post(path, {"platformKey": "hldg"})
    added = made.json()["id"]
    Connection.objects.filter(pk=added).update(status="Linked")
    payroll.patch(f"{path}/{added}", {"status": "Unlinked"})
    place = [organization.slug, company.pk, added]

    timeline = client.get(reverse("connections:timeline", args=place)).content.decode()
    panel = client.get(reverse("connections:panel", args=place)).content.decode()

    assert [each.by for each in Transition.objects.order_by("occurred_at")] == [
        "API key Payroll",
        "API key Payroll",
    ]
    assert timeline.count("by API key Payroll") == 2
    assert "by API key Payroll" in panel
    assert "through the Link URL" not in panel
    payroll.delete(f"{path}/{added}")
    assert Event.objects.get(type=EventType.CONNECTION_DELETED).by == "API key Payroll"


def test_files_of_a_program_are_not_the_customers(client, organization, payroll, linked):
    answer = Client().post(
        f"/api/companies/{linked.company_id}/connections/{linked.pk}/files",
        {"file": SimpleUploadedFile("accounts.csv", b"date,amount\n")},
        headers={"Authorization": f"Bearer {payroll.key}"},
    )
    assert answer.status_code == 200

    shown = activity(client, organization, linked.company)

    assert "API key Payroll uploaded 1 file" in shown
    assert "The customer uploaded" not in shown


def test_a_pull_says_which_key_asked_for_it(client, organization, payroll, linked):
    payroll.post(f"/companies/{linked.company_id}/data/all")
    payroll.delete(f"/apiKeys/{ApiKey.objects.get(name='Payroll').pk}")

    pull = Pull.objects.filter(connection=linked)[0]
    place = [organization.slug, linked.company_id, pull.pk]
    page = client.get(reverse("sync:pull", args=place)).content.decode()

    assert (pull.trigger, pull.requested_by) == (Pull.Trigger.API, None)
    assert "Asked for by API key Payroll" in page
    assert Event.objects.get(type=EventType.REFRESH_REQUESTED).by == "API key Payroll"
    assert "API key Payroll asked for fresh data" in activity(client, organization, linked.company)


def test_one_data_type_and_a_product_are_asked_for_by_the_key(payroll, linked):
    company = f"/companies/{linked.company_id}"
    payroll.post(f"{company}/data/queue/invoices")
    payroll.put(f"{company}/products/lending")
    payroll.post(f"{company}/products/lending/refresh", {"dataTypes": ["bills"]})

    reasons = dict(Pull.objects.values_list("data_type", "reason"))

    assert reasons == dict.fromkeys(["invoices", "bills"], "Asked for by API key Payroll")


def test_a_cancelled_pull_says_which_key_cancelled_it(payroll, linked):
    operations.refresh_company(linked.company)
    waiting, running = Pull.objects.filter(connection=linked)[:2]
    Pull.objects.filter(pk=running.pk).update(status=PullStatus.FETCHING)

    for pull in (waiting, running):
        payroll.post(f"/companies/{linked.company_id}/data/history/{pull.pk}/cancel")

    waiting.refresh_from_db()
    running.refresh_from_db()
    assert waiting.error_message.startswith("Cancelled by API key Payroll.")
    assert (running.canceller, running.cancel_requested_by) == ("API key Payroll", None)


def test_the_audit_log_names_the_key_that_changed_settings(
    client, organization, payroll, key, company, alice
):
    payroll.post("/corsSettings", {"allowedOrigins": ["https://app.example.com"]})
    payroll.put("/profile", {"name": "Harbour", "redirectUrl": "https://harbour.example/done"})
    payroll.post("/webhooks", {"url": "https://1.1.1.1/in", "eventTypes": ["company.created"]})
    consumer = payroll.get("/webhooks").json()["results"][0]["id"]
    payroll.delete(f"/webhooks/{consumer}")
    settings = payroll.get(f"/companies/{company.pk}/syncSettings").json()
    settings["settings"][0]["syncSchedule"] = 24
    payroll.post(f"/companies/{company.pk}/syncSettings", settings | {"overridesDefaults": True})
    payroll.post(f"/companies/{company.pk}/syncSettings", settings | {"overridesDefaults": False})
    payroll.post("/apiKeys", {"name": "third"})
    payroll.delete(f"/apiKeys/{key.pk}")  # its last deed

    entries = AuditEntry.objects.exclude(actor_kind="member").exclude(label__startswith="test")
    by_key = [each for each in entries.order_by("at") if each.actor_key_id == key.pk]

    assert [(each.label, each.action) for each in by_key] == [
        ("Allowed origins", "changed"),
        ("Harbour", "changed"),
        ("the redirect URL", "changed"),
        ("https://1.1.1.1/in", "created"),
        ("https://1.1.1.1/in", "deleted"),
        ("Data types of Eastgate Roasters", "changed"),
        ("Data types of Eastgate Roasters", "reset"),
        (f"third …{ApiKey.objects.get(name='third').ending}", "created"),
        (str(key), "revoked"),
    ]
    assert {(each.actor_kind, each.who) for each in by_key} == {("api_key", "API key Payroll")}
    save_link_settings(organization, {"primary_colour": "#0f4c5c"}, what="the colour", actor=alice)
    log = reverse("companies:audit-log", args=[organization.slug])
    shown = client.get(log, {"actor": str(key.pk)}).content.decode()
    assert "<td>API key Payroll</td>" in shown
    assert "Allowed origins" in shown
    assert "the colour" not in shown
    assert f'<option value="{key.pk}" selected>API key Payroll</option>' in shown


def test_a_person_named_like_a_key_is_still_a_person(client, organization, payroll, key, alice):
    alice.name = "API key Payroll"
    alice.save(update_fields=["name"])
    save_link_settings(organization, {"primary_colour": "#0f4c5c"}, what="the colour", actor=alice)
    payroll.post("/corsSettings", {"allowedOrigins": []})
    payroll.post("/corsSettings", {"allowedOrigins": ["https://app.example.com"]})
    log = reverse("companies:audit-log", args=[organization.slug])

    hers = client.get(log, {"actor": alice.pk}).content.decode()
    its = client.get(log, {"actor": str(key.pk)}).content.decode()

    assert "the colour" in hers
    assert "Allowed origins" not in hers
    assert "Allowed origins" in its
    assert "the colour" not in its


def test_a_key_without_a_name_is_told_by_its_ending(organization, program_of):
    program = program_of(organization, name="")
    program.post("/companies", {"name": "Northgate"})

    ending = program.key[-4:]
    assert Event.objects.get(type=EventType.COMPANY_CREATED).by == f"API key …{ending}"


def test_a_key_that_is_revoked_meanwhile_changes_nothing(payroll, key, monkeypatch):
    def identified(header):
        principal = identify(header)
        key.delete()
        return principal

    monkeypatch.setattr("api.gateway.identify", identified)

    assert payroll.post("/companies", {"name": "Northgate"}).status_code == 401
    assert not Event.objects.exists()


def test_people_are_told_when_they_are_gone(client, organization, company, bob):
    operations.refresh_company(ConnectionFactory(company=company, status="Linked").company)
    deletion.delete_connection(company.connections.get(), actor=bob)
    bob.delete()

    assert Event.objects.get(type=EventType.CONNECTION_DELETED).by == "Bob Bryce"
    assert "Bob Bryce deleted the Sandbox connection" in activity(client, organization, company)

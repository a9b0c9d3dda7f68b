"""What the admin shows: one organization's rows under a grant, none without, and no secret ever."""

import re

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse

from companies import tenancy
from companies.models import AuditEntry, Company
from connections import sealing
from connections.models import Connection, StoredCredentials
from connections.platforms.base import Credentials
from support.admin import site
from sync.models import Pull
from tests import estate
from tests.factories import ConnectionFactory, DataStatusFactory, PullFactory
from tests.test_tenancy import layers  # noqa: F401 - a fixture

MODELS = list(site._registry)
#: What no page of the admin may name, whatever model it is of.
FORBIDDEN = re.compile(
    r"token|secret|password|sealed|hash|verifier|granted$|parameters|credential|raw|body|payload|"
    r"cursor|client_id|scope",
)
FORBIDDEN_MODELS = {
    "StoredCredentials", "AuthorizationAttempt", "Integration", "Record", "RecordVersion",
    "StagedPage", "StagedRecord", "RejectedRecord", "UploadedFile", "User", "Session",
    "EmailAddress", "Authenticator",
}  # fmt: skip


def rows_of(model, organization) -> list[models.Model]:
    owner = (
        {"pk": organization.pk}
        if model._meta.model_name == "organization"
        else {"organization": organization}
    )
    with tenancy.entered(organization.pk):
        return list(model._default_manager.filter(**owner))


def pages_of(model, row) -> list[tuple[str, str, dict[str, str]]]:
    """Every way to read or act on a row: (method, address, what is sent)."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    changelist = reverse(f"{name}_changelist")
    change = reverse(f"{name}_change", args=[row.pk])
    autocomplete = {
        "app_label": "connections",
        "model_name": "connection",
        "field_name": "company",
        "term": "",
    }
    asked: list[tuple[str, str, dict[str, str]]] = [
        ("get", changelist, {}),
        ("get", changelist, {"q": str(row.pk)}),
        ("get", changelist, {"q": estate.SECRET}),
        ("get", change, {}),
        ("get", f"{changelist}{row.pk}/", {}),
        ("get", f"{changelist}{row.pk}/history/", {}),
        ("get", f"{changelist}{row.pk}/delete/", {}),
        ("post", change, {"name": "Taken over", "_save": "Save"}),
        ("get", reverse("admin:app_list", args=[model._meta.app_label]), {}),
        ("get", reverse("admin:autocomplete"), autocomplete),
    ]
    for action in site._registry[model].actions or []:
        sent = {"action": str(action), "_selected_action": str(row.pk), "confirmed": "yes"}
        asked.append(("post", changelist, sent))
        asked.append(("post", change, {f"CHANGE_FORM-{key}": v for key, v in sent.items()} | sent))
    return asked


def test_without_a_grant_every_page_leads_to_asking_for_one(layers, harbour, staff):
    before = estate.checksums(harbour.organization)

    for model in MODELS:
        for row in rows_of(model, harbour.organization):
            for method, url, sent in pages_of(model, row):
                response = getattr(staff, method)(url, sent)
                assert (response.status_code, response["Location"]) == (302, "/admin/"), url
    assert estate.SECRET not in staff.get("/admin/").content.decode()
    assert estate.checksums(harbour.organization) == before


def test_a_grant_for_one_organization_opens_no_other(layers, harbour, quay, staff, let_in):
    let_in(quay)
    before = estate.checksums(harbour.organization)

    for model in MODELS:
        for row in rows_of(model, harbour.organization):
            for method, url, sent in pages_of(model, row):
                response = getattr(staff, method)(url, sent)
                # Django quotes an id that it does not find, so the canary is looked for elsewhere.
                page = response.content.decode().replace(f'value="{estate.SECRET}"', "")
                assert response.status_code < 500, url
                assert estate.SECRET not in page, url
                assert "Harbour Lending" not in page, url
    assert estate.checksums(harbour.organization) == before


def test_under_a_grant_the_pages_show_the_organization(harbour, staff, let_in):
    let_in(harbour.organization)

    for model in MODELS:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for row in rows_of(model, harbour.organization):
            listed = staff.get(reverse(f"{name}_changelist"))
            assert str(row.pk) in listed.content.decode(), name
            shown = staff.get(reverse(f"{name}_change", args=[row.pk]))
            assert shown.status_code == 200, name
            assert "Support access" in shown.content.decode()
    assert estate.SECRET in staff.get("/admin/companies/company/").content.decode()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_nothing_secret_is_registered(model):
    shown = site._registry[model]

    assert model.__name__ not in FORBIDDEN_MODELS
    names = {
        *(shown.fields or []), *shown.list_display, *shown.list_filter, *shown.search_fields,
        *shown.readonly_fields,
    }  # fmt: skip
    assert not {name for name in names if FORBIDDEN.search(name)}
    fields = {field.name: field for field in model._meta.get_fields()}
    assert not {name for name in names if isinstance(fields.get(name), models.BinaryField)}


def test_credentials_and_link_urls_are_on_no_page(harbour, staff, let_in):
    canary = "canary-access-token"
    with tenancy.entered(harbour.organization.pk):
        connection = Connection.objects.get(pk=harbour.parameters["connection_id"])
        StoredCredentials.objects.all().delete()
        sealing.store(connection, Credentials(access_token=canary, refresh_token=canary))
    let_in(harbour.organization)

    for model in MODELS:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for row in rows_of(model, harbour.organization):
            page = staff.get(reverse(f"{name}_change", args=[row.pk])).content.decode()
            assert canary not in page
            assert "/link/" not in page


def test_moments_are_written_in_full_with_their_zone(harbour, sam, staff, let_in):
    sam.time_zone = "Asia/Tokyo"
    sam.save()
    let_in(harbour.organization)
    with tenancy.entered(harbour.organization.pk):
        pull = Pull.objects.filter(organization=harbour.organization).latest("requested_at")
    local = pull.requested_at.astimezone(sam.zone)
    written = f"{local.day} {local:%b %Y, %H:%M:%S} JST"

    assert written in staff.get("/admin/sync/pull/").content.decode()
    assert written in staff.get(f"/admin/sync/pull/{pull.pk}/change/").content.decode()


@pytest.fixture
def inside(harbour, staff, let_in) -> Client:
    let_in(harbour.organization)
    return staff


def act(client, model, row, action, **sent):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    sent |= {"action": action, "_selected_action": str(row)}
    return client.post(reverse(name), sent, follow=True)


def latest(harbour) -> AuditEntry:
    with tenancy.entered(harbour.organization.pk):
        return AuditEntry.objects.filter(kind="support").latest("at")


def test_a_company_is_renamed_by_the_operation_and_nothing_else_of_it(harbour, inside):
    company_id = harbour.parameters["company_id"]
    url = reverse("admin:companies_company_change", args=[company_id])

    inside.post(url, {"name": "Roastery <Ltd>", "description": "Taken over", "_save": "Save"})

    with tenancy.entered(harbour.organization.pk):
        company = Company.objects.get(pk=company_id)
    assert (company.name, company.description) == ("Roastery Ltd", "")
    entry = latest(harbour)
    assert (entry.action, entry.before, entry.after) == (
        "renamed", {"name": estate.SECRET}, {"name": "Roastery Ltd"},
    )  # fmt: skip


def test_a_company_keeps_a_name(harbour, inside):
    url = reverse("admin:companies_company_change", args=[harbour.parameters["company_id"]])

    response = inside.post(url, {"name": "<>", "_save": "Save"})

    assert "needs letters or digits" in response.content.decode()


def test_unlinking_is_asked_before_it_is_done(harbour, inside):
    connection_id = harbour.parameters["connection_id"]

    asked = act(inside, Connection, connection_id, "unlink")

    assert "Unlink?" in asked.content.decode()
    with tenancy.entered(harbour.organization.pk):
        assert Connection.objects.get(pk=connection_id).is_linked

    act(inside, Connection, connection_id, "unlink", confirmed="yes")

    with tenancy.entered(harbour.organization.pk):
        connection = Connection.objects.get(pk=connection_id)
        assert connection.status == "Unlinked"
        assert "Ticket 4711" in connection.transitions.latest("occurred_at").reason
    assert latest(harbour).action == "unlinked"


def test_what_cannot_be_done_is_said(harbour, inside):
    with tenancy.entered(harbour.organization.pk):
        company = Company.objects.select_related("organization").get()
    pending = ConnectionFactory(company=company, status="PendingAuth")

    page = act(inside, Connection, pending.pk, "unlink", confirmed="yes").content.decode()

    assert "is not linked. Nothing was changed there." in page


def test_fresh_data_are_asked_for(harbour, inside, django_capture_on_commit_callbacks):
    page = act(inside, Connection, harbour.parameters["connection_id"], "refresh").content.decode()

    assert "Asked for fresh data" in page
    assert latest(harbour).action == "asked for fresh data"


def test_a_pull_is_cancelled_and_pulled_again(harbour, inside):
    with tenancy.entered(harbour.organization.pk):
        connection = Connection.objects.select_related(
            "company__organization", "organization"
        ).get()
    waiting = PullFactory(connection=connection, data_type="suppliers")
    DataStatusFactory(connection=connection, data_type="suppliers")

    act(inside, Pull, waiting.pk, "cancel")

    with tenancy.entered(harbour.organization.pk):
        assert Pull.objects.get(pk=waiting.pk).status == "Cancelled"
    assert latest(harbour).action == "cancelled"

    act(inside, Pull, waiting.pk, "pull_again")

    with tenancy.entered(harbour.organization.pk):
        again = Pull.objects.filter(data_type="suppliers").latest("requested_at")
    assert (again.status, str(again.requested_by)) == ("Queued", "Sam Support")
    assert latest(harbour).action == "pulled again"


def test_an_action_works_on_the_rows_own_page(harbour, inside):
    with tenancy.entered(harbour.organization.pk):
        waiting = Pull.objects.get(data_type="bills")
    url = reverse("admin:sync_pull_change", args=[waiting.pk])

    inside.post(url, {"CHANGE_FORM-action": "cancel", "_selected_action": str(waiting.pk)})

    with tenancy.entered(harbour.organization.pk):
        assert Pull.objects.get(pk=waiting.pk).status == "Cancelled"


def test_the_organization_reads_it_in_its_audit_log(harbour, inside, alice):
    client = Client()
    client.force_login(alice)

    page = client.get(reverse("companies:audit-log", args=["harbour"])).content.decode()

    assert "Sam Support" in page
    assert "opened access" in page
    assert "Ticket 4711: pulls fail" in page

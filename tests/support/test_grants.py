"""Staff look into an organization under a grant: with a reason, for a while, told in its log."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from companies import tenancy
from companies.models import AuditEntry
from support import operations
from support.models import SupportGrant
from tests.factories import UserFactory


def log(organization) -> list[tuple[str, str, str]]:
    with tenancy.entered(organization.pk):
        entries = AuditEntry.objects.filter(kind="support").order_by("at", "id")
        return [(each.actor_kind, each.actor_name, each.action) for each in entries]


def test_somebody_who_is_not_staff_finds_no_admin(harbour, alice, client):
    for path in ("/admin/", "/admin/companies/company/", "/admin/anything/"):
        assert client.get(path).status_code == 404


def test_nobody_signs_in_at_the_admin(harbour, db):
    response = Client().get("/admin/", follow=True)

    assert response.redirect_chain[-1][0].startswith("/accounts/login/?next=/admin/")
    assert b"this_is_the_login_form" not in response.content


@pytest.mark.parametrize("what", ["organization", "company_id", "connection_id", "pull_id"])
def test_any_id_leads_to_its_organization_and_tells_nothing_more(harbour, quay, staff, what):
    wanted = harbour.organization.pk if what == "organization" else harbour.parameters[what]

    page = staff.get("/admin/", {"q": str(wanted)}).content.decode()

    assert "Harbour Lending" in page
    assert "Quay Capital" not in page
    assert "Secret Roastery" not in page


@pytest.mark.parametrize("text", ["harbour", "HARBOUR", "bour Lend"])
def test_slug_and_name_lead_there_too(harbour, quay, staff, text):
    page = staff.get("/admin/", {"q": text}).content.decode()

    assert "Harbour Lending" in page
    assert "Quay Capital" not in page


@pytest.mark.parametrize("text", ["", "nothing of the kind", "%", "\x00", "’; --", "a" * 500])
def test_what_is_not_found_is_said(harbour, staff, text):
    response = staff.get("/admin/", {"q": text})

    assert response.status_code == 200
    assert b"Harbour Lending" not in response.content


def test_a_reason_opens_the_organization_for_a_while(harbour, staff, sam):
    url = reverse("admin:open", args=[harbour.organization.pk])

    response = staff.post(url, {"reason": "Ticket 4711: pulls fail", "lasts": "30"}, follow=True)

    page = response.content.decode()
    assert "Harbour Lending" in page
    assert "Ticket 4711: pulls fail" in page
    assert "minutes left" in page
    grant = operations.grant_of(sam)
    assert grant is not None
    assert grant.expires_at - grant.granted_at == timedelta(minutes=30)
    assert log(harbour.organization) == [("support", "Sam Support", "opened access")]


@pytest.mark.parametrize(
    "entered",
    [
        {},
        {"reason": "because", "lasts": "30"},
        {"reason": "         a", "lasts": "30"},
        {"reason": "Ticket 4711: pulls fail", "lasts": "600"},
    ],
)
def test_without_a_reason_or_for_too_long_it_stays_closed(harbour, staff, sam, entered):
    response = staff.post(reverse("admin:open", args=[harbour.organization.pk]), entered)

    assert response.status_code == 422 if entered else 200
    assert operations.grant_of(sam) is None


def test_an_organization_that_is_not_there_cannot_be_opened(staff):
    url = reverse("admin:open", args=["00000000-0000-0000-0000-000000000000"])

    assert staff.get(url).status_code == 404


def test_ended_access_is_closed_and_told(harbour, staff, let_in):
    let_in(harbour.organization)

    staff.post(reverse("admin:end"))
    staff.post(reverse("admin:end"))  # a second click

    assert staff.get("/admin/companies/company/").status_code == 302
    assert [action for _, _, action in log(harbour.organization)] == [
        "opened access",
        "ended access",
    ]


def test_access_that_ran_out_is_closed(harbour, staff, let_in):
    grant = let_in(harbour.organization)
    with tenancy.entered(harbour.organization.pk):
        SupportGrant.objects.filter(pk=grant.pk).update(
            granted_at=Now() - timedelta(hours=2), expires_at=Now() - timedelta(hours=1)
        )

    assert staff.get("/admin/companies/company/").status_code == 302
    let_in(harbour.organization)  # the one that ran out does not stand in the way
    assert staff.get("/admin/companies/company/").status_code == 200


def test_one_who_enters_another_organization_leaves_the_first(harbour, quay, staff, sam, let_in):
    let_in(harbour.organization)

    let_in(quay)

    assert [action for _, _, action in log(harbour.organization)][-1] == "ended access"
    grant = operations.grant_of(sam)
    assert grant is not None
    assert grant.organization_id == quay.pk


def test_one_who_is_no_longer_staff_loses_access_at_once(harbour, staff, sam, let_in):
    let_in(harbour.organization)
    sam.is_staff = False
    sam.save()

    assert staff.get("/admin/companies/company/").status_code == 404


def test_what_staff_may_do_is_nobody_elses(harbour, let_in):
    let_in(harbour.organization)
    other = Client()
    other.force_login(UserFactory(is_staff=True, is_superuser=True))

    assert other.get("/admin/companies/company/").status_code == 302


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"reason": "  because  "}, "supportgrant_has_a_reason"),
        ({"expires_at": Now() + timedelta(hours=9)}, "supportgrant_is_short"),
        ({}, "supportgrant_one_at_a_time"),
    ],
)
def test_the_database_keeps_the_rules_too(harbour, sam, let_in, changes, constraint):
    let_in(harbour.organization)
    values = {"reason": "Ticket 4711: pulls fail", "expires_at": Now() + timedelta(hours=1)}

    with (
        pytest.raises(IntegrityError, match=constraint),
        transaction.atomic(),
        tenancy.entered(harbour.organization.pk),
    ):
        SupportGrant.objects.create(
            organization=harbour.organization, user=sam, granted_at=Now(), **values | changes
        )
    assert connection.is_usable()

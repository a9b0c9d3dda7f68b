"""Settings → Organization."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from companies import data_keys, operations, tenancy
from companies.models import AuditEntry, Company, Organization, RemovedOrganization
from portal.crypto import Undecryptable
from tests import estate


@pytest.fixture
def url(organization) -> str:
    return reverse("companies:organization", args=[organization.slug])


def test_the_name_changes_and_the_address_stays(client, organization, url):
    page = client.post(url, {"name": "  Harbour   Capital "}, follow=True).content.decode()

    organization.refresh_from_db()
    assert (organization.name, organization.slug) == ("Harbour Capital", "harbour")
    assert f'data-copy="{organization.pk}"' in page
    entry = AuditEntry.objects.get()
    assert entry.changes == [("name", "Harbour Lending", "Harbour Capital")]


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "a\0b"])
def test_a_name_that_is_none_is_refused(client, organization, url, name):
    assert client.post(url, {"name": name}).status_code == 422
    assert not AuditEntry.objects.exists()


def test_saving_the_same_name_leaves_no_trace(client, organization, url):
    client.post(url, {"name": organization.name})

    assert not AuditEntry.objects.exists()


def test_emails_about_failures_are_switched_off_and_on(client, organization):
    url = reverse("companies:failure-emails", args=[organization.slug])

    for state, label in (("off", "Switch on"), ("on", "Switch off")):
        page = client.post(url, {"state": state}, follow=True).content.decode()
        organization.refresh_from_db()
        assert organization.emails_failures == (state == "on")
        assert label in page
    assert AuditEntry.objects.count() == 2


def test_an_organization_with_companies_is_not_deleted(organization, company, alice):
    with pytest.raises(operations.OrganizationInUse):
        operations.delete_organization(organization, actor=alice)

    assert Company.objects.get() == company


def test_a_deleted_organization_leaves_its_name_and_nothing_that_opens(
    organization, other_organization, alice
):
    kept_aside = data_keys.seal(organization.pk, "hush", context="x")
    theirs = data_keys.seal(other_organization.pk, "hush", context="x")

    operations.delete_organization(organization, actor=alice)

    with pytest.raises(Undecryptable):
        data_keys.unseal(organization.pk, kept_aside, context="x")
    assert data_keys.unseal(other_organization.pk, theirs, context="x") == "hush"
    removed = RemovedOrganization.objects.within(organization).get()
    assert (removed.name, removed.actor_name) == ("Harbour Lending", "Alice Archer")


def test_the_command_deletes_everything_an_organization_owns(db, alice, capsys):
    organization = operations.create_organization(alice, "Harbour Lending")
    estate.build(organization, alice)

    call_command("delete_organization", "harbour-lending", "--name", "Harbour Lending")

    left = {label for label, (rows, _) in estate.checksums(organization).items() if rows}
    assert left == {"companies.RemovedOrganization"}
    assert "was deleted with 1 companies" in capsys.readouterr().out
    with tenancy.system():
        assert not Organization.objects.filter(slug="harbour-lending").exists()


def test_the_command_wants_the_name_too(organization):
    with pytest.raises(CommandError):
        call_command("delete_organization", "harbour", "--name", "Harbour")

"""Settings → Organization."""

import pytest
from django.urls import reverse

from companies.models import AuditEntry


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

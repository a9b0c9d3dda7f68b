"""How data types are pulled: for the organization and for one company."""

import pytest
from django.urls import reverse

from companies.models import Event, EventType, Membership
from companies.roles import Role
from connections.schemas import DataType
from sync.models import Frequency, SyncSetting


@pytest.fixture
def general(organization):
    return reverse("sync:data-types", kwargs={"organization": organization.slug})


@pytest.fixture
def own(company):
    return reverse(
        "sync:company-settings",
        kwargs={"organization": company.organization.slug, "company_id": company.pk},
    )


def entered(**changes):
    """What the form sends when nothing but `changes` was touched."""
    values = {f"frequency-{data_type}": "none" for data_type in DataType}
    values |= {f"first-link-{data_type}": "on" for data_type in DataType}
    values |= {name.replace("_", "-", 1): value for name, value in changes.items()}
    return {name: value for name, value in values.items() if value}


@pytest.mark.parametrize("role", Role)
def test_only_builders_change_settings(client, general, own, membership, role):
    Membership.objects.filter(pk=membership.pk).update(role=role)
    expected = 200 if role in {Role.DEVELOPER, Role.ADMINISTRATOR} else 403

    assert client.get(general).status_code == expected
    assert client.get(own).status_code == expected
    if expected == 403:
        client.post(general, entered(frequency_invoices="daily"))
        assert not SyncSetting.objects.exists()


def test_every_data_type_can_be_set(client, general):
    page = client.get(general).content.decode()

    assert all(f'name="frequency-{data_type}"' in page for data_type in DataType)
    assert all(f'name="first-link-{data_type}"' in page for data_type in DataType)


def test_what_was_changed_is_saved_and_remembered(client, general, organization, alice):
    answer = client.post(
        general,
        entered(**{"frequency_invoices": "daily", "first-link_bills": ""})
        | {"first-link-bills": ""},
    )

    saved = {
        row.data_type: (row.frequency, row.fetch_on_first_link) for row in SyncSetting.objects.all()
    }
    event = Event.objects.get(type=EventType.SETTINGS_CHANGED)
    assert answer.status_code == 302
    assert saved["invoices"] == (Frequency.DAILY, True)
    assert "customers" not in saved
    assert event.actor == alice


def test_a_switch_turned_off_is_saved(client, general):
    values = entered()
    del values["first-link-bills"]

    client.post(general, values)

    assert SyncSetting.objects.get().data_type == "bills"
    assert SyncSetting.objects.get().fetch_on_first_link is False


def test_saving_without_a_change_leaves_no_trace(client, general, organization):
    client.post(general, entered())

    assert not SyncSetting.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("nonsense", ["yearly", "NONE", "", "\0"])
def test_nonsense_is_refused_as_a_whole(client, general, nonsense):
    values = entered(frequency_bills="daily") | {"frequency-invoices": nonsense}

    answer = client.post(general, values)

    assert answer.status_code == 422
    assert "Nothing was saved" in answer.content.decode()
    assert not SyncSetting.objects.exists()


def test_a_company_has_settings_of_its_own_until_it_follows_again(client, own, company):
    client.post(own, entered(frequency_invoices="hourly"))
    changed = client.get(own).content.decode()
    client.post(own + "default")
    back = client.get(own).content.decode()

    assert changed.count("Own setting</span>") == 1
    assert "Use organization default" in changed
    assert "Own setting</span>" not in back
    assert not SyncSetting.objects.filter(company=company).exists()


def test_a_company_shows_what_the_organization_set(client, general, own):
    client.post(general, entered(frequency_invoices="weekly"))

    page = client.get(own).content.decode()

    assert 'name="frequency-invoices" value="weekly"' in page
    assert page.count("checked") > len(DataType)
    assert "Own setting</span>" not in page

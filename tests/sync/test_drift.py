"""Fields that nobody knew: written down once, for the organization whose platform sent them."""

import logging
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from companies import tenancy
from companies.models import Membership
from companies.roles import Role
from connections.platforms.base import UnknownField as Sent
from sync import claims, drift, engine, operations, staging
from sync.models import Pull, PullStatus, UnknownField
from tests.factories import (
    CompanyFactory,
    ConnectionFactory,
    MembershipFactory,
    OrganizationFactory,
)
from tests.sync.scripted import invoice, page

pytestmark = pytest.mark.django_db(transaction=True)

COLOUR, TAGS = Sent("lines.colour", "text"), Sent("tags", "array")


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch):
    monkeypatch.setattr(drift, "_told", {})


@pytest.fixture
def organization(alice):
    """Alice's organization; not entered, so that each transaction ends as it does in a worker."""
    organization = OrganizationFactory(name="Harbour Lending", slug="harbour")
    MembershipFactory(organization=organization, user=alice, role=Role.ADMINISTRATOR)
    return organization


def run(connection, platform, *pages, data_type="invoices"):
    with tenancy.entered(connection.organization_id):
        pull = operations.queue_pull(connection, data_type, trigger=Pull.Trigger.MANUAL)
    platform.serve(*pages)
    engine.run_connection(connection.organization_id, connection.pk)
    return pull


def unacknowledged(connection):
    with tenancy.entered(connection.organization_id):
        return drift.read(connection.company.organization)


def sent(*fields, cursor="1", number=1):
    return page(invoice(number), cursor=cursor, unknown=fields)


def written(organization_id):
    with tenancy.entered(organization_id):
        return list(UnknownField.objects.order_by("path"))


def test_a_field_is_written_down_and_told_once(connection, platform, caplog):
    caplog.set_level(logging.WARNING, "sync.drift")
    pull = run(connection, platform, sent(COLOUR), sent(TAGS, COLOUR, cursor="2", number=2))
    run(connection, platform, sent(TAGS))

    colour, tags = written(connection.organization_id)

    assert (colour.platform, colour.data_type, colour.path) == ("sandbox", "invoices", COLOUR.path)
    assert (colour.json_type, tags.json_type) == ("text", "array")
    assert colour.pull_id == tags.pull_id == pull.pk
    assert (colour.connection_id, colour.company_id) == (connection.pk, connection.company_id)
    assert colour.last_seen_on == timezone.now().date()
    assert [record.getMessage().partition(" (")[0] for record in caplog.records] == [
        "sandbox sends fields of invoices that are not read yet: lines.colour",
        "sandbox sends fields of invoices that are not read yet: tags",
    ]


def test_what_is_written_down_already_costs_nothing(
    connection, platform, django_assert_max_num_queries
):
    run(connection, platform, sent(COLOUR))
    with tenancy.entered(connection.organization_id):
        pull = Pull.objects.select_related("connection").get()

    with django_assert_max_num_queries(0):
        drift.notice(pull, [COLOUR] * 100)


def test_another_process_and_another_connection_find_it_there(connection, platform, monkeypatch):
    run(connection, platform, sent(COLOUR))
    monkeypatch.setattr(drift, "_told", {})
    company = CompanyFactory(organization=connection.company.organization)

    run(ConnectionFactory(company=company), platform, sent(COLOUR))

    (field,) = written(connection.organization_id)
    assert field.connection_id == connection.pk


def test_it_is_seen_again_a_day_at_a_time(connection, platform, monkeypatch):
    run(connection, platform, sent(COLOUR))
    yesterday = timezone.now().date() - timedelta(days=1)
    with tenancy.entered(connection.organization_id):
        UnknownField.objects.update(last_seen_on=yesterday)
    monkeypatch.setattr(drift, "_told", {})

    run(connection, platform, sent(COLOUR))

    (field,) = written(connection.organization_id)
    assert field.last_seen_on == timezone.now().date()


def test_the_same_name_of_another_type_is_another_field(connection, platform):
    run(connection, platform, sent(COLOUR))
    run(connection, platform, sent(COLOUR), data_type="bills")

    assert {field.data_type for field in written(connection.organization_id)} == {
        "invoices", "bills",
    }  # fmt: skip


def test_names_that_a_platform_makes_up_end_somewhere(connection, platform, monkeypatch, caplog):
    caplog.set_level(logging.WARNING, "sync.drift")
    monkeypatch.setattr(UnknownField, "KEPT", 5)

    for start in (0, 3, 6, 9):
        run(connection, platform, sent(*(Sent(f"n{start + each}", "null") for each in range(3))))

    assert [field.path for field in written(connection.organization_id)] == [
        "n0", "n1", "n2", "n3", "n4",
    ]  # fmt: skip
    assert caplog.text.count("sends more than 5 unknown fields of invoices") == 1


def test_a_page_that_is_not_staged_tells_nothing(connection, platform, monkeypatch):
    def lost(*_args, **_fields):
        raise claims.ClaimLost

    monkeypatch.setattr(staging, "stage", lost)

    run(connection, platform, sent(COLOUR))

    assert written(connection.organization_id) == []
    assert drift._told == {}


def test_each_organization_has_its_own(connection, platform):
    other = ConnectionFactory(company=CompanyFactory(organization=OrganizationFactory()))
    run(connection, platform, sent(COLOUR))

    assert written(other.organization_id) == []
    run(other, platform, sent(COLOUR))

    (field,) = written(other.organization_id)
    assert field.connection_id == other.pk
    (field,) = written(connection.organization_id)
    assert field.connection_id == connection.pk


def test_a_hostile_name_is_shown_as_text(client, connection, platform):
    run(connection, platform, sent(Sent("<script>alert(1)</script>", "text")))

    shown = client.get(reverse("sync:monitor", args=["harbour"])).content.decode()

    assert "Sandbox sends one field we do not read yet" in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert" not in shown


def test_whoever_may_edit_settings_acknowledges_what_was_shown(client, connection, platform, alice):
    run(connection, platform, sent(COLOUR, TAGS))
    (shown,) = unacknowledged(connection)
    assert [(line.data_type, line.field.path) for line in shown.lines] == [
        ("Invoices", "lines.colour"), ("Invoices", "tags"),
    ]  # fmt: skip
    run(connection, platform, sent(Sent("newer", "number")))
    url = reverse("sync:acknowledge-fields", args=["harbour", "sandbox"])

    client.post(url, {"until": shown.until.isoformat()})

    (left,) = unacknowledged(connection)
    assert [line.field.path for line in left.lines] == ["newer"]
    colour, *_ = written(connection.organization_id)
    assert colour.acknowledged_by_id == alice.pk
    assert client.post(url, {"until": "then"}).status_code == 400
    with tenancy.entered(connection.organization_id):
        Membership.objects.update(role=Role.ANALYST)
    assert client.post(url, {"until": left.until.isoformat()}).status_code == 403
    assert "/acknowledge" not in client.get(reverse("sync:monitor", args=["harbour"])).text


def test_too_many_for_a_page_are_counted(client, connection, platform):
    run(connection, platform, sent(*(Sent(f"n{each:02}", "null") for each in range(20))))

    shown = client.get(reverse("sync:monitor", args=["harbour"])).text

    assert "Sandbox sends 20 fields we do not read yet" in shown
    assert "And 8 more." in shown


def test_the_pull_ends_well(connection, platform):
    pull = run(connection, platform, sent(COLOUR))

    with tenancy.entered(connection.organization_id):
        pull.refresh_from_db()
    assert pull.status == PullStatus.COMPLETE

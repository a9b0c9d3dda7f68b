"""Asking for pulls, changing how they are made, and removing what they brought."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.db.models.functions import Now

from companies.models import Company, Event, EventType
from connections.models import Connection
from connections.schemas import DataType
from sync import deletion, operations
from sync.models import (
    DataStatus,
    Frequency,
    Pull,
    PullStatus,
    Record,
    RecordVersion,
    StagedRecord,
    SyncSetting,
)
from sync.operations import AlreadyRunning, EffectiveSetting, NotLinked, NotSupported
from tests.factories import CompanyFactory, ConnectionFactory
from tests.sync.scripted import invoice, page


def setting(data_type, frequency=Frequency.NONE, *, fetch_on_first_link=True) -> EffectiveSetting:
    return EffectiveSetting(
        data_type=DataType(data_type),
        frequency=Frequency(frequency),
        fetch_on_first_link=fetch_on_first_link,
    )


def test_a_first_link_pulls_every_supported_type(
    connection, bells, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        pulls = operations.queue_first_pulls(connection)

    assert [pull.data_type for pull in pulls] == [str(data_type) for data_type in DataType]
    assert {pull.trigger for pull in pulls} == {Pull.Trigger.FIRST_LINK}
    assert len({pull.batch for pull in pulls}) == 1
    assert bells == [(connection.organization_id, connection.pk)]
    assert DataStatus.objects.filter(latest_status="Queued").count() == len(DataType)


def test_types_that_are_not_fetched_on_first_link_are_left_out(connection, organization, alice):
    operations.save_settings(
        organization, settings=[setting("bills", fetch_on_first_link=False)], actor=alice
    )

    pulls = operations.queue_first_pulls(connection)

    assert "bills" not in {pull.data_type for pull in pulls}


def test_a_second_refresh_returns_what_is_running(connection, company, alice):
    first = operations.refresh_company(company, requested_by=alice)
    Pull.objects.filter(data_type="bills").update(status=PullStatus.COMPLETE)

    second = operations.refresh_company(company, requested_by=alice)

    assert len(first.queued) == len(DataType)
    assert [pull.data_type for pull in second.queued] == ["bills"]
    assert len(second.already_running) == len(DataType) - 1
    assert {pull.pk for pull in second.already_running} < {pull.pk for pull in first.queued}
    assert Event.objects.filter(type=EventType.REFRESH_REQUESTED).count() == 2


def test_a_refresh_asks_every_linked_connection_and_no_other(company):
    linked = ConnectionFactory(company=company)
    ConnectionFactory(company=company, status=Connection.Status.UNLINKED)

    refresh = operations.refresh_company(company)

    assert {pull.connection_id for pull in refresh.queued} == {linked.pk}


def test_a_refresh_without_a_linked_connection_starts_nothing(company):
    ConnectionFactory(company=company, status=Connection.Status.DEAUTHORIZED)

    refresh = operations.refresh_company(company)

    assert refresh.pulls == []
    assert not Event.objects.exists()


def test_one_type_is_pulled_once_at_a_time(connection):
    first = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.API)

    with pytest.raises(AlreadyRunning) as refused:
        operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.API)

    assert refused.value.pull == first


def test_an_unlinked_connection_is_not_pulled(company):
    connection = ConnectionFactory(company=company, status=Connection.Status.UNLINKED)

    with pytest.raises(NotLinked):
        operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.API)


def test_an_unknown_type_is_refused(connection):
    with pytest.raises(NotSupported, match="Datatype horoscopes not supported"):
        operations.queue_pull(connection, "horoscopes", trigger=Pull.Trigger.API)


def test_a_companys_settings_win_over_the_organizations(organization, company, alice):
    operations.save_settings(
        organization, settings=[setting("bills", "daily"), setting("items", "weekly")], actor=alice
    )
    operations.save_settings(
        organization, settings=[setting("bills", "hourly")], company=company, actor=alice
    )

    found = {
        each.data_type: each for each in operations.data_type_settings(organization.pk, company)
    }

    assert (found[DataType.BILLS].frequency, found[DataType.BILLS].is_override) == ("hourly", True)
    assert (found[DataType.ITEMS].frequency, found[DataType.ITEMS].is_override) == ("weekly", False)
    assert found[DataType.COMPANY].frequency == "none"
    general = {each.data_type: each for each in operations.data_type_settings(organization.pk)}
    assert general[DataType.BILLS].frequency == "daily"


def test_clearing_a_companys_settings_brings_the_organizations_back(
    connection, organization, company, alice
):
    operations.queue_first_pulls(connection)
    operations.save_settings(organization, settings=[setting("bills", "daily")], actor=alice)
    operations.save_settings(
        organization, settings=[setting("bills", "hourly")], company=company, actor=alice
    )
    assert DataStatus.objects.get(data_type="bills").frequency == "hourly"

    operations.clear_company_settings(company, actor=alice)

    assert DataStatus.objects.get(data_type="bills").frequency == "daily"
    assert not SyncSetting.objects.filter(company=company).exists()


def test_a_new_frequency_counts_from_the_last_success(connection, organization, alice):
    operations.queue_first_pulls(connection)
    success = datetime.now(UTC) - timedelta(hours=3)
    DataStatus.objects.update(last_success_at=success)

    operations.save_settings(
        organization, settings=[setting("bills", "daily"), setting("items", "hourly")], actor=alice
    )

    due = dict(DataStatus.objects.values_list("data_type", "next_due_at"))
    assert due["bills"] == success + timedelta(days=1)
    assert due["invoices"] is None
    # The slot has passed: due at the connection's own minute.
    assert due["items"] is not None
    wait = due["items"] - datetime.now(UTC)
    assert timedelta(seconds=-60) < wait <= timedelta(hours=1)


def test_switching_off_a_schedule_leaves_nothing_due(connection, organization, alice):
    operations.queue_first_pulls(connection)
    operations.save_settings(organization, settings=[setting("bills", "daily")], actor=alice)

    operations.save_settings(organization, settings=[setting("bills", "none")], actor=alice)

    assert DataStatus.objects.get(data_type="bills").next_due_at is None


def test_first_pulls_of_a_schedule_are_spread(organization, alice):
    company = CompanyFactory(organization=organization)
    for _ in range(40):
        connection = ConnectionFactory(company=company, source_type="Banking")
        operations.queue_pull(connection, "bills", trigger=Pull.Trigger.API)
    operations.save_settings(organization, settings=[setting("bills", "hourly")], actor=alice)

    rows = DataStatus.objects.filter(data_type="bills").values_list("next_due_at", flat=True)

    due = [moment for moment in rows if moment is not None]
    assert len(due) == 40
    assert len(set(due)) > 20
    assert timedelta(minutes=20) < max(due) - min(due) <= timedelta(hours=1)


def test_other_companies_keep_their_schedule(connection, organization, company, alice):
    other = ConnectionFactory(company=CompanyFactory(organization=organization))
    for each in (connection, other):
        operations.queue_pull(each, "bills", trigger=Pull.Trigger.API)

    operations.save_settings(
        organization, settings=[setting("bills", "daily")], company=company, actor=alice
    )

    assert DataStatus.objects.get(connection=other, data_type="bills").frequency == "none"


def test_deleting_a_connection_deletes_what_was_pulled(connection, platform, pull, alice):
    platform.serve(page(invoice(1), cursor="1"))
    pull()
    platform.serve(page(invoice(1, total="2"), cursor="1"))
    pull()
    assert RecordVersion.objects.exists()

    deletion.delete_connection(connection, actor=alice)

    for model in (Record, RecordVersion, StagedRecord, Pull, DataStatus, Connection):
        assert not model.objects.exists()
    assert Event.objects.filter(type=EventType.CONNECTION_DELETED, actor=alice).exists()


def test_deleting_a_company_deletes_everything_but_what_happened(
    connection, company, platform, pull, alice
):
    platform.serve(page(invoice(1), cursor="1"))
    pull()

    deletion.delete_company(company, actor=alice)

    for model in (Record, Pull, DataStatus, Connection, Company):
        assert not model.objects.exists()
    assert Event.objects.get(type=EventType.COMPANY_DELETED).summary.endswith("“Eastgate Roasters”")
    with database.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_deleting_one_connection_leaves_the_others_records(
    company, connection, platform, pull, alice
):
    platform.serve(page(invoice(1), cursor="1"))
    pull()
    other = ConnectionFactory(company=company, status=Connection.Status.UNLINKED)

    deletion.delete_connection(other, actor=alice)

    assert Record.objects.count() == 1
    assert Pull.objects.filter(requested_at__lte=Now()).count() == 1

"""What a pull asks for beyond the standard data, and what a change of that means for the store."""

import json

import pytest

from companies.models import AuditEntry, Event
from connections import custom_types, supplemental
from connections.configured import ConfigurationInvalid, NotConfigurable
from connections.models import CustomDataType
from connections.platforms import get_platform
from connections.platforms.sandbox import Sandbox
from connections.schemas import CustomRecord, DataType, SupplementalData
from connections.supplemental import Source
from sync import deletion, engine, operations
from sync.models import DataStatus, Pull, PullStatus, Record
from tests.sync.scripted import invoice, page


def wants(organization, **properties):
    """Configure what invoices of the sandbox carry besides."""
    sources = {"mine": Source(data_source="/invoices", pull_data=properties)} if properties else {}
    supplemental.configure(organization, Sandbox, DataType.INVOICES, sources, actor=None)


def configured(organization, identifier="projects", **changes):
    return custom_types.configure(
        organization,
        Sandbox,
        identifier,
        **{
            "data_source": "/projects",
            "required_data": {"name": "$.name"},
            "key_by": ["$.id"],
            "source_modified_date": [],
            "actor": None,
            **changes,
        },
    )


def project(number, **content):
    return CustomRecord(id=f"prj-{number}", content={"name": f"Project {number}", **content})


# Supplemental data


def test_a_pull_asks_for_what_is_configured(connection, platform, pull, organization):
    wants(organization, by="approval.by")
    record = invoice(1, supplemental_data=SupplementalData(content={"mine": {"by": "Amara"}}))
    platform.serve(page(record, cursor="1", watermark="w1"))

    done = pull()

    assert done.configuration == {"mine": {"by": "approval.by"}}
    (asked,) = platform.supplements.values()
    assert asked.objects["mine"]["by"].steps == ("approval", "by")
    stored = Record.objects.get()
    assert json.loads(stored.body)["supplementalData"] == {"content": {"mine": {"by": "Amara"}}}


def test_a_change_is_read_of_every_record(connection, platform, pull, organization):
    platform.serve(page(invoice(1), cursor="1", watermark="w1"))
    assert pull().is_full
    assert not pull().is_full

    wants(organization, by="approval.by")
    assert pull().is_full
    assert not pull().is_full
    wants(organization, by="approval.at")
    assert pull().is_full
    wants(organization)
    last = pull()

    assert last.is_full
    assert last.configuration is None
    assert not pull().is_full


def test_what_changes_meanwhile_holds_for_the_next_pull(connection, platform, pull, organization):
    wants(organization, by="first")
    platform.serve(
        page(invoice(1), cursor="1"),
        lambda: wants(organization, by="second"),
        page(invoice(2), cursor="2", watermark="w1"),
    )

    first = pull()
    second = pull()

    assert first.configuration == {"mine": {"by": "first"}}
    assert second.is_full
    assert second.configuration == {"mine": {"by": "second"}}


def test_what_is_only_written_changes_no_pull(connection, platform, pull, organization):
    wants(organization, by="approval.by")
    platform.serve(page(invoice(1), cursor="1", watermark="w1"))
    pull()
    sources = {
        "mine": Source(
            data_source="/invoices", pull_data={"by": "approval.by"}, push_data={"x": "y"}
        )
    }

    supplemental.configure(organization, Sandbox, DataType.INVOICES, sources, actor=None)

    assert supplemental.sources_of(organization.pk, "sandbox", DataType.INVOICES) == sources
    assert not pull().is_full


def test_another_organization_and_platform_are_not_concerned(
    connection, platform, pull, other_organization
):
    wants(other_organization, by="approval.by")
    platform.serve(page(invoice(1), cursor="1"))

    assert pull().configuration is None


@pytest.mark.parametrize(
    ("sources", "member"),
    [
        ({"a": Source(data_source="/bills", pull_data={"x": "y"})}, "a.dataSource"),
        ({"a": Source(data_source="/invoices", pull_data={"x": "y["})}, "a.pullData.x"),
        ({"a": Source(data_source="/invoices", push_data={"": "y"})}, "a.pushData"),
        ({" ": Source(data_source="/invoices")}, "supplementalDataConfig"),
        (
            {
                "a": Source(
                    data_source="/invoices", pull_data={str(each): "x" for each in range(51)}
                )
            },
            "supplementalDataConfig",
        ),
        (
            {str(each): Source(data_source="/invoices") for each in range(11)},
            "supplementalDataConfig",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_member(organization, sources, member):
    with pytest.raises(ConfigurationInvalid) as refused:
        supplemental.configure(organization, Sandbox, DataType.INVOICES, sources, actor=None)

    assert [problem.member for problem in refused.value.problems] == [member]
    assert supplemental.sources_of(organization.pk, "sandbox", DataType.INVOICES) == {}


@pytest.mark.parametrize(
    ("key", "data_type"), [("xero", DataType.INVOICES), ("sandbox", DataType.PAYMENTS)]
)
def test_where_there_is_nothing_to_give_it_is_said(organization, key, data_type):
    sources = {"a": Source(data_source="/x", pull_data={"x": "y"})}

    with pytest.raises(NotConfigurable, match="not supported"):
        supplemental.configure(organization, get_platform(key), data_type, sources, actor=None)


def test_changes_are_audited_and_told(organization, alice):
    sources = {"mine": Source(data_source="/invoices", pull_data={"by": "approval.by"})}
    for _ in range(2):
        supplemental.configure(organization, Sandbox, DataType.INVOICES, sources, actor=alice)
    supplemental.configure(organization, Sandbox, DataType.INVOICES, {}, actor=alice)

    first, last = AuditEntry.objects.order_by("at", "id")
    assert first.label == "Sandbox: supplemental data of invoices"
    assert first.actor == alice
    assert first.after == {"mine.data_source": "/invoices", "mine.pull_data.by": "approval.by"}
    assert last.before == first.after
    assert Event.objects.filter(type="settings.changed").count() == 2


# Custom data types


@pytest.fixture
def pull_projects(pull, organization):
    def run(**fields):
        return pull("custom/projects", **fields)

    return run


def test_a_custom_type_is_stored_like_any_other(connection, platform, pull_projects, organization):
    configured(organization)
    platform.serve(page(project(1, budget=5), project(2), cursor="1"))

    done = pull_projects()

    assert done.status == PullStatus.COMPLETE
    assert (done.added, done.is_full) == (2, True)
    (source,) = platform.customs
    assert source.data_source == "/projects"
    assert platform.asked == []
    record = Record.objects.of(connection.pk, "custom/projects").get(source_id="prj-1")
    assert json.loads(record.body)["content"] == {"budget": 5, "name": "Project 1"}
    status = DataStatus.objects.get(connection=connection, data_type="custom/projects")
    assert (status.record_count, status.frequency, status.next_due_at) == (2, "none", None)
    finished = Event.objects.get(type="pull.finished")
    assert finished.summary == "projects (custom): 2 added"


def test_what_no_longer_comes_is_flagged(connection, platform, pull_projects, organization):
    configured(organization)
    platform.serve(page(project(1), project(2), project(3), cursor="1"))
    pull_projects()
    platform.serve(page(project(1), project(2, budget=1), cursor="1"))

    done = pull_projects()

    assert (done.changed, done.unchanged, done.deleted) == (1, 1, 1)


def test_a_disappearance_is_held_unless_it_was_configured(
    connection, platform, pull_projects, organization
):
    configured(organization)
    platform.serve(page(project(1), cursor="1"))
    pull_projects()
    platform.serve(page(cursor="1"))

    assert pull_projects().is_held
    configured(organization, data_source="/projects?status=closed")
    done = pull_projects()

    assert done.status == PullStatus.COMPLETE
    assert done.deleted == 1


def test_a_refresh_of_everything_leaves_custom_types_alone(
    connection, platform, pull_projects, organization
):
    configured(organization)
    platform.serve(page(project(1), cursor="1"))
    pull_projects()

    refresh = operations.refresh_company(connection.company)

    assert "custom/projects" not in {each.data_type for each in refresh.pulls}


def test_a_type_that_nobody_configured_cannot_be_asked_for(connection, pull, organization):
    configured(organization, "others")

    with pytest.raises(operations.NotSupported, match="projects for platform Sandbox"):
        pull("custom/projects")
    with pytest.raises(operations.NotSupported, match="not supported"):
        pull("custom/../etc")


def test_a_type_that_is_gone_by_then_is_not_supported(
    connection, platform, pull_projects, organization
):
    configured(organization)
    queued = operations.queue_pull(connection, "custom/projects", trigger=Pull.Trigger.API)
    CustomDataType.objects.all().delete()

    engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert queued.status == PullStatus.NOT_SUPPORTED
    assert "not configured" in queued.error_message


def test_one_pull_at_a_time_and_once_more_by_hand(
    connection, platform, pull_projects, organization, alice
):
    configured(organization)
    operations.queue_pull(connection, "custom/projects", trigger=Pull.Trigger.API)
    with pytest.raises(operations.AlreadyRunning):
        pull_projects()
    platform.serve(page(project(1), cursor="1"))
    engine.run_connection(connection.organization_id, connection.pk)

    again = operations.retry_pull(Pull.objects.get(), actor=alice)

    assert again.data_type == "custom/projects"


def test_a_deleted_company_takes_it_along(connection, platform, pull_projects, organization, alice):
    configured(organization)
    platform.serve(page(project(1), cursor="1"))
    pull_projects()

    deletion.delete_company(connection.company, actor=alice)

    assert not Record.objects.exists()
    assert not Pull.objects.exists()
    assert CustomDataType.objects.count() == 1  # the organization's, for others


@pytest.mark.parametrize(
    ("changes", "members"),
    [
        ({"data_source": ""}, ["dataSource"]),
        ({"data_source": "https://elsewhere.example/x"}, ["dataSource"]),
        ({"data_source": "//elsewhere.example/x"}, ["dataSource"]),
        ({"data_source": "/../control/clock"}, ["dataSource"]),
        ({"data_source": "/%2e%2e/control"}, ["dataSource"]),
        ({"data_source": "/a\\b"}, ["dataSource"]),
        ({"data_source": "/a?b\r\nc"}, ["dataSource"]),
        ({"data_source": "/a#b"}, ["dataSource"]),
        ({"data_source": "/" + "a" * 500}, ["dataSource"]),
        ({"required_data": {}}, ["requiredData"]),
        ({"required_data": {str(each): "x" for each in range(51)}}, ["requiredData"]),
        ({"required_data": {"a": "$..b", "c" * 101: "d"}}, ["requiredData", "requiredData.a"]),
        ({"key_by": []}, ["keyBy"]),
        ({"key_by": ["$"]}, ["keyBy[0]"]),
        ({"source_modified_date": ["x"] * 11}, ["sourceModifiedDate"]),
        ({"identifier": "a b"}, ["customDataIdentifier"]),
    ],
)
def test_a_configuration_that_cannot_be_kept_is_refused(organization, changes, members):
    with pytest.raises(ConfigurationInvalid) as refused:
        configured(organization, **changes)

    assert [problem.member for problem in refused.value.problems] == members
    assert not CustomDataType.objects.exists()


@pytest.mark.parametrize(
    "data_source",
    ["projects", "/api/v1/projects/", "/query?query=select * from Account where a = 'b'"],
)
def test_a_path_with_a_query_is_a_data_source(organization, data_source):
    assert configured(organization, data_source=data_source).data_source == data_source


def test_a_platform_has_only_so_many(organization, monkeypatch):
    monkeypatch.setattr(custom_types, "MOST_TYPES", 1)
    configured(organization)
    configured(organization, key_by=["$.code"])

    with pytest.raises(ConfigurationInvalid, match="1 custom data types"):
        configured(organization, "another")


def test_what_was_configured_is_audited(organization, alice):
    configured(organization, actor=alice)
    configured(organization, key_by=["$.code"], actor=alice)

    first, second = AuditEntry.objects.order_by("at", "id")
    assert (first.action, first.label) == ("created", "Sandbox: custom data type projects")
    assert (second.before, second.after) == ({"key_by": ["$.id"]}, {"key_by": ["$.code"]})

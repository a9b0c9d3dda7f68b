"""Extra data on the portal's pages: custom data types, and supplements of records."""

import csv
import io

import pytest
from django.urls import reverse
from django.utils import timezone

from companies.models import Event
from connections import custom_types, supplemental
from connections.platforms.sandbox import Sandbox
from connections.schemas import DataType
from connections.supplemental import Source
from sync.models import Pull
from tests.factories import ConnectionFactory, DataStatusFactory, PullFactory
from tests.sync.books import a_record, a_status

CUSTOM = "custom/projects"
BODY = {
    "id": "prj-1",
    "sourceModifiedDate": None,
    "content": {"name": "Refit", "budget": 100.10, "tags": ["a", "b"], "open": True, "old": 1},
}


@pytest.fixture
def connection(company):
    return ConnectionFactory(company=company, first_linked_at=timezone.now())


@pytest.fixture
def projects(organization):
    return custom_types.configure(
        organization,
        Sandbox,
        "projects",
        data_source="/projects",
        required_data={"name": "$.name", "budget": "$.budget", "tags": "$.tags", "open": "$.open"},
        key_by=["$.id"],
        source_modified_date=[],
        actor=None,
    )


@pytest.fixture
def stored(connection, projects):
    DataStatusFactory(
        connection=connection,
        data_type=CUSTOM,
        last_success_at=timezone.now(),
        record_count=2,
        latest_status="Complete",
    )
    a_record(connection, CUSTOM, "prj-1", body=BODY)
    return a_record(connection, CUSTOM, "prj-2", body={"id": "prj-2", "content": {"name": "Zoe"}})


def url(name, company, **kwargs):
    place = {"organization": company.organization.slug, "company_id": company.pk}
    return reverse(f"sync:{name}", kwargs=place | kwargs)


def text(answer):
    assert answer.status_code == 200
    return b"".join(answer).decode() if answer.streaming else answer.content.decode()


def exported(client, company, data_type):
    written = text(client.get(url("export", company, data_type=data_type)))
    return list(csv.DictReader(io.StringIO(written.removeprefix("\ufeff"))))


def test_a_configured_type_is_listed_before_it_was_pulled(client, company, connection, projects):
    page = text(client.get(url("data", company)))
    assert "projects (custom)" in page

    page = text(client.get(url("data-type", company, data_type=CUSTOM)))
    assert "Never pulled" in page
    assert f"/connections/{connection.pk}/data/queue/custom/projects" in page


def test_its_records_are_a_table_with_what_was_configured(client, company, stored):
    page = text(client.get(url("data-type", company, data_type=CUSTOM)))

    assert ">name</th>" in page
    assert "100.1" in page
    assert "[&quot;a&quot;,&quot;b&quot;]" in page
    assert ">true<" in page
    assert "Search by property" not in page
    assert ">old</th>" not in page


@pytest.mark.parametrize(
    ("asked", "found"), [("refit", 1), ("prj-", 2), ("name = Refit", 0), ("zoe", 1)]
)
def test_words_are_looked_for_in_the_whole_record(client, company, stored, asked, found):
    page = text(client.get(url("data-type", company, data_type=CUSTOM), {"q": asked}))

    assert page.count('class="row-link"') == found


def test_one_record_shows_its_properties_and_its_json(client, company, stored):
    page = text(client.get(url("record", company, data_type=CUSTOM, source_id="prj-1")))

    assert "<dt>budget</dt><dd>100.1</dd>" in page
    assert "&quot;old&quot;: 1" in page
    partial = {"HX-Request": "true", "HX-Request-Type": "partial"}
    drawer = client.get(
        url("record", company, data_type=CUSTOM, source_id="prj-1"), headers=partial
    )
    assert "<dialog" in text(drawer)


def test_its_file_has_every_property(client, company, stored):
    rows = exported(client, company, CUSTOM)

    assert len(rows) == 2
    (refit,) = [row for row in rows if row["name"] == "Refit"]
    assert (refit["budget"], refit["tags"], refit["open"]) == ("100.1", '["a","b"]', "true")


def test_the_past_of_the_whole_table_is_there_too(client, company, stored):
    page = text(client.get(url("data-type", company, data_type=CUSTOM), {"asOf": "2020-01-01"}))

    assert "None then" in page


def test_its_pulls_are_in_the_history_and_can_be_filtered(client, company, connection, projects):
    pull = PullFactory(
        connection=connection,
        data_type=CUSTOM,
        status="Complete",
        completed_at=timezone.now(),
        configuration={"requiredData": {"name": "$.name"}, "dataSource": "/projects"},
    )
    PullFactory(connection=connection, data_type="bills")
    DataStatusFactory(connection=connection, data_type=CUSTOM)

    page = text(client.get(url("history", company), {"type": CUSTOM}))
    assert page.count('<tr id="pull-') == 1
    assert "projects (custom)" in page
    assert '<option value="custom/projects" selected>' in page
    one = text(client.get(url("pull", company, pull_id=pull.pk)))
    assert "name from /projects" in one
    assert url("data-type", company, data_type=CUSTOM) in one
    summary = text(client.get(url("summary", company)))
    assert "projects (custom)" in summary


def test_a_retry_by_hand_asks_for_it_again(client, company, connection, projects):
    pull = PullFactory(
        connection=connection, data_type=CUSTOM, status="Complete", completed_at=timezone.now()
    )

    client.post(url("retry-pull", company, pull_id=pull.pk))

    assert Pull.objects.filter(data_type=CUSTOM, status="Queued").count() == 1


@pytest.fixture
def supplement(organization):
    sources = {
        "mine": Source(data_source="/invoices", pull_data={"by": "approval.by", "tags": "tags"})
    }
    supplemental.configure(organization, Sandbox, DataType.INVOICES, sources, actor=None)


@pytest.fixture
def invoice(connection):
    a_status(connection)
    content = {"mine": {"by": "Amara", "tags": ["a"]}}
    return a_record(connection, body={"id": "1", "supplementalData": {"content": content}})


def test_supplemental_data_is_on_the_record_and_in_the_file(client, company, supplement, invoice):
    page = text(client.get(url("record", company, data_type="invoices", source_id="1")))
    assert "<dt>mine.by</dt><dd>Amara</dd>" in page
    assert "&quot;supplementalData&quot;" in page

    (row,) = exported(client, company, "invoices")
    assert (row["mine.by"], row["mine.tags"]) == ("Amara", '["a"]')


def test_the_table_of_a_standard_type_stays_as_narrow(client, company, supplement, invoice):
    page = text(client.get(url("data-type", company, data_type="invoices")))

    assert "mine.by" not in page


def test_records_without_it_leave_it_empty(client, company, connection, supplement):
    a_status(connection)
    a_record(connection)

    page = text(client.get(url("record", company, data_type="invoices", source_id="1")))

    assert "<dt>mine.by</dt><dd></dd>" in page


def test_settings_tell_what_is_configured(
    client, organization, membership, projects, supplement, settings
):
    settings.SANDBOX_URL = "http://sandbox.test"
    place = {"organization": organization.slug, "platform": "sandbox"}
    page = text(client.get(reverse("connections:integration", kwargs=place)))

    assert "Also mine.by, mine.tags" in page
    assert "from <code>/projects</code>" in page
    other = reverse("connections:integration", kwargs=place | {"platform": "xero"})
    assert "Extra data" not in text(client.get(other))
    assert Event.objects.filter(type="settings.changed").count() == 2

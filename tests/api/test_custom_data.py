"""Custom data types: configured, refreshed and read."""

import json
from uuid import uuid4

import pytest
from django.utils import timezone

from companies import tenancy
from connections.models import Connection
from connections.schemas import CustomRecord, encode
from sync.models import Pull, Record
from tests.factories import CompanyFactory, ConnectionFactory, DataStatusFactory

pytestmark = pytest.mark.django_db

PATH = "/integrations/mqjo/dataTypes/custom/projects"
CONFIGURATION = {
    "dataSource": "/projects?status=open",
    "requiredData": {"name": "$[*].name", "manager": "$[*].manager"},
    "keyBy": ["$[*].id"],
    "sourceModifiedDate": ["$[*].updated_at"],
}


@pytest.fixture(autouse=True)
def _sandbox(settings):
    settings.SANDBOX_URL = "http://sandbox.test"


@pytest.fixture
def connection(company):
    return ConnectionFactory(company=company)


@pytest.fixture
def projects(program):
    assert program.put(PATH, CONFIGURATION).status_code == 200


def data(connection):
    return f"/companies/{connection.company_id}/connections/{connection.pk}/data"


def keep(connection, count, data_type="custom/projects", **stored):
    now = timezone.now()
    pull_id = uuid4()
    with tenancy.entered(connection.organization_id):
        for number in range(count):
            record = CustomRecord(id=f"prj-{number}", content={"name": None, "budget": 5})
            Record.objects.create(
                connection_id=connection.pk,
                data_type=data_type,
                source_id=record.id,
                organization=connection.organization,
                hash=b"h",
                body=encode(record).decode().replace('"budget":5', '"budget":100.10'),
                modified_at=now,
                pull_id=pull_id,
                **stored,
            )
    DataStatusFactory(
        connection=connection,
        data_type=data_type,
        last_success_at=now,
        latest_pull_id=pull_id,
        latest_success_pull_id=pull_id,
        latest_status="Complete",
    )


def test_a_configuration_is_read_as_it_was_set(program):
    assert program.get(PATH).status_code == 404

    assert program.put(PATH, CONFIGURATION).json() == CONFIGURATION
    assert program.get(PATH).json() == CONFIGURATION
    assert program.get(PATH.replace("dataTypes", "datatypes")).json() == CONFIGURATION

    changed = CONFIGURATION | {"keyBy": ["$[*].code"], "sourceModifiedDate": None}
    assert program.put(PATH, changed).json() == changed
    assert program.get(PATH).json() == changed


def test_all_that_is_wrong_is_told_at_once(program):
    answer = program.put(PATH, {"dataSource": "http://x", "keyBy": ["$..id"]})

    assert answer.status_code == 400
    errors = answer.json()["validation"]["errors"]
    assert [each["itemId"] for each in errors] == ["dataSource", "requiredData", "keyBy[0]"]
    assert program.get(PATH).status_code == 404


def test_platforms_that_cannot_refuse(program):
    answer = program.put(PATH.replace("mqjo", "gbol"), CONFIGURATION)

    assert answer.status_code == 400
    assert "Custom data types such as projects are not supported for Xero" in answer.json()["error"]
    assert program.get(PATH.replace("mqjo", "gbol")).status_code == 404
    assert program.put(PATH.replace("mqjo", "zzzz"), CONFIGURATION).status_code == 404


def test_a_refresh_queues_a_pull(program, connection, projects):
    answer = program.post(f"{data(connection)}/queue/custom/projects")

    assert answer.status_code == 200, answer.content
    queued = answer.json()
    assert (queued["dataType"], queued["status"]) == ("custom/projects", "Queued")
    assert Pull.objects.get().data_type == "custom/projects"
    history = program.get(f"/companies/{connection.company_id}/data/history").json()
    assert [each["dataType"] for each in history["results"]] == ["custom/projects"]
    # Clients know no such key there, and fail at a data type that is none of theirs.
    assert program.get(f"/companies/{connection.company_id}/dataStatus").json() == {}

    again = program.post(f"{data(connection)}/queue/custom/projects")
    assert again.status_code == 400
    assert "DatasetAlreadyInProgressException" in again.json()["error"]


def test_nothing_is_queued_where_it_cannot_be_pulled(program, organization, connection, projects):
    unlinked, tryton = (
        ConnectionFactory(company=CompanyFactory(organization=organization), **fields)
        for fields in ({"status": Connection.Status.UNLINKED}, {"platform": "tryton"})
    )

    assert program.post(f"{data(unlinked)}/queue/custom/projects").status_code == 400
    assert program.post(f"{data(tryton)}/queue/custom/projects").status_code == 404
    assert program.post(f"{data(connection)}/queue/custom/others").status_code == 404
    assert program.get(f"{data(connection)}/custom/others").status_code == 404
    assert not Pull.objects.exists()


def test_records_come_in_pages(program, connection, projects):
    keep(connection, 3)

    page = program.get(f"{data(connection)}/custom/projects?page=2&pageSize=2")

    assert page.status_code == 200, page.content
    assert b'"budget":100.10' in page.content
    found = page.json()
    assert (found["pageNumber"], found["pageSize"], found["totalResults"]) == (2, 2, 3)
    (record,) = found["results"]
    assert set(record) == {"id", "content", "modifiedDate"}
    assert record["id"] == "prj-2"
    assert record["content"] == {"name": None, "budget": 100.1}
    assert record["modifiedDate"]["modifiedDate"].endswith("Z")
    for asked in ("page=0", "pageSize=5001", "page=x"):
        assert program.get(f"{data(connection)}/custom/projects?{asked}").status_code == 400


def test_what_is_gone_is_left_out(program, connection, projects):
    keep(connection, 2, is_deleted=True)

    assert program.get(f"{data(connection)}/custom/projects").json()["results"] == []


def test_before_the_first_success_it_says_why_there_is_nothing(program, connection, projects):
    answer = program.get(f"{data(connection)}/custom/projects")

    assert answer.status_code == 404
    assert "has not been requested" in answer.json()["error"]
    assert f"{data(connection)}/queue/custom/projects" in answer.json()["error"]


def test_it_is_the_organizations_own(program, program_of, other_organization, connection, projects):
    theirs = program_of(other_organization)

    assert theirs.get(PATH).status_code == 404
    assert theirs.get(f"{data(connection)}/custom/projects").status_code == 404
    assert theirs.put(PATH, CONFIGURATION | {"dataSource": "/theirs"}).status_code == 200
    assert program.get(PATH).json() == CONFIGURATION


def test_scopes_are_asked_for(program_of, organization, connection, projects):
    reader = program_of(organization, scopes=["read"])

    assert reader.put(PATH, CONFIGURATION).status_code == 403
    assert reader.post(f"{data(connection)}/queue/custom/projects").status_code == 403
    assert reader.get(PATH).status_code == 200


def test_the_document_says_what_a_record_looks_like(client):
    document = json.loads(client.get("/api/openapi.json").content)
    record = document["components"]["schemas"]["CustomDataTypeRecord"]

    assert set(record["properties"]) == {"id", "content", "modifiedDate"}

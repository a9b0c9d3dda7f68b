"""Extra data all the way: configured by a program, pulled from the sandbox over HTTP, read back."""

import json
from decimal import Decimal

import pytest

from companies import tenancy
from link.sandbox import link_sandbox
from sync import engine, tasks
from sync.models import Pull
from tests.factories import CompanyFactory, OrganizationFactory
from tests.real_sandbox import sandbox, sandbox_server  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)

SUPPLEMENT = "/integrations/mqjo/dataTypes/{}/supplementalDataConfig"
CUSTOM = "/integrations/mqjo/dataTypes/custom/projects"


@pytest.fixture
def owner(db):
    return OrganizationFactory()


@pytest.fixture
def connection(sandbox, owner, monkeypatch):
    monkeypatch.setattr(tasks, "ring", lambda *_: None)
    company = CompanyFactory(organization=owner, name="Eastgate Roasters")
    connection = link_sandbox(company, business="small")
    with tenancy.entered(company.organization_id):
        Pull.objects.all().delete()
    return connection


@pytest.fixture
def program(program_of, owner):
    return program_of(owner)


def pulled(program, connection, path):
    """Ask for a pull through the API, and let a worker carry it out."""
    asked = program.post(f"/companies/{connection.company_id}{path}")
    assert asked.status_code == 200, asked.content
    engine.run_connection(connection.organization_id, connection.pk)
    history = f"/companies/{connection.company_id}/data/history/{asked.json()['id']}"
    return program.get(history).json() | {"details": program.get(f"{history}/details").json()}


@pytest.mark.parametrize(
    ("data_type", "path", "source", "properties"),
    [
        (
            "invoices",
            "data/invoices",
            "/invoices",
            {"by": "approval.by.name", "order": "purchase_order", "none": "no.such"},
        ),
        ("customers", "data/customers", "/customers", {"limit": "credit_limit", "tags": "tags"}),
    ],
)
def test_records_carry_what_was_configured(
    program, connection, data_type, path, source, properties
):
    before = pulled(program, connection, f"/data/queue/{data_type}")
    assert before["status"] == "Complete"
    body = {"supplementalDataConfig": {"mine": {"dataSource": source, "pullData": properties}}}
    assert program.put(SUPPLEMENT.format(data_type), body).status_code == 200

    after = pulled(program, connection, f"/data/queue/{data_type}")

    assert after["status"] == "Complete"
    assert after["details"]["counts"]["changed"] > 0
    page = program.get(f"/companies/{connection.company_id}/{path}?pageSize=5000")
    found = json.loads(page.content, parse_float=Decimal)["results"]
    contents = [each["supplementalData"]["content"]["mine"] for each in found]
    assert all(set(content) == set(properties) for content in contents)
    if data_type == "invoices":
        assert all(content["by"] and content["none"] is None for content in contents)
    else:
        assert {type(content["limit"]) for content in contents} >= {int, Decimal}
        assert all(isinstance(content["tags"], list) for content in contents)


def test_the_company_carries_it_too(program, connection):
    config = {"mine": {"dataSource": "/company", "pullData": {"staff": "employees"}}}
    program.put(SUPPLEMENT.format("company"), {"supplementalDataConfig": config})

    assert pulled(program, connection, "/data/queue/company")["status"] == "Complete"

    info = program.get(f"/companies/{connection.company_id}/data/info").json()
    assert info["supplementalData"]["content"]["mine"]["staff"] in {7, 24, 180}


def test_a_custom_type_is_pulled_and_read(program, connection):
    below = f"/connections/{connection.pk}/data"
    configuration = {
        "dataSource": "/projects",
        "requiredData": {
            "name": "$[*].name",
            "customer": "$[*].customer.id",
            "budget": "$[*].budget",
            "due": "$[*].milestones[*].due_on",
        },
        "keyBy": ["$[*].id"],
        "sourceModifiedDate": ["$[*].updated_at"],
    }
    assert program.put(CUSTOM, configuration).status_code == 200

    first = pulled(program, connection, f"{below}/queue/custom/projects")

    assert (first["status"], first["dataType"]) == ("Complete", "custom/projects")
    listed = f"/companies/{connection.company_id}{below}/custom/projects"
    page = json.loads(program.get(f"{listed}?page=1").content, parse_float=Decimal)
    assert page["totalResults"] == len(page["results"]) == first["details"]["counts"]["added"] > 0
    content = page["results"][0]["content"]
    assert content["customer"].startswith("cus_")
    assert isinstance(content["budget"], Decimal)
    assert len(content["due"]) == 2

    again = pulled(program, connection, f"{below}/queue/custom/projects")
    assert again["details"]["counts"]["unchanged"] == page["totalResults"]

    program.put(CUSTOM, configuration | {"keyBy": ["$[*].customer.id", "$[*].code"]})
    rekeyed = pulled(program, connection, f"{below}/queue/custom/projects")
    assert rekeyed["status"] == "Complete"
    assert rekeyed["details"]["counts"]["deleted"] == page["totalResults"]
    now = program.get(listed).json()
    assert now["totalResults"] == page["totalResults"]
    assert all("|" in each["id"] for each in now["results"])


def test_a_data_source_that_is_not_there_is_told(program, connection):
    configuration = {
        "dataSource": "/no_such_list",
        "requiredData": {"name": "$.name"},
        "keyBy": ["$.id"],
    }
    program.put(CUSTOM, configuration)

    pull = pulled(program, connection, f"/connections/{connection.pk}/data/queue/custom/projects")

    assert pull["status"] == "FetchError"
    assert "dataSource" in pull["errorMessage"]

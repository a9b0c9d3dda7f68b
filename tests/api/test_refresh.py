"""Refreshing, data status and history, as programs see them."""

import pytest

from sync.models import PullStatus
from tests.factories import ConnectionFactory, DataStatusFactory, PullFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(company):
    return ConnectionFactory(company=company)


@pytest.fixture
def path(company):
    return f"/companies/{company.pk}/data"


def test_all_data_is_queued(program, path, connection):
    answer = program.post(f"{path}/all")
    assert (answer.status_code, answer.content) == (204, b"")
    history = program.get(f"{path}/history?pageSize=100").json()
    assert {each["status"] for each in history["results"]} == {"Queued"}
    assert history["totalResults"] == 18


def test_nothing_can_be_pulled_without_a_linked_connection(program, path):
    assert program.post(f"{path}/all").status_code == 400
    assert program.post(f"{path}/queue/invoices").status_code == 400


def test_a_data_type_is_queued_once(program, path, connection, company):
    pull = program.post(f"{path}/queue/invoices?connectionId={connection.pk}").json()
    assert (pull["dataType"], pull["status"], pull["isCompleted"]) == ("invoices", "Queued", False)
    again = program.post(f"{path}/queue/invoices")
    assert again.status_code == 400
    assert again.json()["error"] == (
        f"DatasetAlreadyInProgressException: Cannot queue invoices sync for {company.pk} "
        f"as previous sync {pull['id']} is still in progress"
    )
    assert program.get(f"{path}/history/{pull['id']}").json() == pull


def test_what_cannot_be_pulled_is_not_found(program, path, connection):
    assert program.post(f"{path}/queue/shoes").status_code == 404


@pytest.mark.parametrize("status", PullStatus.values)
def test_each_status_can_be_read_and_asked_for(program, path, connection, status):
    counts = {"fetched": 0}
    PullFactory(connection=connection, status=status, **counts)
    (found,) = program.get(f"{path}/history?query=status={status}").json()["results"]
    assert found["status"] == status
    assert found["isCompleted"] == (status == "Complete")


def test_what_is_computed_cannot_be_asked_for(program, path):
    answer = program.get(f"{path}/history?query=isCompleted=true")
    assert answer.status_code == 400
    expected = "Error parsing query - Could not resolve property isCompleted on Dataset"
    assert answer.json()["error"].startswith(expected)


def test_data_status_leaves_out_what_was_never_pulled(program, company, connection):
    pull = PullFactory(connection=connection, status="FetchError")
    DataStatusFactory(connection=connection, latest_pull_id=pull.pk, latest_status="FetchError")
    DataStatusFactory(connection=connection, data_type="bills")
    status = program.get(f"/companies/{company.pk}/dataStatus").json()
    assert list(status) == ["invoices"]
    assert status["invoices"]["currentStatus"] == "FetchError"
    assert status["invoices"]["latestSyncId"] == str(pull.pk)

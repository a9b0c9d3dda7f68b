"""What pulls did, how they are stopped, and what records were before."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from connections.schemas import DataType, encode
from sync.models import PlatformRequest, Pull, PullStatus, RejectedRecord, ValidationIssue
from tests.api.stored import a_canonical, keep, keep_another, supersede
from tests.factories import ConnectionFactory, PullFactory

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def connection(company):
    return ConnectionFactory(company=company)


@pytest.fixture
def history(company):
    return f"/companies/{company.pk}/data/history"


def test_validation_results(program, company, connection):
    pull = PullFactory(connection=connection)
    for level in ("warning", "error"):
        ValidationIssue.objects.create(
            organization=company.organization,
            pull=pull,
            level=level,
            rule_id=f"accounting-bill-{level}",
            item_id="7",
            message="Not so.",
            validator_name="BillValidator",
        )
    path = f"/companies/{company.pk}/sync"
    found = program.get(f"{path}/{pull.pk}/validation").json()
    assert found["errors"] == [
        {
            "ruleId": "accounting-bill-error",
            "itemId": "7",
            "message": "Not so.",
            "validatorName": "BillValidator",
        }
    ]
    assert [each["ruleId"] for each in found["warnings"]] == ["accounting-bill-warning"]
    assert program.get(f"{path}/{connection.pk}/validation").status_code == 404


def test_the_details_of_a_pull(program, history, company, connection):
    at = timezone.now()
    pull = PullFactory(
        connection=connection,
        status=PullStatus.COMPLETE,
        trigger=Pull.Trigger.SCHEDULE,
        reason="Due every day",
        started_at=at,
        completed_at=at + HOUR,
        steps=[
            {"status": "Queued", "at": at.isoformat()},
            {"status": "Fetching", "at": (at + dt.timedelta(seconds=2)).isoformat()},
        ],
        fetched=3,
        added=2,
        rejected=1,
    )
    organization = company.organization
    RejectedRecord.objects.create(
        organization=organization, pull=pull, source_id="9", reason="No date.", raw='{"id": 9}'
    )
    PlatformRequest.objects.create(
        organization=organization,
        pull=pull,
        at=at,
        method="GET",
        url="https://platform.test/invoices",
        status=200,
        milliseconds=12,
        size=345,
    )
    answer = program.get(f"{history}/{pull.pk}/details")
    assert answer.status_code == 200, answer.content
    found = answer.json()

    assert found["id"] == str(pull.pk)
    assert (found["trigger"], found["why"]) == ("schedule", "Due every day")
    assert [(each["status"], each["milliseconds"]) for each in found["steps"]] == [
        ("Queued", 2000),
        ("Fetching", None),
    ]
    assert (found["counts"]["fetched"], found["counts"]["rejected"]) == (3, 1)
    assert (found["requests"]["count"], found["requests"]["milliseconds"]) == (1, 12)
    assert found["requests"]["items"][0]["url"] == "https://platform.test/invoices"
    assert found["rejectedRecords"]["items"] == [
        {"id": "9", "reason": "No date.", "raw": '{"id": 9}'}
    ]
    assert program.get(f"{history}/{connection.pk}/details").status_code == 404


def test_a_pull_is_cancelled_once(program, history, connection):
    pull = program.post(f"/companies/{connection.company_id}/data/queue/invoices").json()
    answer = program.post(f"{history}/{pull['id']}/cancel")
    assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == "Cancelled"
    again = program.post(f"{history}/{pull['id']}/cancel")
    assert again.status_code == 409
    assert "it is Cancelled" in again.json()["error"]


def test_a_running_pull_is_asked_to_stop(program, history, connection):
    pull = PullFactory(
        connection=connection, status=PullStatus.FETCHING, lease_until=timezone.now() + HOUR
    )
    assert program.post(f"{history}/{pull.pk}/cancel").json()["status"] == "Fetching"
    assert program.get(f"{history}/{pull.pk}/details").json()["isCancelling"] is True


def test_cancelling_needs_the_right_scope(program_of, organization, history, connection):
    pull = PullFactory(connection=connection)
    reader = program_of(organization, scopes=["read"])
    assert reader.post(f"{history}/{pull.pk}/cancel").status_code == 403


@pytest.fixture
def changed(connection):
    """Four invoices: one as it was, one changed, one deleted, one that came."""
    then = timezone.now() - 10 * HOUR
    same, other, gone = keep(
        connection,
        DataType.INVOICES,
        *(a_canonical(DataType.INVOICES, name) for name in ("same", "other", "gone")),
        modified_at=then,
    )
    body = encode(a_canonical(DataType.INVOICES, "other", amount_due=Decimal("0.00"))).decode()
    supersede(connection, other, at=then + 2 * HOUR, body=body)
    supersede(connection, gone, at=then + 3 * HOUR, is_deleted=True)
    keep_another(connection, a_canonical(DataType.INVOICES, "new"), modified_at=then + 4 * HOUR)
    # Changed and changed back is no change.
    supersede(connection, same, at=then + 5 * HOUR, body="{}")
    same.refresh_from_db()
    supersede(
        connection,
        same,
        at=then + 6 * HOUR,
        body=encode(a_canonical(DataType.INVOICES, "same")).decode(),
    )
    return then


def written(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.mark.parametrize("level", ["company", "connection"])
def test_what_changed_between_two_moments(program, company, connection, changed, level):
    between = "" if level == "company" else f"/connections/{connection.pk}"
    path = f"/companies/{company.pk}{between}/data/invoices/changes"

    def asked(since, until=None, more=""):
        to = f"&to={written(until)}" if until else ""
        answer = program.get(f"{path}?from={written(since)}{to}{more}")
        assert answer.status_code == 200, answer.content
        return answer

    answer = asked(changed + HOUR)
    found = answer.json()
    assert [(each["id"], each["change"]) for each in found["results"]] == [
        ("gone", "Deleted"),
        ("new", "Added"),
        ("other", "Changed"),
    ]
    assert found["counts"] == {"Added": 1, "Changed": 1, "Deleted": 1}
    assert found["totalResults"] == 3
    gone, new, other = found["results"]
    assert gone["after"]["metadata"] == {"isDeleted": True}
    assert new["before"] is None
    assert other["differences"] == [{"path": "amountDue", "before": "100.10", "after": "0.00"}]
    assert b'"amountDue":100.10' in answer.content
    assert other["before"]["metadata"] == {"isDeleted": False}

    assert asked(changed + HOUR, changed + 2 * HOUR).json()["counts"]["Changed"] == 1
    assert asked(changed + 7 * HOUR).json()["results"] == []
    assert asked(changed - HOUR, changed).json()["counts"]["Added"] == 3
    assert [
        each["id"] for each in asked(changed + HOUR, more="&change=Added").json()["results"]
    ] == ["new"]
    second = asked(changed + HOUR, more="&pageSize=1&page=2").json()
    assert [each["id"] for each in second["results"]] == ["new"]
    assert second["totalResults"] == 3


def test_changes_that_cannot_be_told(program, company, connection, changed):
    path = f"/companies/{company.pk}/data"
    assert program.get(f"{path}/invoices/changes").status_code == 400
    assert program.get(f"{path}/invoices/changes?from=then").status_code == 400
    assert program.get(f"{path}/invoices/changes?from=2026-05-04&to=2026-05-01").status_code == 400
    assert program.get(f"{path}/shoes/changes?from=2026-05-04").status_code == 404
    assert program.get(f"{path}/accounts/changes?from=2026-05-04").status_code == 409
    assert program.get(f"{path}/chartOfAccounts/changes?from=2026-05-04").status_code == 409


def test_the_versions_of_a_record(program, company, connection, changed):
    path = f"/companies/{company.pk}/data/invoices"
    answer = program.get(f"{path}/other/versions")
    assert answer.status_code == 200, answer.content
    newest, first = answer.json()["results"]
    assert newest["supersededDate"] is None
    assert first["supersededDate"] == newest["modifiedDate"]
    assert (newest["record"]["amountDue"], first["record"]["amountDue"]) == (0, 100.1)
    assert program.get(f"{path}/same/versions").json()["totalResults"] == 3
    deleted = program.get(f"{path}/gone/versions?pageSize=1").json()
    assert (deleted["totalResults"], deleted["results"][0]["isDeleted"]) == (2, True)
    assert program.get(f"{path}/nowhere/versions").status_code == 404
    of_connection = f"/companies/{company.pk}/connections/{connection.pk}/data/invoices"
    assert program.get(f"{of_connection}/other/versions").json()["totalResults"] == 2

"""What the clients find: made on the server's side, in the database, by a program of its own.

`python -m tests.clients.inside COMPANY_ID` prints JSON: keys by caller, and what cases name.
"""

import json
import os
import sys
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import django
from django.utils import timezone

from engines import Engines, data_dir
from portal.supervisor.environment import use_development_environment
from tests.clients.cases import PULL_STATUSES, STATUSES

MANY = 101


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    use_development_environment(data_dir())
    with Engines():
        django.setup()
        print(json.dumps(fill(UUID(sys.argv[1]))))


def fill(sandbox_company_id: UUID) -> dict[str, Any]:
    """Make an organization for the clients and an empty one, and keys for these and the demo's."""
    # Django's models can be imported only now.
    from api.keys import create_key  # noqa: PLC0415
    from api.models import Scope  # noqa: PLC0415
    from companies import tenancy  # noqa: PLC0415
    from companies.models import Organization  # noqa: PLC0415
    from connections.models import Connection  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    organization, empty = (
        factories.OrganizationFactory(name=name, slug=f"{name}-{uuid4().hex[:8]}".lower())
        for name in ("Clients", "Empty")
    )
    with tenancy.system():
        linked = Connection.objects.get(company=sandbox_company_id)
    with tenancy.entered(linked.organization_id):
        demo = Organization.objects.get(pk=linked.organization_id)
    keys = {
        "main": create_key(organization, name="main", actor=None)[1],
        "reader": create_key(organization, name="reader", scopes=[Scope.READ], actor=None)[1],
        "empty": create_key(empty, name="empty", actor=None)[1],
        "demo": create_key(demo, name="demo", actor=None)[1],
        "nobody": "lpk_nobody",
    }

    def company(name: str, **more: Any) -> Any:
        return factories.CompanyFactory(organization=organization, name=name, **more)

    for number in range(MANY):
        company(f"Branch {number:03}", description="one of many")
    known: dict[str, Any] = {
        "nothing": uuid4(),
        "organization": organization.pk,
        "sandbox": sandbox_company_id,
        "sandbox connection": linked.pk,
        "unlinked": company("Nothing Linked").pk,
    }
    for status in STATUSES:
        each = company(f"Is {status}", description="each status")
        connection = factories.ConnectionFactory(company=each, status=status)
        known |= {f"company {status}": each.pk, f"connection {status}": connection.pk}
    troubled = _troubled(company("Northgate Bakery", tags={"region": "uk"}))
    fresh = factories.ConnectionFactory(company=company("Fresh Fish"))
    refreshed = factories.ConnectionFactory(company=company("Refreshed"))
    for connection in (fresh, refreshed):
        _busy(connection, "items")
    _noted(fresh)
    pulled = factories.ConnectionFactory(company=company("Pulled Every Way"))
    pulls = {status: _pull(pulled, status, number) for number, status in enumerate(PULL_STATUSES)}
    known |= {
        "company": troubled.company_id,
        "connection": troubled.pk,
        "fresh": fresh.company_id,
        "fresh connection": fresh.pk,
        "refreshed": refreshed.company_id,
        "pulled": pulled.company_id,
        "pull": pulls["Complete"].pk,
    }
    return {"keys": keys, "known": {name: str(value) for name, value in known.items()}}


def _troubled(company: Any) -> Any:
    """Link a company whose first pull failed, with an error that is still active."""
    from companies import tenancy  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    connection = factories.ConnectionFactory(company=company, has_active_error=True)
    with tenancy.entered(company.organization_id):
        connection.errors.create(
            organization=company.organization,
            status_code="401",
            status_text="Unauthorized",
            error_message="Access was withdrawn.",
        )
    pull = factories.PullFactory(
        connection=connection, status="FetchError", completed_at=timezone.now()
    )
    factories.DataStatusFactory(
        connection=connection, latest_pull_id=pull.pk, latest_status="FetchError"
    )
    factories.DataStatusFactory(connection=connection, data_type="bills")
    return connection


def _noted(connection: Any) -> None:
    """Store a record of a custom data type. Its values are objects: typed clients take no other."""
    from companies import tenancy  # noqa: PLC0415
    from connections.schemas import CustomRecord, encode  # noqa: PLC0415
    from sync.models import Record  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    record = CustomRecord(id="note-1", content={"text": {"name": "Amara Okafor"}})
    with tenancy.entered(connection.organization_id):
        Record.objects.create(
            connection_id=connection.pk,
            data_type="custom/notes",
            source_id=record.id,
            organization=connection.organization,
            hash=b"h",
            body=encode(record).decode(),
            modified_at=timezone.now(),
            pull_id=uuid4(),
        )
    factories.DataStatusFactory(
        connection=connection,
        data_type="custom/notes",
        last_success_at=timezone.now(),
        latest_status="Complete",
    )


def _busy(connection: Any, data_type: str) -> None:
    """Let a pull run for as long as the clients call, so that none behind it begins."""
    from tests import factories  # noqa: PLC0415

    factories.PullFactory(
        connection=connection,
        data_type=data_type,
        status="Fetching",
        started_at=timezone.now(),
        lease_until=timezone.now() + timedelta(days=1),
    )


def _pull(connection: Any, status: str, number: int) -> Any:
    """Write a pull as if it stood there; no worker takes it before tomorrow."""
    from connections.schemas import DataType  # noqa: PLC0415
    from sync.models import RUNNING, WAITING  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    tomorrow = timezone.now() + timedelta(days=1)
    return factories.PullFactory(
        connection=connection,
        # Of one data type only one pull is under way at a time.
        data_type=list(DataType)[number % len(DataType)],
        status=status,
        not_before=tomorrow if status in WAITING else None,
        lease_until=tomorrow if status in RUNNING else None,
        completed_at=None if status in RUNNING + WAITING else timezone.now(),
    )


if __name__ == "__main__":
    main()

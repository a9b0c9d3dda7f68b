"""The loads that `throughput` times, in a Django that is set up."""

import time
from decimal import Decimal

import pytest

from companies import operations as companies
from companies import tenancy
from companies.models import User
from connections.models import Connection
from connections.schemas.base import AccountRef, CustomerRef
from connections.schemas.sales import Invoice, SalesLine
from sync import engine, operations, tasks
from sync.models import Pull, PullStatus
from tests.sync.scripted import Scripted, install, invoice, page


def run(records: int, page_size: int) -> tuple[str, float, float]:
    """Pull the same invoices twice; return the organization and the seconds of each pull."""
    with pytest.MonkeyPatch.context() as patch:
        platform = install(patch)
        patch.setattr(tasks, "ring", lambda *_: None)
        connection = _connection()
        first = _pull(
            connection, platform, [_invoice(number) for number in range(records)], page_size
        )
        changed = [
            _invoice(number, note="x" if number % 20 == 0 else None) for number in range(records)
        ]
        second = _pull(connection, platform, changed, page_size)
    return str(connection.organization_id), first, second


def _pull(
    connection: Connection, platform: Scripted, invoices: list[Invoice], page_size: int
) -> float:
    platform.serve(
        *(
            page(*invoices[start : start + page_size], cursor=str(start), total=len(invoices))
            for start in range(0, len(invoices), page_size)
        )
    )
    with tenancy.entered(connection.organization_id):
        pull = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    began = time.monotonic()
    engine.run_connection(connection.organization_id, connection.pk)
    seconds = time.monotonic() - began
    with tenancy.entered(connection.organization_id):
        pull.refresh_from_db()
    assert pull.status == PullStatus.COMPLETE, pull.error_detail
    return seconds


def _connection() -> Connection:
    user = User.objects.create_user(f"{time.monotonic_ns()}@example.com", name="Load")
    organization = companies.create_organization(user, "Load")
    with tenancy.entered(organization.pk):
        company = companies.create_company(organization, name="Load")
        return Connection.objects.create(
            organization=organization,
            company=company,
            platform="sandbox",
            source_type="Accounting",
            status=Connection.Status.LINKED,
        )


def _invoice(number: int, note: str | None = None) -> Invoice:
    lines = tuple(
        SalesLine(
            description=f"Roasted coffee beans, bag {line}",
            unit_amount=Decimal("10.00"),
            quantity=Decimal(1),
            sub_total=Decimal("10.00"),
            tax_amount=Decimal("2.00"),
            total_amount=Decimal("12.00"),
            account_ref=AccountRef(id="200", name="Sales"),
        )
        for line in range(2)
    )
    return invoice(
        number,
        total="24.00",
        note=note,
        customer_ref=CustomerRef(id=f"c{number % 97}", company_name="Café Zoë"),
        line_items=lines,
        sub_total=Decimal("20.00"),
        total_tax_amount=Decimal("4.00"),
    )

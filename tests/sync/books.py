"""Pulled data as the pages find them: a linked connection, its statuses, pulls and records."""

import datetime as dt
import json
from calendar import monthrange
from decimal import Decimal
from uuid import uuid4

from django.utils import timezone

from companies import tenancy
from connections.schemas import DataType
from sync.models import Frequency, PullStatus, Record, RecordVersion
from tests.factories import DataStatusFactory, PullFactory


def a_pull(connection, data_type="invoices", status=PullStatus.COMPLETE, **fields):
    moment = timezone.now()
    ended = {"completed_at": moment + dt.timedelta(seconds=3)} if status == "Complete" else {}
    return PullFactory(
        connection=connection,
        data_type=data_type,
        status=status,
        **{"requested_at": moment, "sync_order": DataType(data_type).sync_order, **ended, **fields},
    )


def a_status(connection, data_type="invoices", *, age=dt.timedelta(hours=1), **fields):
    return DataStatusFactory(
        connection=connection,
        data_type=data_type,
        **{
            "frequency": Frequency.NONE,
            "last_success_at": timezone.now() - age,
            "latest_status": PullStatus.COMPLETE,
            **fields,
        },
    )


def a_record(connection, data_type="invoices", source_id="1", *, body=None, **fields):
    with tenancy.entered(connection.organization_id):
        return Record.objects.create(
            connection_id=connection.pk,
            data_type=data_type,
            source_id=source_id,
            organization=connection.organization,
            hash=b"h",
            body=json.dumps(body or {"id": source_id}),
            **{"modified_at": timezone.now(), "pull_id": uuid4(), "label": source_id, **fields},
        )


def an_invoice(connection, number, *, on=dt.date(2026, 5, 4), amount="120.50", **fields):
    return a_record(
        connection,
        source_id=number,
        **{
            "label": number,
            "party": "Café Zoë",
            "dated_on": on,
            "amount": Decimal(amount),
            "currency": "GBP",
            "record_status": "Paid",
            **fields,
        },
    )


def an_earlier_version(record, *, body, changed_by, **fields):
    return RecordVersion.objects.create(
        connection_id=record.connection_id,
        data_type=record.data_type,
        source_id=record.source_id,
        organization=record.organization,
        label=record.label,
        hash=b"e",
        body=json.dumps(body),
        pull_id=uuid4(),
        superseded_by=changed_by.pk,
        **{
            "is_deleted": False,
            "modified_at": record.modified_at,
            "superseded_at": timezone.now(),
            **fields,
        },
    )


def a_line(name, value, *items, account=None):
    line = {"name": name, "value": value, "accountId": account}
    return {**line, "items": list(items)} if items else line


def a_profit_and_loss(connection, *, months=4):
    reports = []
    for month in range(months, 0, -1):
        sales = 1000.25 + month
        reports.append(
            {
                "fromDate": f"2026-{month:02}-01",
                "toDate": f"2026-{month:02}-{monthrange(2026, month)[1]}",
                "income": a_line(
                    "Income",
                    sales,
                    a_line("Trade", sales, a_line("Coffee", sales, account="200")),
                ),
                "costOfSales": a_line("Cost of sales", 100),
                "grossProfit": sales - 100,
                "expenses": a_line("Expenses", 50, a_line("Rent", 50, account="400")),
                "netOperatingProfit": sales - 150,
                "netOtherIncome": 0,
                "netProfit": sales - 150,
            }
        )
    body = {
        "id": "profitAndLoss",
        "currency": "GBP",
        "reportBasis": "Accrual",
        "reports": reports,
    }
    a_status(connection, "profitAndLoss", record_count=1)
    return a_record(connection, "profitAndLoss", "profitAndLoss", body=body)

"""Stored records of every data type, as canonical JSON with exact digits."""

import datetime as dt
import hashlib
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
from django.utils import timezone

from companies import tenancy
from connections.schemas import RECORD_TYPES, DataType, decode, encode, listing, single_id
from connections.schemas.statements import (
    BalanceSheetPeriod,
    CashFlowPeriod,
    ProfitAndLossPeriod,
    ReportLine,
)
from sync.models import Record, RecordVersion
from tests.sync.books import a_pull, a_status

DAY = dt.date(2026, 5, 4)
MONEY = Decimal("100.10")

#: What a record of each data type has to have, beside its ID.
_LEAST: dict[DataType, dict[str, Any]] = {
    DataType.CHART_OF_ACCOUNTS: {"type": "Asset", "status": "Active"},
    DataType.TAX_RATES: {"status": "Active"},
    DataType.CUSTOMERS: {"status": "Active"},
    DataType.SUPPLIERS: {"status": "Active"},
    DataType.ITEMS: {
        "is_bill_item": True,
        "is_invoice_item": True,
        "item_status": "Active",
        "type": "Service",
    },
    DataType.INVOICES: {
        "issue_date": DAY,
        "total_tax_amount": Decimal("0.00"),
        "total_amount": MONEY,
        "amount_due": MONEY,
        "status": "Submitted",
        "currency": "GBP",
    },
    DataType.BILLS: {
        "issue_date": DAY,
        "status": "Open",
        "sub_total": MONEY,
        "tax_amount": Decimal("0.00"),
        "total_amount": MONEY,
        "amount_due": MONEY,
        "currency": "GBP",
    },
    DataType.CREDIT_NOTES: {
        "total_amount": MONEY,
        "total_discount": Decimal("0.00"),
        "sub_total": MONEY,
        "total_tax_amount": Decimal("0.00"),
        "discount_percentage": Decimal(0),
        "remaining_credit": MONEY,
        "status": "Submitted",
    },
    DataType.PAYMENTS: {"date": DAY, "total_amount": MONEY},
    DataType.BILL_PAYMENTS: {"date": DAY, "total_amount": MONEY},
    DataType.BANK_TRANSACTIONS: {"account_id": "account/1", "amount": MONEY},
    DataType.BALANCE_SHEET: {
        "currency": "GBP",
        "reports": (BalanceSheetPeriod(date=dt.date(2026, 5, 31), net_assets=MONEY),),
    },
    DataType.PROFIT_AND_LOSS: {
        "currency": "GBP",
        "report_basis": "Accrual",
        "reports": (
            ProfitAndLossPeriod(
                from_date=dt.date(2026, 5, 1),
                to_date=dt.date(2026, 5, 31),
                income=ReportLine(name="Income", value=MONEY),
                gross_profit=MONEY,
                net_operating_profit=MONEY,
                net_other_income=Decimal("0.00"),
                net_profit=MONEY,
            ),
        ),
    },
    DataType.CASH_FLOW_STATEMENT: {
        "report_basis": "Cash",
        "report_input": "Direct",
        "reports": (
            CashFlowPeriod(
                from_date=dt.date(2026, 5, 1),
                to_date=dt.date(2026, 5, 31),
                cash_receipts=ReportLine(name="Receipts", value=MONEY),
            ),
        ),
    },
}
_LEAST[DataType.BILL_CREDIT_NOTES] = _LEAST[DataType.CREDIT_NOTES]


def _hash(body):
    return hashlib.blake2b(body.encode(), digest_size=16).digest()


def a_canonical(data_type, source_id="1", **fields):
    identifier = single_id(data_type) if data_type.is_single else source_id
    return RECORD_TYPES[data_type](id=identifier, **{**_LEAST.get(data_type, {}), **fields})


def unsaved(connection, record, **stored):
    """Return a row of the store, as staging and publishing would write it."""
    shown = listing(record)
    body = encode(record).decode()
    assert encode(decode(type(record), body)).decode() == body
    return Record(
        connection_id=connection.pk,
        data_type=record.data_type,
        source_id=record.id,
        organization=connection.organization,
        body=body,
        label=shown.label,
        party=shown.party or "",
        dated_on=shown.dated_on,
        amount=shown.amount,
        currency=shown.currency or "",
        due_on=shown.due_on,
        outstanding=shown.outstanding,
        record_status=shown.status or "",
        **{
            "hash": _hash(body),
            "modified_at": timezone.now(),
            "pull_id": uuid4(),
            "source_modified_at": record.source_modified_date,
            **stored,
        },
    )


def keep(connection, data_type, *records, **stored):
    """Store records as one successful pull did."""
    pull = a_pull(connection, data_type)
    rows = [unsaved(connection, each, **{"pull_id": pull.pk, **stored}) for each in records]
    with tenancy.entered(connection.organization_id):
        Record.objects.bulk_create(rows, batch_size=1000)
    a_status(
        connection,
        data_type,
        record_count=len(rows),
        latest_pull_id=pull.pk,
        latest_success_pull_id=pull.pk,
    )
    return rows


def keep_another(connection, record, **stored):
    row = unsaved(connection, record, **stored)
    row.save(force_insert=True)
    return row


def supersede(connection, row, *, at, body=None, **fields):
    """Change a stored record at a moment, and keep what it was, as publishing does."""
    listed = {
        field.attname: getattr(row, field.attname)
        for field in Record._meta.concrete_fields
        if field.name != "pk"
    }
    with tenancy.entered(connection.organization_id):
        pull = a_pull(connection, row.data_type, requested_at=at, completed_at=at)
        RecordVersion.objects.create(**listed, superseded_at=at, superseded_by=pull.pk)
        changed = {"modified_at": at, "pull_id": pull.pk, **fields}
        if body is not None:
            changed |= {"body": body, "hash": _hash(body)}
        Record.objects.within(connection.organization_id).filter(
            connection_id=connection.pk, data_type=row.data_type, source_id=row.source_id
        ).update(**changed)
    return pull


def members(body):
    return msgspec.json.decode(body, type=dict[str, msgspec.Raw])

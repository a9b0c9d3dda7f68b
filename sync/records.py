"""Stored records as tables: which columns a data type has, how it is sorted and searched."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

import msgspec
from django.db.models import Q
from django.http import QueryDict

from connections.models import Connection
from connections.schemas import DataType
from portal.keyset import Keyset, Page
from sync.models import DataStatus, Pull, PullStatus, Record, RecordQuerySet, RecordVersion

PAGE_SIZE = 50
VERSIONS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Columns:
    """The words above a data type's columns; an empty one is a column it has no use for."""

    label: str
    party: str = ""
    dated_on: str = ""
    amount: str = ""
    status: str = ""
    currency: str = ""


_DOCUMENT = {"dated_on": "Issued", "amount": "Total", "status": "Status"}

COLUMNS: Mapping[DataType, Columns] = MappingProxyType(
    {
        DataType.COMPANY: Columns("Name", party="Legal name", currency="Base currency"),
        DataType.CHART_OF_ACCOUNTS: Columns("Account", amount="Balance", status="Status"),
        DataType.TAX_RATES: Columns("Tax rate", amount="Percent", status="Status"),
        DataType.CUSTOMERS: Columns(
            "Customer", party="Contact", currency="Currency", status="Status"
        ),
        DataType.SUPPLIERS: Columns(
            "Supplier", party="Contact", currency="Currency", status="Status"
        ),
        DataType.ITEMS: Columns("Item", amount="Unit price", status="Status"),
        DataType.INVOICES: Columns("Number", party="Customer", **_DOCUMENT),
        DataType.BILLS: Columns("Reference", party="Supplier", **_DOCUMENT),
        DataType.CREDIT_NOTES: Columns("Number", party="Customer", **_DOCUMENT),
        DataType.BILL_CREDIT_NOTES: Columns("Number", party="Supplier", **_DOCUMENT),
        DataType.PAYMENTS: Columns("Reference", party="Customer", dated_on="Paid", amount="Total"),
        DataType.BILL_PAYMENTS: Columns(
            "Reference", party="Supplier", dated_on="Paid", amount="Total"
        ),
        DataType.JOURNAL_ENTRIES: Columns("Description", dated_on="Posted", amount="Total"),
        DataType.BANK_ACCOUNTS: Columns(
            "Account", party="Institution", amount="Balance", status="Status"
        ),
        DataType.BANK_TRANSACTIONS: Columns(
            "Description", dated_on="Cleared", amount="Amount", status="Status"
        ),
        DataType.BALANCE_SHEET: Columns("Statement", dated_on="Newest", amount="Net assets"),
        DataType.PROFIT_AND_LOSS: Columns("Statement", dated_on="Newest", amount="Net profit"),
        DataType.CASH_FLOW_STATEMENT: Columns(
            "Statement", dated_on="Newest", amount="Net movement"
        ),
    }
)

#: By the words of the URL. Each ends in the record's id, which is unique within its data type;
#: up and down are each other's reverse, so that one index serves both.
ORDERS: Mapping[str, Keyset] = MappingProxyType(
    {
        "-date": Keyset("-dated_on", "source_id"),
        "date": Keyset("dated_on", "-source_id"),
        "-amount": Keyset("-amount", "source_id"),
        "amount": Keyset("amount", "-source_id"),
        "-name": Keyset("-label", "-source_id"),
        "name": Keyset("label", "source_id"),
    }
)


@dataclass(frozen=True, slots=True)
class Holding:
    """What there is of one data type: how much, how fresh, or why there is nothing."""

    data_type: DataType
    is_supported: bool
    status: DataStatus | None

    @property
    def count(self) -> int:
        return self.status.record_count if self.status else 0

    @property
    def was_pulled(self) -> bool:
        return self.status is not None and self.status.last_success_at is not None

    @property
    def latest(self) -> str:
        return self.status.latest_status if self.status else ""

    @property
    def is_refused(self) -> bool:
        """Whether the platform says that the customer may not see it there."""
        return self.latest == PullStatus.PERMISSIONS_ERROR


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for and how it is sorted."""

    text: str
    sort: str

    @classmethod
    def read(cls, asked: QueryDict, columns: Columns) -> "Search":
        sort = asked.get("sort", "")
        if sort not in ORDERS:
            sort = "-date" if columns.dated_on else "name"
        return cls(text=asked.get("q", "").replace("\0", "").strip()[:200], sort=sort)


@dataclass(frozen=True, slots=True)
class Version:
    """What a record was until a pull changed it."""

    row: RecordVersion
    #: None when the pull that changed it is gone from the history.
    changed_by: Pull | None

    @property
    def text(self) -> str:
        return pretty(self.row.body)


def holdings(connection: Connection, supported: frozenset[DataType]) -> list[Holding]:
    """Tell of every data type, in the order in which they are pulled."""
    statuses = {
        status.data_type: status
        for status in DataStatus.objects.within(connection.organization_id).filter(
            connection=connection
        )
    }
    return [
        Holding(
            each,
            is_supported=each in supported and _is_supported(statuses.get(each)),
            status=statuses.get(each),
        )
        for each in DataType
    ]


def _is_supported(status: DataStatus | None) -> bool:
    return status is None or status.latest_status != PullStatus.NOT_SUPPORTED


def records_of(connection: Connection, data_type: str) -> RecordQuerySet:
    return Record.objects.within(connection.organization_id).of(connection.pk, data_type)


def page(
    connection: Connection, data_type: DataType, search: Search, position: Mapping[str, str]
) -> Page[Record]:
    found = records_of(connection, data_type).defer("body", "hash")
    if search.text:
        found = found.filter(
            Q(label__icontains=search.text)
            | Q(party__icontains=search.text)
            | Q(source_id__icontains=search.text)
        )
    return ORDERS[search.sort].page(found, position, size=PAGE_SIZE)


def versions(record: Record) -> list[Version]:
    """Return what the record was before, newest first."""
    rows = (
        RecordVersion.objects.within(record.organization_id)
        .filter(
            connection_id=record.connection_id,
            data_type=record.data_type,
            source_id=record.source_id,
        )
        .order_by("-superseded_at", "-id")[:VERSIONS_SHOWN]
    )
    pulls: dict[UUID, Pull] = (
        Pull.objects.within(record.organization_id)
        .select_related("requested_by")
        .in_bulk({row.superseded_by for row in rows})
    )
    return [Version(row, pulls.get(row.superseded_by)) for row in rows]


def pretty(body: str) -> str:
    """Indent canonical JSON without touching its numbers."""
    return msgspec.json.format(body, indent=2)

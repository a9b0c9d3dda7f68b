"""Which stored data a request means: over whose connection, as of when, and whether it is there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import Case, F, QuerySet, Value, When

from api.errors import ApiError
from api.principals import ApiRequest
from api.querying import malformed
from api.routers.connections import connections_of, find_connection
from connections.models import Connection
from connections.platforms import get_platform
from connections.schemas import AnyType, CustomType, DataType
from sync import records, versions
from sync.models import ACTIVE, DataStatus, PullStatus
from sync.query import QueryError, condition, order

#: Clients of the contract give up after five seconds, and ask again.
LONGEST = timedelta(seconds=4)

#: The contract's paths below `/data/`, where they are not the data type's name.
_PATHS: Mapping[DataType, str] = MappingProxyType(
    {
        DataType.CHART_OF_ACCOUNTS: "accounts",
        DataType.COMPANY: "info",
        DataType.BANK_TRANSACTIONS: "bankAccounts/{path:accountId}/bankTransactions",
        DataType.BALANCE_SHEET: "financials/balanceSheet",
        DataType.PROFIT_AND_LOSS: "financials/profitAndLoss",
        DataType.CASH_FLOW_STATEMENT: "financials/cashFlowStatement",
    }
)


@dataclass(frozen=True, slots=True)
class Dataset:
    """One data type of one connection, which was pulled: now, or as it was at a moment."""

    connection: Connection
    data_type: DataType
    moment: versions.Moment | None = None

    def rows(self) -> QuerySet[Any]:
        """Select its records; those of the past have the same columns."""
        if self.moment is None:
            return records.records_of(self.connection, self.data_type)
        return records.records_as_of(self.connection, self.data_type, self.moment.at)

    def found(self, query: str | None, order_by: str | None) -> QuerySet[Any]:
        """Select what a query finds, in the order that is asked for.

        :raises ApiError: 400 with what is wrong and where.
        """
        rows = self.rows()
        if query and query.strip():
            try:
                rows = rows.filter(condition(query, self.data_type))
            except QueryError as error:
                raise malformed(error) from error
        try:
            return rows.order_by(*order(order_by, self.data_type))
        except QueryError as error:
            hint = f" {error.hint}" if error.hint else ""
            raise ApiError(400, f"Error parsing orderBy - {error.message}.{hint}") from error


def path_of(data_type: DataType) -> str:
    return _PATHS.get(data_type, data_type.value)


def named(word: str) -> DataType:
    """Find a data type by its name, or by the last word of its path.

    :raises ApiError: 404 for what is no data type of ours.
    """
    for each in DataType:
        if word in {each.value, path_of(each).rpartition("/")[2]}:
            return each
    raise ApiError(404, f"Datatype {word} is not known.")


def find_dataset(
    request: ApiRequest,
    company_id: UUID,
    connection_id: UUID | None,
    data_type: DataType,
    as_of: str | None = None,
) -> Dataset:
    """Find a data type that can be read, over the connection named or the accounting one.

    :raises ApiError: 404 where there is no such thing, 409 while there is nothing to read yet, 400
        for a moment that is none.
    """
    connection = connection_of(request, company_id, connection_id)
    check_pulled(connection, data_type)
    return Dataset(connection, data_type, moment_of(connection, data_type, as_of))


def is_pulled(
    request: ApiRequest, company_id: UUID, connection_id: UUID | None, data_type: DataType
) -> bool:
    """Tell whether there is something to read.

    :raises ApiError: 404 where the company or the connection is not there.
    """
    connection = connection_of(request, company_id, connection_id)
    try:
        check_pulled(connection, data_type)
    except ApiError:
        return False
    return True


def moment_of(
    connection: Connection, data_type: DataType, as_of: str | None
) -> versions.Moment | None:
    """:raises ApiError: 400 for what is neither a moment nor a completed pull."""
    if not as_of:
        return None
    try:
        return versions.moment_of(connection, data_type, as_of)
    except versions.NoSuchMoment as error:
        raise ApiError(400, f"{as_of} names no moment. {error}") from error


def check_pulled(connection: Connection, data_type: AnyType) -> None:
    """:raises ApiError: 404 for what the platform cannot supply, 409 before the first success."""
    status = (
        DataStatus.objects.within(connection.organization_id)
        .filter(connection=connection, data_type=data_type)
        .first()
    )
    if status is not None and status.last_success_at is not None:
        return
    latest = status.latest_status if status is not None else ""
    if not _is_supported(connection, data_type) or latest == PullStatus.NOT_SUPPORTED:
        raise ApiError(
            404, f"Datatype {data_type} not supported by platform(s) {connection.platform_name}"
        )
    company = f"company ID {connection.company_id}"
    if status is None or status.latest_pull_id is None:
        raise ApiError(
            409,
            f"{data_type} has not been requested for {company}. Ask for it with "
            f"POST {_queue_path(connection, data_type)}.",
        )
    if latest in ACTIVE:
        raise ApiError(
            409,
            f"{data_type} is still syncing for {company}: read it when dataset "
            f"{status.latest_pull_id} is complete.",
        )
    raise ApiError(
        409,
        f"{data_type} has not been synced yet for {company}: dataset {status.latest_pull_id} "
        f"ended in {latest}. Its errorMessage says why.",
    )


def _is_supported(connection: Connection, data_type: AnyType) -> bool:
    platform = get_platform(connection.platform)
    if isinstance(data_type, CustomType):
        return platform.has_custom_types
    return data_type in platform.data_types


def missing(data_type: DataType, identifier: object) -> ApiError:
    return ApiError(404, f"No data available for {data_type} for ID {identifier}")


@contextmanager
def hurried() -> Iterator[None]:
    """:raises ApiError: 400 when PostgreSQL has to look for too long."""
    try:
        with records.hurried(LONGEST):
            yield
    except records.TookTooLong:
        raise ApiError(
            400,
            "This takes too long to look for. Ask for less: narrow the query, for example by "
            "modifiedDate or by a date of the records, or leave orderBy out.",
        ) from None


def _queue_path(connection: Connection, data_type: AnyType) -> str:
    company = f"/companies/{connection.company_id}"
    if isinstance(data_type, CustomType):
        return f"{company}/connections/{connection.pk}/data/queue/{data_type}"
    return f"{company}/data/queue/{data_type}"


def connection_of(request: ApiRequest, company_id: UUID, connection_id: UUID | None) -> Connection:
    """Find the connection named, or the accounting one: the linked one, else the last pulled.

    :raises ApiError: 404 where there is none.
    """
    if connection_id is not None:
        return find_connection(request, company_id, connection_id)
    is_linked = Case(When(status=Connection.Status.LINKED, then=Value(0)), default=Value(1))
    found = (
        connections_of(request, company_id)
        .filter(source_type="Accounting")
        .order_by(is_linked, F("last_pull_at").desc(nulls_last=True), "-created_at", "id")
        .first()
    )
    if found is None:
        raise ApiError(
            404,
            f"Company {company_id} has no accounting connection, so there is nothing to read. "
            "Send its redirect URL to the business.",
        )
    return found

"""Ask for fresh data, and see how the pulls went."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Query as FromQuery
from ninja import Router

from api import paging, querying, shapes
from api.errors import ApiError, not_found
from api.paging import PagingInfo
from api.principals import ApiRequest, program_of
from api.responses import responses
from api.routers.companies import find_company
from api.routers.connections import find_connection
from api.scopes import READ, REFRESH
from api.shapes import PullShape, PullStatusName, Shape
from companies.models import Company, Program
from connections.models import Connection
from connections.platforms import get_platform
from connections.schemas import AnyType, DataType
from sync import operations
from sync.models import DataStatus, Pull, PullQuerySet, PullStatus
from sync.query import Kind

router = Router(tags=["Refresh data"], by_alias=True)


class PullOperations(PagingInfo):
    results: list[PullShape]


class DataStatusShape(Shape):
    data_type: DataType
    last_successful_sync: str | None = None
    current_status: PullStatusName
    latest_sync_id: UUID | None = None
    latest_successful_sync_id: UUID | None = None


ASKED = querying.Asked(
    name="Dataset",
    properties={
        "id": querying.column("id", Kind.IDENTIFIER, "id"),
        "connectionId": querying.column("connectionId", Kind.IDENTIFIER, "connection_id"),
        "dataType": querying.column("dataType", Kind.TEXT, "data_type"),
        "status": querying.column("status", Kind.CHOICE, "status", tuple(PullStatus.values)),
        "requested": querying.column("requested", Kind.MOMENT, "requested_at"),
        "completed": querying.column("completed", Kind.MOMENT, "completed_at"),
        "progress": querying.column("progress", Kind.NUMBER, "progress"),
        "trigger": querying.column("trigger", Kind.CHOICE, "trigger", tuple(Pull.Trigger.values)),
    },
    orders={
        "requested": "requested_at",
        "completed": "completed_at",
        "dataType": "data_type",
        "status": "status",
    },
    default_order=("-requested_at", "-id"),
)


def pulls_of(request: ApiRequest, company_id: UUID) -> PullQuerySet:
    company = find_company(request, company_id)
    return Pull.objects.within(request.organization).filter(company=company)


def find_pull(request: ApiRequest, company_id: UUID, pull_id: UUID) -> Pull:
    """:raises ApiError: 404 where the company has no such pull."""
    found = pulls_of(request, company_id).filter(pk=pull_id).first()
    if found is None:
        raise not_found("dataset", pull_id)
    return found


def find_data_type(name: str) -> DataType:
    """:raises ApiError: 404 for what is no data type of ours."""
    try:
        return DataType(name)
    except ValueError:
        raise ApiError(404, f"Datatype {name} is not known.") from None


def linked_connections(company: Company) -> list[Connection]:
    """:raises ApiError: 400 when there is nothing to pull over."""
    found = Connection.objects.within(company.organization_id).filter(company=company)
    linked = list(found.linked().oldest_first())
    if not linked:
        raise ApiError(
            400,
            f"Company {company.pk} has no linked connection: nothing can be pulled. "
            "Send its redirect URL to the business.",
        )
    return linked


def queue(connection: Connection, data_type: AnyType, program: Program) -> Pull:
    """:raises ApiError: 400 when it is being pulled already, or nothing can be."""
    try:
        return operations.queue_pull(
            connection,
            data_type,
            trigger=Pull.Trigger.API,
            reason=operations.asked_for_by(program),
        )
    except operations.AlreadyRunning as running:
        raise ApiError(
            400,
            f"DatasetAlreadyInProgressException: Cannot queue {data_type} sync for "
            f"{connection.company_id} as previous sync {running.pull.pk} is still in progress",
        ) from running
    except operations.NotLinked as error:
        raise ApiError(400, f"{error} Nothing can be pulled over it.") from error


@router.post(
    "/companies/{uuid:companyId}/data/all",
    auth=REFRESH,
    response=responses(None, 400, 404, status=204),
    operation_id="refresh-all-data-types",
    summary="Refresh all data",
)
def refresh_all(request: ApiRequest, companyId: UUID) -> HttpResponse:  # noqa: N803
    """Pull every data type that is fetched on first link; what is being pulled goes on."""
    company = find_company(request, companyId)
    linked_connections(company)
    operations.refresh_company(company, requested_by=program_of(request))
    return HttpResponse(status=204)


@router.post(
    "/companies/{uuid:companyId}/data/queue/{dataType}",
    auth=REFRESH,
    response=responses(PullShape, 400, 404),
    operation_id="refresh-data-type",
    summary="Refresh data type",
)
def refresh_data_type(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    dataType: str,  # noqa: N803
    connectionId: UUID | None = None,  # noqa: N803
) -> dict[str, Any]:
    """Pull one data type, over one connection or over the one that can."""
    company = find_company(request, companyId)
    data_type = find_data_type(dataType)
    if connectionId is not None:
        connections = [find_connection(request, companyId, connectionId)]
    else:
        connections = linked_connections(company)
    able = [each for each in connections if data_type in get_platform(each.platform).data_types]
    if not able:
        names = ", ".join(sorted({each.platform_name for each in connections}))
        raise ApiError(404, f"Datatype {data_type} not supported by platform(s) {names}")
    pull = queue(able[0], data_type, program_of(request))
    return shapes.pull(Pull.objects.within(request.organization).get(pk=pull.pk))


@router.get(
    "/companies/{uuid:companyId}/dataStatus",
    auth=READ,
    response=responses(dict[str, DataStatusShape], 404),
    operation_id="get-data-status",
    summary="Get data status",
)
def get_data_status(request: ApiRequest, companyId: UUID) -> dict[str, Any]:  # noqa: N803
    """Where each data type stands; one that was never pulled is not there, nor are custom ones."""
    company = find_company(request, companyId)
    rows = DataStatus.objects.within(request.organization).filter(
        connection__company=company,
        latest_pull_id__isnull=False,
        # Typed clients fail at a name that the contract does not have; the history has all.
        data_type__in=list(DataType),
    )
    found: dict[str, Any] = {}
    # Of several connections the one speaks that was successful last.
    for row in rows.order_by("last_success_at", "id"):
        if row.data_type not in found or row.last_success_at is not None:
            found[row.data_type] = {
                "dataType": row.data_type,
                "lastSuccessfulSync": shapes.moment(row.last_success_at),
                "currentStatus": row.latest_status,
                "latestSyncId": row.latest_pull_id,
                "latestSuccessfulSyncId": row.latest_success_pull_id,
            }
    return found


@router.get(
    "/companies/{uuid:companyId}/data/history",
    auth=READ,
    response=responses(PullOperations, 400, 404),
    operation_id="list-pull-operations",
    summary="List pull operations",
)
def list_pulls(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    asked: FromQuery[paging.Query],
) -> dict[str, Any]:
    """The company's pulls, newest first."""
    found = pulls_of(request, companyId).filter(ASKED.condition(asked.query))
    total = found.count()
    rows = found.order_by(*ASKED.order(paging.order_by(request, asked)))
    page = rows[asked.offset : asked.offset + asked.pageSize]
    return paging.described(request, asked, total) | {"results": [shapes.pull(row) for row in page]}


@router.get(
    "/companies/{uuid:companyId}/data/history/{uuid:datasetId}",
    auth=READ,
    response=responses(PullShape, 404),
    operation_id="get-pull-operation",
    summary="Get pull operation",
)
def get_pull(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    datasetId: UUID,  # noqa: N803
) -> dict[str, Any]:
    """One pull: how far it is, or how it ended."""
    return shapes.pull(find_pull(request, companyId, datasetId))

"""A company's connections: list, add, unlink, delete."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Query as FromQuery
from ninja import Router

from api import links, paging, querying, shapes
from api.errors import ApiError, not_found
from api.paging import PagingInfo
from api.principals import ApiRequest, program_of
from api.responses import responses
from api.routers.companies import find_company
from api.scopes import READ, WRITE
from api.shapes import ConnectionShape, Shape
from connections import lifecycle, offers, operations
from connections.models import Connection, ConnectionQuerySet
from sync import deletion
from sync.query import Kind

router = Router(tags=["Connections"], by_alias=True)

_PATH = "/companies/{uuid:companyId}/connections/{uuid:connectionId}"


class Connections(PagingInfo):
    results: list[ConnectionShape]


class ConnectionBody(Shape):
    platform_key: str


class ConnectionChanges(Shape):
    status: Literal["Unlinked"]


ASKED = querying.Asked(
    name="Connection",
    properties={
        "id": querying.column("id", Kind.IDENTIFIER, "id"),
        "status": querying.column("status", Kind.CHOICE, "status", tuple(Connection.Status.values)),
        "sourceType": querying.column("sourceType", Kind.TEXT, "source_type"),
        "created": querying.column("created", Kind.MOMENT, "created_at"),
        "lastSync": querying.column("lastSync", Kind.MOMENT, "last_pull_at"),
        "platformName": querying.renamed(shapes.PLATFORMS_BY_NAME, "platform"),
        "integrationKey": querying.renamed(shapes.PLATFORMS_BY_CODE, "platform"),
        "integrationId": querying.renamed(shapes.PLATFORMS_BY_ID, "platform"),
    },
    orders={"created": "created_at", "lastSync": "last_pull_at", "status": "status"},
    default_order=("created_at", "id"),
)


def connections_of(request: ApiRequest, company_id: UUID) -> ConnectionQuerySet:
    company = find_company(request, company_id)
    return Connection.objects.within(request.organization).filter(company=company)


def find_connection(request: ApiRequest, company_id: UUID, connection_id: UUID) -> Connection:
    """:raises ApiError: 404 where the company has no such connection."""
    found = connections_of(request, company_id).filter(pk=connection_id)
    connection = shapes.with_errors(found).select_related("company__organization").first()
    if connection is None:
        raise not_found("connection", connection_id)
    return connection


def _written(request: ApiRequest, company_id: UUID, connection_id: UUID) -> dict[str, Any]:
    connection = find_connection(request, company_id, connection_id)
    return links.connection_handed_out(connection)


@router.get(
    "/companies/{uuid:companyId}/connections",
    auth=READ,
    response=responses(Connections, 400, 404),
    operation_id="list-connections",
    summary="List connections",
)
def list_connections(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    asked: FromQuery[paging.Query],
) -> dict[str, Any]:
    """The company's connections, whatever their status; deleted ones are gone."""
    found = connections_of(request, companyId).filter(ASKED.condition(asked.query))
    total = found.count()
    rows = found.order_by(*ASKED.order(paging.order_by(request, asked)))
    page = shapes.with_errors(rows)[asked.offset : asked.offset + asked.pageSize]
    return paging.described(request, asked, total) | {"results": links.connections(list(page))}


@router.post(
    "/companies/{uuid:companyId}/connections",
    auth=WRITE,
    response=responses(ConnectionShape, 400, 404),
    operation_id="create-connection",
    summary="Create connection",
)
def create_connection(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    body: ConnectionBody,
) -> dict[str, Any]:
    """Note which platform is to be authorized; its `linkUrl` leads straight there."""
    company = find_company(request, companyId)
    try:
        platform = shapes.platform_of(body.platform_key)
    except KeyError:
        raise ApiError(404, f"No integration was found with the key {body.platform_key}") from None
    if not offers.is_offered(request.organization.pk, platform.key):
        raise ApiError(
            400,
            f"{platform.name} is not enabled. It can be switched on under Settings → Integrations.",
        )
    connection = lifecycle.create_connection(
        company, platform=platform.key, actor=program_of(request)
    )
    return _written(request, companyId, connection.pk)


@router.get(
    _PATH,
    auth=READ,
    response=responses(ConnectionShape, 404),
    operation_id="get-connection",
    summary="Get connection",
)
def get_connection(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    connectionId: UUID,  # noqa: N803
) -> dict[str, Any]:
    """One connection: its status, what went wrong, and where to authorize it."""
    return _written(request, companyId, connectionId)


@router.delete(
    _PATH,
    auth=WRITE,
    response=responses(None, 404),
    operation_id="delete-connection",
    summary="Delete connection",
)
def delete_connection(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    connectionId: UUID,  # noqa: N803
) -> HttpResponse:
    """Remove a connection for good, with everything that was pulled over it."""
    connection = find_connection(request, companyId, connectionId)
    try:
        deletion.delete_connection(connection, actor=program_of(request))
    except deletion.Deleted:
        raise not_found("connection", connectionId) from None
    return HttpResponse(status=200)


@router.patch(
    _PATH,
    auth=WRITE,
    response=responses(ConnectionShape, 400, 404),
    operation_id="unlink-connection",
    summary="Unlink connection",
)
def unlink_connection(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    connectionId: UUID,  # noqa: N803
    body: ConnectionChanges,  # noqa: ARG001 - it says Unlinked: nothing else is accepted
) -> dict[str, Any]:
    """Give up access: nothing is pulled any more, what was pulled stays readable."""
    connection = find_connection(request, companyId, connectionId)
    program = program_of(request)
    try:
        operations.unlink(connection, actor=program, reason=f"{program} unlinked it.")
    except lifecycle.NotLinked:
        raise ApiError(
            400, f"Only a linked connection can be unlinked; this one is {connection.status}."
        ) from None
    except operations.Deleted:
        raise not_found("connection", connectionId) from None
    return _written(request, companyId, connectionId)

"""Custom data types: lists of a platform's own, configured, refreshed and read by an identifier."""

from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from ninja import Query as FromQuery
from ninja import Router

from api import bodies, datasets, paging, shapes
from api.errors import ApiError, Issue
from api.principals import ApiRequest, program_of
from api.responses import responses
from api.routers.connections import find_connection
from api.routers.integrations import find_integration
from api.routers.refresh import queue
from api.routers.supplemental_data import invalid
from api.scopes import ADMIN, READ, REFRESH
from api.shapes import PullShape, Shape
from connections import custom_types
from connections.configured import ConfigurationInvalid, NotConfigurable
from connections.custom_types import NoSuchType
from connections.models import Connection, CustomDataType
from connections.schemas import CustomType
from sync.models import Pull
from sync.records import records_of

router = Router(tags=["Custom data type"], by_alias=True)

_CUSTOM = "/custom/{customDataIdentifier}"
_OF_CONNECTION = "/companies/{uuid:companyId}/connections/{uuid:connectionId}/data"
_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])


class CustomDataTypeConfiguration(Shape):
    data_source: str | None = None
    required_data: dict[str, str] | None = None
    key_by: list[str] | None = None
    source_modified_date: list[str] | None = None


class CustomRecordModifiedDate(Shape):
    modified_date: str


class CustomDataTypeRecord(Shape):
    id: str
    content: dict[str, Any]
    modified_date: CustomRecordModifiedDate


class CustomDataTypeRecords(Shape):
    results: list[CustomDataTypeRecord]
    page_number: int
    page_size: int
    total_results: int


def _path(word: str = "dataTypes") -> str:
    """Write the path; the contract's file and its manual differ in one letter."""
    return f"/integrations/{{platformKey}}/{word}{_CUSTOM}"


@router.get(_path("datatypes"), auth=READ, include_in_schema=False)
@router.get(
    _path(),
    auth=READ,
    response=responses(CustomDataTypeConfiguration, 404),
    operation_id="get-custom-data-type-configuration",
    summary="Get configuration of a custom data type",
)
def get_configuration(
    request: ApiRequest,
    platformKey: str,  # noqa: N803
    customDataIdentifier: str,  # noqa: N803
) -> dict[str, Any]:
    """How the data type is read from the platform."""
    platform = find_integration(request, platformKey).platform
    return _written(_find(request, platform.key, customDataIdentifier))


@router.put(_path("datatypes"), auth=ADMIN, include_in_schema=False)
@router.put(
    _path(),
    auth=ADMIN,
    response=responses(CustomDataTypeConfiguration, 400, 404),
    operation_id="configure-custom-data-type",
    summary="Configure a custom data type",
)
def configure(
    request: ApiRequest,
    platformKey: str,  # noqa: N803
    customDataIdentifier: str,  # noqa: N803
    body: CustomDataTypeConfiguration,
) -> dict[str, Any]:
    """Make or change a custom data type: the platform's path that is read, what is taken of each
    record there, what tells records apart, and where they say when they changed. Paths are
    JSONPath without filters; `$[*]` stands for each record. What is there is read again by the
    next refresh, and what no longer comes is gone then.
    """
    platform = find_integration(request, platformKey).platform
    try:
        row = custom_types.configure(
            request.organization,
            platform,
            customDataIdentifier,
            data_source=body.data_source or "",
            required_data=body.required_data or {},
            key_by=body.key_by or [],
            source_modified_date=body.source_modified_date or [],
            actor=program_of(request),
        )
    except NotConfigurable as error:
        issue = Issue("Configuration", str(error), "CustomDataType")
        raise ApiError(400, str(error), issues=[issue]) from error
    except ConfigurationInvalid as error:
        raise invalid(error, "CustomDataType") from error
    return _written(row)


@router.post(
    f"{_OF_CONNECTION}/queue{_CUSTOM}",
    auth=REFRESH,
    response=responses(PullShape, 400, 404, 451),
    operation_id="refresh-custom-data-type",
    summary="Refresh a custom data type",
)
def refresh(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    connectionId: UUID,  # noqa: N803
    customDataIdentifier: str,  # noqa: N803
) -> dict[str, Any]:
    """Pull it over the connection. Nothing else does: neither a refresh of everything nor a
    schedule.
    """
    connection = find_connection(request, companyId, connectionId)
    row = _find(request, connection.platform, customDataIdentifier)
    pull = queue(connection, CustomType.of(row.identifier), program_of(request))
    return shapes.pull(Pull.objects.within(request.organization).get(pk=pull.pk))


@router.get(
    f"{_OF_CONNECTION}{_CUSTOM}",
    auth=READ,
    response=responses(CustomDataTypeRecords, 400, 404, 451),
    operation_id="list-custom-data-type-records",
    summary="List records of a custom data type",
)
def list_records(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    connectionId: UUID,  # noqa: N803
    customDataIdentifier: str,  # noqa: N803
    asked: FromQuery[paging.Paging],
) -> HttpResponse:
    """What is there, by ID; what is gone at the source is left out. It cannot be queried: let
    `dataSource` ask the platform for less.
    """
    connection = find_connection(request, companyId, connectionId)
    row = _find(request, connection.platform, customDataIdentifier)
    custom_type = CustomType.of(row.identifier)
    _check_pulled(connection, custom_type)
    rows = records_of(connection, custom_type).filter(is_deleted=False).order_by("source_id")
    with datasets.hurried():
        total = rows.count()
        stored = rows.values_list(*bodies.COLUMNS)[asked.offset : asked.offset + asked.pageSize]
        written = [_record(each) for each in stored.iterator(chunk_size=bodies.AT_ONCE)]
    envelope = {
        "pageNumber": asked.page,
        "pageSize": asked.pageSize,
        "totalResults": total,
    }
    return bodies.page(envelope, written)


def _find(request: ApiRequest, platform_key: str, identifier: str) -> CustomDataType:
    """:raises ApiError: 404 where it is not configured for the platform."""
    try:
        return custom_types.find_custom_type(request.organization.pk, platform_key, identifier)
    except NoSuchType as error:
        raise ApiError(404, str(error)) from error


def _check_pulled(connection: Connection, custom_type: CustomType) -> None:
    """:raises ApiError: 404, which the contract has here where standard data types say 409."""
    try:
        datasets.check_pulled(connection, custom_type)
    except ApiError as error:
        raise ApiError(404, error.message) from error


def _record(stored: bodies.Stored) -> bytes:
    body, modified_at, _ = stored
    members = _DECODER.decode(body)
    return bodies.encoded(
        {
            "id": members["id"],
            "content": members["content"],
            "modifiedDate": {"modifiedDate": shapes.moment(modified_at)},
        }
    )


def _written(row: CustomDataType) -> dict[str, Any]:
    return {
        "dataSource": row.data_source,
        "requiredData": row.required_data,
        "keyBy": row.key_by,
        "sourceModifiedDate": row.source_modified_date or None,
    }

"""Data beyond the standard data types: supplemental members and custom data types.

Ledgerport pulls what the data types have, and nothing else. So nothing is configured, which can be
read, and nothing can be, which is refused in words.
"""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Query as FromQuery
from ninja import Router

from api import paging
from api.errors import ApiError, Issue
from api.principals import ApiRequest
from api.responses import responses
from api.routers.connections import find_connection
from api.routers.integrations import find_integration
from api.routers.refresh import find_data_type
from api.scopes import ADMIN, READ, REFRESH
from api.shapes import PullShape, Shape

router = Router(by_alias=True)

_SUPPLEMENTAL = "/{dataType}/supplementalDataConfig"
_CUSTOM = "/custom/{customDataIdentifier}"
_OF_CONNECTION = "/companies/{uuid:companyId}/connections/{uuid:connectionId}/data"


class SupplementalDataSource(Shape):
    data_source: str | None = None
    pull_data: dict[str, str] | None = None
    push_data: dict[str, str] | None = None


class SupplementalDataConfiguration(Shape):
    supplemental_data_config: dict[str, SupplementalDataSource] | None = None


class CustomDataTypeConfiguration(Shape):
    data_source: str | None = None
    required_data: dict[str, str] | None = None
    key_by: list[str] | None = None
    source_modified_date: list[str] | None = None


class CustomDataTypeRecord(Shape):
    id: str
    content: dict[str, Any]
    modified_date: str


class CustomDataTypeRecords(Shape):
    results: list[CustomDataTypeRecord]
    page_number: int
    page_size: int
    total_results: int


def _path(end: str, word: str = "dataTypes") -> str:
    """Write the path; the contract's file and its manual differ in one letter."""
    return f"/integrations/{{platformKey}}/{word}{end}"


@router.get(_path(_SUPPLEMENTAL, "datatypes"), auth=READ, include_in_schema=False)
@router.get(
    _path(_SUPPLEMENTAL),
    auth=READ,
    response=responses(SupplementalDataConfiguration, 404),
    operation_id="get-supplemental-data-configuration",
    summary="Get configuration of supplemental data",
    tags=["Supplemental data"],
)
def get_supplemental(
    request: ApiRequest,
    platformKey: str,  # noqa: N803
    dataType: str,  # noqa: N803
) -> dict[str, Any]:
    """Always empty: records have the members of their data type."""
    find_integration(request, platformKey)
    find_data_type(dataType)
    return {"supplementalDataConfig": {}}


@router.put(_path(_SUPPLEMENTAL, "datatypes"), auth=ADMIN, include_in_schema=False)
@router.put(
    _path(_SUPPLEMENTAL),
    auth=ADMIN,
    response=responses(None, 400, 404),
    operation_id="configure-supplemental-data",
    summary="Configure supplemental data",
    tags=["Supplemental data"],
)
def configure_supplemental(
    request: ApiRequest,
    platformKey: str,  # noqa: N803
    dataType: str,  # noqa: N803
    body: SupplementalDataConfiguration,
) -> HttpResponse:
    """Refused, except for the empty configuration, which is what there is."""
    platform = find_integration(request, platformKey).platform
    data_type = find_data_type(dataType)
    if body.supplemental_data_config:
        raise _refusal(
            f"Supplemental data is not supported for datatype {data_type} of {platform.name}: "
            "only the members of the data type are pulled."
        )
    return HttpResponse(status=200)


@router.get(_path(_CUSTOM, "datatypes"), auth=READ, include_in_schema=False)
@router.get(
    _path(_CUSTOM),
    auth=READ,
    response=responses(CustomDataTypeConfiguration, 404),
    operation_id="get-custom-data-type-configuration",
    summary="Get configuration of a custom data type",
    tags=["Custom data type"],
)
def get_custom(
    request: ApiRequest,
    platformKey: str,  # noqa: N803
    customDataIdentifier: str,  # noqa: N803
) -> dict[str, Any]:
    """Always 404: there are no custom data types."""
    find_integration(request, platformKey)
    raise _no_custom(customDataIdentifier)


@router.put(_path(_CUSTOM, "datatypes"), auth=ADMIN, include_in_schema=False)
@router.put(
    _path(_CUSTOM),
    auth=ADMIN,
    response=responses(CustomDataTypeConfiguration, 400, 404),
    operation_id="configure-custom-data-type",
    summary="Configure a custom data type",
    tags=["Custom data type"],
)
def configure_custom(
    request: ApiRequest,
    platformKey: str,  # noqa: N803
    customDataIdentifier: str,  # noqa: N803
    body: CustomDataTypeConfiguration,  # noqa: ARG001 - whatever it says
) -> dict[str, Any]:
    """Refused: only the standard data types are pulled."""
    platform = find_integration(request, platformKey).platform
    raise _refusal(
        f"Custom data types such as {customDataIdentifier} are not supported for "
        f"{platform.name}: only the standard data types are pulled."
    )


@router.post(
    f"{_OF_CONNECTION}/queue{_CUSTOM}",
    auth=REFRESH,
    response=responses(PullShape, 404, 451),
    operation_id="refresh-custom-data-type",
    summary="Refresh a custom data type",
    tags=["Custom data type"],
)
def refresh_custom(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    connectionId: UUID,  # noqa: N803
    customDataIdentifier: str,  # noqa: N803
) -> dict[str, Any]:
    """Always 404: there are no custom data types."""
    find_connection(request, companyId, connectionId)
    raise _no_custom(customDataIdentifier)


@router.get(
    f"{_OF_CONNECTION}{_CUSTOM}",
    auth=READ,
    response=responses(CustomDataTypeRecords, 400, 404, 451),
    operation_id="list-custom-data-type-records",
    summary="List records of a custom data type",
    tags=["Custom data type"],
)
def list_custom(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    connectionId: UUID,  # noqa: N803
    customDataIdentifier: str,  # noqa: N803
    asked: FromQuery[paging.Paging],  # noqa: ARG001 - there is nothing to page through
) -> dict[str, Any]:
    """Always 404: there are no custom data types."""
    find_connection(request, companyId, connectionId)
    raise _no_custom(customDataIdentifier)


def _no_custom(identifier: str) -> ApiError:
    return ApiError(404, f"No custom data type was found with ID {identifier}")


def _refusal(message: str) -> ApiError:
    return ApiError(400, message, issues=[Issue("Configuration", message, "ExtraData")])

"""Writing into platforms. Ledgerport reads only; it says so in the contract's words."""

from typing import Any, Literal
from uuid import UUID

from ninja import Query as FromQuery
from ninja import Router

from api import paging
from api.errors import ApiError, not_found
from api.paging import PagingInfo
from api.principals import ApiRequest
from api.querying import listed
from api.responses import ErrorValidation, responses
from api.routers.companies import find_company
from api.routers.connections import find_connection
from api.routers.refresh import find_data_type
from api.scopes import READ
from api.shapes import Shape

router = Router(tags=["Push data"], by_alias=True)


class PushOperation(Shape):
    """The request to write a record; there are none yet."""

    data_type: str | None = None
    company_id: UUID
    push_operation_key: UUID
    data_connection_key: UUID
    requested_on_utc: str
    completed_on_utc: str | None = None
    timeout_in_minutes: int | None = None
    status: Literal["Pending", "Failed", "Success", "TimedOut"]
    error_message: str | None = None
    validation: ErrorValidation | None = None
    status_code: int


class PushOperations(PagingInfo):
    results: list[PushOperation]


class PushOption(Shape):
    """What has to be given to write a record of a data type."""

    type: Literal["Array", "Object", "String", "Number", "Boolean", "DateTime", "File", "MultiPart"]
    display_name: str
    description: str | None = None
    required: bool


_ASKED = ("dataType", "pushOperationKey", "dataConnectionKey", "requestedOnUtc", "status")


@router.get(
    "/companies/{uuid:companyId}/push",
    auth=READ,
    response=responses(PushOperations, 400, 404),
    operation_id="get-company-push-history",
    summary="List push operations",
)
def list_push_operations(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    asked: FromQuery[paging.Query],
) -> dict[str, Any]:
    """An empty list: Ledgerport does not write into platforms."""
    find_company(request, companyId)
    results = listed([], asked.query, name="PushOperation", properties=_ASKED)
    return paging.described(request, asked, 0) | {"results": results}


@router.get(
    "/companies/{uuid:companyId}/push/{uuid:pushOperationKey}",
    auth=READ,
    response=responses(PushOperation, 404),
    operation_id="get-push-operation",
    summary="Get push operation",
)
def get_push_operation(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    pushOperationKey: UUID,  # noqa: N803
) -> dict[str, Any]:
    """Always 404: Ledgerport does not write into platforms."""
    find_company(request, companyId)
    raise not_found("push operation", pushOperationKey)


@router.get(
    "/companies/{uuid:companyId}/connections/{uuid:connectionId}/options/{dataType}",
    auth=READ,
    response=responses(PushOption, 404),
    operation_id="get-create-update-model-options-by-data-type",
    summary="Get push options",
)
def get_push_options(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    connectionId: UUID,  # noqa: N803
    dataType: str,  # noqa: N803
) -> dict[str, Any]:
    """Always 404: nothing can be pushed."""
    connection = find_connection(request, companyId, connectionId)
    data_type = find_data_type(dataType)
    raise ApiError(
        404,
        f"Push of datatype {data_type} is not supported for platform {connection.platform_name}: "
        "Ledgerport reads only.",
    )

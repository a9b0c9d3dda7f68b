"""What an organization uses a company for: words of its own, kept with the company."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Router

from api.errors import ApiError, Issue
from api.principals import ApiRequest, program_of
from api.responses import responses
from api.routers.companies import find_company
from api.routers.refresh import find_data_type, linked_connections, queue
from api.scopes import REFRESH, WRITE
from api.shapes import Shape
from companies import operations
from companies.models import Company, ProductInvalid
from connections.platforms import get_platform
from connections.schemas import DataType
from sync import operations as sync_operations

router = Router(tags=["Companies"], by_alias=True)

_PATH = "/companies/{uuid:companyId}/products/{productIdentifier}"


class RefreshProductBody(Shape):
    data_types: list[str] | None = None


@router.put(
    _PATH,
    auth=WRITE,
    response=responses(None, 400, 404, status=204),
    operation_id="add-product",
    summary="Add product",
)
def add_product(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    productIdentifier: str,  # noqa: N803
) -> HttpResponse:
    """Note a product that the company is used for. The words are your own; nothing hangs on them
    but `products` of the company and its two events.
    """
    try:
        operations.add_product(
            find_company(request, companyId), productIdentifier, actor=program_of(request)
        )
    except ProductInvalid as error:
        issue = Issue("productIdentifier", str(error), "AddProduct")
        raise ApiError(400, str(error), issues=[issue]) from error
    return HttpResponse(status=204)


@router.delete(
    _PATH,
    auth=WRITE,
    response=responses(None, 404, status=204),
    operation_id="remove-product",
    summary="Remove product",
)
def remove_product(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    productIdentifier: str,  # noqa: N803
) -> HttpResponse:
    """Take a product off the company."""
    company = find_company(request, companyId)
    if not operations.remove_product(company, productIdentifier, actor=program_of(request)):
        raise _without(company, productIdentifier)
    return HttpResponse(status=204)


@router.post(
    f"{_PATH}/refresh",
    auth=REFRESH,
    response=responses(None, 400, 404, status=202),
    operation_id="refresh-product-data",
    summary="Refresh product data",
)
def refresh_product(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    productIdentifier: str,  # noqa: N803
    body: RefreshProductBody | None = None,
) -> HttpResponse:
    """Pull some data types, or without any all that are fetched on first link."""
    company = find_company(request, companyId)
    if productIdentifier not in company.products:
        raise _without(company, productIdentifier)
    connections = linked_connections(company)
    program = program_of(request)
    if body is None or not body.data_types:
        sync_operations.refresh_company(company, requested_by=program)
        return HttpResponse(status=202)
    able: dict[str, Any] = {}
    for name in dict.fromkeys(body.data_types):
        able[name] = next((each for each in connections if _has(each.platform, name)), None)
    if unable := [name for name, connection in able.items() if connection is None]:
        valid = sorted(
            {str(kind) for each in connections for kind in get_platform(each.platform).data_types}
        )
        raise ApiError(400, f"{', '.join(unable)} cannot be pulled. Valid are: {', '.join(valid)}.")
    for name, connection in able.items():
        queue(connection, find_data_type(name), program)
    return HttpResponse(status=202)


def _has(platform: str, name: str) -> bool:
    return name in set(DataType) and DataType(name) in get_platform(platform).data_types


def _without(company: Company, product: str) -> ApiError:
    return ApiError(404, f"Company {company.pk} does not have the product {product}")

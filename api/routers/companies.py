"""Companies: list, add, change, delete; their access tokens and how their data is pulled."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.http import HttpResponse
from ninja import Query as FromQuery
from ninja import Router

from api import links, paging, querying, shapes, sync_settings
from api.errors import ApiError, Issue, not_found
from api.paging import PagingInfo
from api.principals import TOKEN_VALID_FOR, ApiRequest, company_token, program_of
from api.querying import OnClause
from api.responses import responses
from api.scopes import READ, WRITE
from api.shapes import CompanyShape, Shape
from api.sync_settings import CompanySyncSettings, CompanySyncSettingsBody
from companies import operations
from companies.models import Company, CompanyQuerySet, TagsInvalid
from companies.operations import NameMissing
from connections.models import Connection
from sync import deletion
from sync.query import Clause, Kind, QueryError

router = Router(tags=["Companies"], by_alias=True)


class Companies(PagingInfo):
    results: list[CompanyShape]


class CompanyBody(Shape):
    name: str
    description: str | None = None
    tags: dict[str, str] | None = None


class CompanyChanges(Shape):
    name: str | None = None
    description: str | None = None
    tags: dict[str, str] | None = None


class CompanyAccessToken(Shape):
    expires_in: int
    access_token: str
    token_type: str


class CompaniesQuery(paging.Query):
    tags: str | None = None


def _having(clause: Clause, column: str, value: str) -> Q:
    """Ask for a connection like this, or with `!=` for none: so "none at all" can be asked too."""
    found = Exists(Connection.objects.filter(company=OuterRef("pk"), **{column: value}))
    return querying.is_or_is_not(clause, Q(found))


def _status(clause: Clause) -> Q:
    for status in Connection.Status:
        if status.value.lower() == clause.value.lower():
            return _having(clause, "status", status.value)
    raise QueryError(
        f"{clause.property} is never {clause.value}",
        clause.value_position,
        f"It is one of {', '.join(Connection.Status.values)}.",
    )


def _platform(keys: Mapping[str, str]) -> OnClause:
    return lambda clause: _having(clause, "platform", keys.get(clause.value.lower(), ""))


ASKED = querying.Asked(
    name="Company",
    properties={
        "id": querying.column("id", Kind.IDENTIFIER, "id"),
        "name": querying.column("name", Kind.TEXT, "name"),
        "description": querying.column("description", Kind.TEXT, "description"),
        "created": querying.column("created", Kind.MOMENT, "created_at"),
        "lastSync": querying.column("lastSync", Kind.MOMENT, "last_pull_at"),
        "createdByUserName": querying.column("createdByUserName", Kind.TEXT, "created_by__name"),
        "dataConnections.status": _status,
        "dataConnections.sourceType": lambda clause: _having(clause, "source_type", clause.value),
        "dataConnections.platformName": _platform(shapes.PLATFORMS_BY_NAME),
        "dataConnections.integrationKey": _platform(shapes.PLATFORMS_BY_CODE),
        "dataConnections.integrationId": _platform(shapes.PLATFORMS_BY_ID),
    },
    orders={"name": "sort_name", "created": "created_at", "lastSync": "last_pull_at"},
    default_order=("sort_name", "id"),
)


def companies_of(request: ApiRequest) -> CompanyQuerySet:
    return Company.objects.within(request.organization)


def find_company(request: ApiRequest, company_id: UUID) -> Company:
    """:raises ApiError: 404 for those that are not the caller's, as for those that are not."""
    found = companies_of(request).filter(pk=company_id).first()
    if found is None:
        raise not_found("company", company_id)
    return found


def _written(request: ApiRequest, company_id: UUID) -> dict[str, Any]:
    rows = shapes.with_connections(companies_of(request).filter(pk=company_id))
    return links.handed_out(rows.select_related("organization").get())


@router.get(
    "/companies",
    auth=READ,
    response=responses(Companies, 400, 404),
    operation_id="list-companies",
    summary="List companies",
)
def list_companies(request: ApiRequest, asked: FromQuery[CompaniesQuery]) -> dict[str, Any]:
    """The organization's companies, those with certain tags, or what a query finds."""
    found = companies_of(request).filter(ASKED.condition(asked.query), querying.tagged(asked.tags))
    total = found.count()
    rows = found.order_by(*ASKED.order(paging.order_by(request, asked)))
    page = shapes.with_connections(rows)[asked.offset : asked.offset + asked.pageSize]
    return paging.described(request, asked, total) | {"results": links.companies(list(page))}


@router.post(
    "/companies",
    auth=WRITE,
    response=responses(CompanyShape, 400),
    operation_id="create-company",
    summary="Create company",
)
def create_company(request: ApiRequest, body: CompanyBody) -> dict[str, Any]:
    """Add a company; send its `redirect` to the business to have it authorize access.

    Characters that a name may not have are removed without complaint.
    """
    program = program_of(request)
    with _refused_with_words("CreateCompany"):
        company = operations.create_company(
            request.organization, name=body.name, created_by=program
        )
        operations.edit_company(
            company, description=body.description or "", tags=body.tags or {}, actor=program
        )
    return _written(request, company.pk)


@router.get(
    "/companies/{uuid:companyId}",
    auth=READ,
    response=responses(CompanyShape, 404),
    operation_id="get-company",
    summary="Get company",
)
def get_company(request: ApiRequest, companyId: UUID) -> dict[str, Any]:  # noqa: N803
    """One company with its connections."""
    find_company(request, companyId)
    return _written(request, companyId)


@router.put(
    "/companies/{uuid:companyId}",
    auth=WRITE,
    response=responses(CompanyShape, 400, 404),
    operation_id="replace-company",
    summary="Replace company",
)
def replace_company(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    body: CompanyBody,
) -> dict[str, Any]:
    """Set name, description and tags; what is left out is cleared."""
    company, program = find_company(request, companyId), program_of(request)
    with _refused_with_words("ReplaceCompany"):
        company = operations.rename_company(company, name=body.name, actor=program)
        operations.edit_company(
            company, description=body.description or "", tags=body.tags or {}, actor=program
        )
    return _written(request, companyId)


@router.patch(
    "/companies/{uuid:companyId}",
    auth=WRITE,
    response=responses(CompanyShape, 400, 404),
    operation_id="update-company",
    summary="Update company",
)
def update_company(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    body: CompanyChanges,
) -> dict[str, Any]:
    """Change what is given; null means not given."""
    company, program = find_company(request, companyId), program_of(request)
    with _refused_with_words("UpdateCompany"):
        if body.name is not None:
            company = operations.rename_company(company, name=body.name, actor=program)
        operations.edit_company(
            company,
            description=company.description if body.description is None else body.description,
            tags=company.tags if body.tags is None else body.tags,
            actor=program,
        )
    return _written(request, companyId)


@router.delete(
    "/companies/{uuid:companyId}",
    auth=WRITE,
    response=responses(None, 404, status=204),
    operation_id="delete-company",
    summary="Delete a company",
)
def delete_company(request: ApiRequest, companyId: UUID) -> HttpResponse:  # noqa: N803
    """Remove the company for good, with its connections and everything that was pulled."""
    try:
        deletion.delete_company(find_company(request, companyId), actor=program_of(request))
    except deletion.Deleted:
        raise not_found("company", companyId) from None
    return HttpResponse(status=204)


@router.get(
    "/companies/{uuid:companyId}/accessToken",
    auth=READ,
    response=responses(CompanyAccessToken, 404),
    operation_id="get-company-access-token",
    summary="Get company access token",
)
def get_access_token(request: ApiRequest, companyId: UUID) -> dict[str, Any]:  # noqa: N803
    """A token that reads this company, for a day: made for pages in a browser."""
    if request.principal.key is None:
        raise ApiError(403, "Only an API key can ask for access tokens.")
    return {
        "expiresIn": int(TOKEN_VALID_FOR.total_seconds()),
        "accessToken": company_token(find_company(request, companyId)),
        "tokenType": "Bearer",
    }


@router.get(
    "/companies/{uuid:companyId}/syncSettings",
    auth=READ,
    response=responses(CompanySyncSettings, 404),
    operation_id="get-company-sync-settings",
    summary="Get company sync settings",
)
def get_company_sync_settings(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
) -> dict[str, Any]:
    """How often each data type of the company is pulled, and whether it is on first link."""
    return sync_settings.of_company(find_company(request, companyId))


@router.post(
    "/companies/{uuid:companyId}/syncSettings",
    auth=WRITE,
    response=responses(None, 400, 404, status=204),
    operation_id="set-company-sync-settings",
    summary="Set company sync settings",
)
def set_company_sync_settings(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    body: CompanySyncSettingsBody,
) -> HttpResponse:
    """Give the company settings of its own, or with `overridesDefaults: false` none."""
    company = find_company(request, companyId)
    if body.company_id != companyId:
        raise ApiError(400, "The companyId of the body is not the one of the address.")
    sync_settings.save(
        request.organization,
        body.settings,
        company=company,
        overrides=body.overrides_defaults,
        actor=program_of(request),
    )
    return HttpResponse(status=204)


@contextmanager
def _refused_with_words(validator: str) -> Iterator[None]:
    """Turn what the operations refuse into the contract's 400."""
    try:
        yield
    except (NameMissing, TagsInvalid) as error:
        raise ApiError(400, str(error), issues=[Issue("Company", str(error), validator)]) from error

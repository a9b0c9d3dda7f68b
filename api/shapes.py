"""Companies, connections and pulls as the contract writes them: for answers and for webhooks.

Names in camel case are the contract's own (Codat-Platform.json 3.0.0).
"""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch
from ninja import Schema
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from companies.models import Company, CompanyQuerySet
from connections.identifiers import integration_id, source_id
from connections.models import Connection, ConnectionError, ConnectionQuerySet  # noqa: A004
from connections.platforms import PLATFORMS, get_platform
from connections.platforms.base import Platform
from sync.models import Pull, PullStatus

#: Of a connection's errors the newest.
ERRORS_SHOWN = 20

ConnectionStatus = Literal["PendingAuth", "Linked", "Unlinked", "Deauthorized"]
SourceType = Literal["Accounting", "Banking", "BankFeed", "Commerce", "Expense", "Other", "Unknown"]
PullStatusName = PullStatus


class Shape(Schema):
    """Written in camel case."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class ConnectionErrorShape(Shape):
    status_code: str
    status_text: str
    error_message: str
    errored_on_utc: str
    status: Literal["Active", "Resolved"] | None = None
    resolved_on_utc: str | None = None


class ConnectionShape(Shape):
    id: UUID
    integration_id: UUID
    integration_key: str
    source_id: UUID
    source_type: SourceType
    platform_name: str
    link_url: str
    status: ConnectionStatus
    last_sync: str | None = None
    created: str
    data_connection_errors: list[ConnectionErrorShape] | None = None
    connection_info: dict[str, Any] | None = None


class PortalLinks(Shape):
    portal: str


class CompanyReference(Shape):
    id: UUID
    name: str
    description: str | None = None
    links: PortalLinks
    tags: dict[str, str]


class CompanyDetails(Shape):
    """A company without its connections, as webhooks tell of it."""

    id: UUID
    name: str
    description: str | None = None
    redirect: str
    last_sync: str | None = None
    created: str
    created_by_user_name: str | None = None
    products: list[str]
    tags: dict[str, str]
    reference_parent_company: CompanyReference | None = None
    reference_subsidiary_companies: list[CompanyReference]


class CompanyShape(CompanyDetails):
    data_connections: list[ConnectionShape]


class PullShape(Shape):
    id: UUID
    company_id: UUID
    connection_id: UUID
    data_type: str
    status: PullStatusName
    status_description: str | None = None
    error_message: str | None = None
    requested: str
    completed: str | None = None
    progress: Annotated[int, Field(ge=0, le=100)]
    is_completed: bool
    is_errored: bool


def moment(value: dt.datetime | None) -> str | None:
    """Write a moment as the contract does: UTC, with a Z."""
    if value is None:
        return None
    return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def company_details(company: Company, *, redirect: str) -> dict[str, Any]:
    return {
        "id": str(company.pk),
        "name": company.name,
        "description": company.description or None,
        "redirect": redirect,
        "lastSync": moment(company.last_pull_at),
        "created": moment(company.created_at),
        "createdByUserName": str(company.created_by) if company.created_by_id else None,
        "products": company.products,
        "tags": company.tags,
        "referenceParentCompany": None,
        "referenceSubsidiaryCompanies": [],
    }


def company(
    company: Company, *, redirect: str, connections: list[dict[str, Any]]
) -> dict[str, Any]:
    return company_details(company, redirect=redirect) | {"dataConnections": connections}


def company_reference(company: Company, *, organization_slug: str) -> dict[str, Any]:
    return {
        "id": str(company.pk),
        "name": company.name,
        "description": company.description or None,
        "links": {"portal": portal_url(organization_slug, company.pk)},
        "tags": company.tags,
    }


def portal_url(organization_slug: str, company_id: UUID, page: str = "") -> str:
    return f"{settings.BASE_URL}/o/{organization_slug}/companies/{company_id}/{page}"


def connection(connection: Connection, *, link_url: str) -> dict[str, Any]:
    """Write a connection; its errors must have been read with `with_errors`."""
    platform = get_platform(connection.platform)
    return {
        "id": str(connection.pk),
        "integrationId": str(integration_id(platform.code)),
        "integrationKey": platform.code,
        "sourceId": str(source_id(platform.code)),
        "sourceType": connection.source_type,
        "platformName": platform.name,
        "linkUrl": link_url,
        "status": connection.status,
        "lastSync": moment(connection.last_pull_at),
        "created": moment(connection.created_at),
        "dataConnectionErrors": [
            connection_error(error)
            for error in connection.newest_errors  # type: ignore[attr-defined]  # of `with_errors`
        ],
        "connectionInfo": _info(connection),
    }


def connection_error(error: ConnectionError) -> dict[str, Any]:
    return {
        "statusCode": error.status_code,
        "statusText": error.status_text,
        "errorMessage": error.error_message,
        "erroredOnUtc": moment(error.errored_at),
        "status": "Active" if error.is_active else "Resolved",
        "resolvedOnUtc": moment(error.resolved_at),
    }


def with_errors(connections: ConnectionQuerySet) -> ConnectionQuerySet:
    newest = ConnectionError.objects.order_by("-errored_at", "-id")[:ERRORS_SHOWN]
    return connections.prefetch_related(
        Prefetch("errors", queryset=newest, to_attr="newest_errors")
    )


def with_connections(companies: CompanyQuerySet) -> CompanyQuerySet:
    """Read companies with what their shape needs, in a few queries however many there are."""
    connections = with_errors(Connection.objects.oldest_first())
    return companies.select_related("created_by").prefetch_related(
        Prefetch("connections", queryset=connections)
    )


def pull(pull: Pull) -> dict[str, Any]:
    return {
        "id": str(pull.pk),
        "companyId": str(pull.company_id),
        "connectionId": str(pull.connection_id),
        "dataType": pull.data_type,
        "status": pull.status,
        "statusDescription": pull.status_description or None,
        "errorMessage": pull.error_message or None,
        "requested": moment(pull.requested_at),
        "completed": moment(pull.completed_at),
        "progress": 100 if pull.is_completed else min(pull.progress, 99),
        "isCompleted": pull.is_completed,
        "isErrored": pull.is_errored,
    }


#: Our keys of platforms, by what the contract may say instead.
PLATFORMS_BY_NAME = {each.name.lower(): each.key for each in PLATFORMS.values()}
PLATFORMS_BY_CODE = {each.code: each.key for each in PLATFORMS.values()}
PLATFORMS_BY_ID = {str(integration_id(each.code)): each.key for each in PLATFORMS.values()}


def platform_of(code: str) -> type[Platform]:
    """Find the platform that the contract's four letters name.

    :raises KeyError: when there is none.
    """
    return PLATFORMS[PLATFORMS_BY_CODE[code]]


def _info(connection: Connection) -> dict[str, str] | None:
    """Tell which books are linked there: its own id and name for them."""
    info = {
        "platformCompanyId": connection.platform_company_id,
        "platformCompanyName": connection.platform_company_name,
    }
    return {name: value for name, value in info.items() if value} or None

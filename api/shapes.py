"""Companies, connections and pulls as the contract writes them: for answers and for webhooks.

Names in camel case are the contract's own (Codat-Platform.json 3.0.0).
"""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import Prefetch
from ninja import Schema
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from companies.models import CompanyQuerySet
from connections.facts import ERRORS_KEPT
from connections.identifiers import integration_id, source_id
from connections.models import Connection, ConnectionError, ConnectionQuerySet  # noqa: A004
from connections.platforms import PLATFORMS
from connections.platforms.base import Platform
from sync.models import Pull, PullStatus

type Facts = dict[str, Any]

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


def utc(text: str | None) -> str | None:
    """Write a kept moment with a Z."""
    return text and text.replace("+00:00", "Z")


def company_details(kept: Facts, *, redirect: str) -> Facts:
    """Write a company, as it is or as an event kept it (see `companies.facts`)."""
    return {
        "id": kept["id"],
        "name": kept["name"],
        "description": kept["description"] or None,
        "redirect": redirect,
        "lastSync": utc(kept["lastPullAt"]),
        "created": utc(kept["createdAt"]),
        "createdByUserName": kept["createdBy"],
        "products": kept.get("products", []),
        "tags": kept["tags"],
        "referenceParentCompany": None,
        "referenceSubsidiaryCompanies": [],
    }


def company_reference(kept: Facts, *, portal: str) -> Facts:
    return {
        "id": kept["id"],
        "name": kept["name"],
        "description": kept["description"] or None,
        "links": {"portal": portal},
        "tags": kept["tags"],
    }


def connection(kept: Facts, *, link_url: str) -> Facts:
    """Write a connection, as it is or as an event kept it (see `connections.facts`)."""
    platform = PLATFORMS[kept["platform"]]
    return {
        "id": kept["id"],
        "integrationId": str(integration_id(platform.code)),
        "integrationKey": platform.code,
        "sourceId": str(source_id(platform.code)),
        "sourceType": kept["sourceType"],
        "platformName": platform.name,
        "linkUrl": link_url,
        "status": kept["status"],
        "lastSync": utc(kept["lastPullAt"]),
        "created": utc(kept["createdAt"]),
        "dataConnectionErrors": [connection_error(each) for each in kept["errors"]],
        "connectionInfo": _info(kept),
    }


def connection_error(kept: Facts) -> Facts:
    return {
        "statusCode": kept["statusCode"],
        "statusText": kept["statusText"],
        "errorMessage": kept["errorMessage"],
        "erroredOnUtc": utc(kept["erroredAt"]),
        "status": "Resolved" if kept["resolvedAt"] else "Active",
        "resolvedOnUtc": utc(kept["resolvedAt"]),
    }


def with_errors(connections: ConnectionQuerySet) -> ConnectionQuerySet:
    newest = ConnectionError.objects.order_by("-errored_at", "-id")[:ERRORS_KEPT]
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


def _info(kept: Facts) -> dict[str, str] | None:
    """Tell which books are linked there: the platform's own id and name for them."""
    names = ("platformCompanyId", "platformCompanyName")
    return {name: kept[name] for name in names if kept.get(name)} or None

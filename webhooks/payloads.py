"""What an event says to others: the public contract's JSON, from what the event kept.

The objects look as in the API's answers. Nothing is asked of companies or connections themselves,
which may have changed or gone since, but for the Link URL in force: the database never holds one.
"""

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from api import shapes
from companies.models import Event, Organization
from connections import links
from webhooks import catalog

type Json = dict[str, Any]


def body_of(event: Event, organization: Organization) -> bytes:
    """Return the message, the same at every attempt."""
    return _encoded(envelope(event, organization))


def example_body(event_type: str, delivery_id: UUID) -> bytes:
    """Return the sample of an event type as a message of its own."""
    return _encoded({**catalog.BY_NAME[event_type].sample, "id": str(delivery_id)})


def envelope(event: Event, organization: Organization) -> Json:
    public = catalog.PUBLIC_TYPES[event.type]
    return {
        "id": str(event.pk),
        "eventType": public,
        "generatedDate": shapes.moment(event.occurred_at),
        "payload": _payload(public, event.payload, organization),
    }


def tags_of(event: Event) -> dict[str, str] | None:
    """Return the tags its company had; None where it is about no company."""
    kept: Json | None = event.payload.get("company")
    return None if kept is None else kept["tags"]


def _payload(public: str, kept: Json, organization: Organization) -> Json:
    if public.startswith("company.product."):
        return product(kept)
    if public.startswith("company."):
        return company(kept["company"], organization)
    if public.startswith("connection."):
        return {
            "referenceCompany": company_reference(kept["company"], organization),
            "connection": connection(kept["connection"], organization),
        }
    if public.startswith("read."):
        return read(kept, organization)
    return rate_limit(kept)


def company(kept: Json, organization: Organization) -> Json:
    shown = shapes.company_details(kept, redirect=_company_link(kept, organization))
    return {"platform": "", **_without_unset(shown, "lastSync")}


def product(kept: Json) -> Json:
    of = kept["company"]
    return {
        "id": of["id"],
        "name": of["name"],
        "description": of["description"] or None,
        "productId": kept["productId"],
        # Products are the organization's own words: there is no other name for them.
        "productName": kept["productId"],
        "products": of["products"],
    }


def company_reference(kept: Json, organization: Organization) -> Json:
    portal = _portal("sync:summary", organization, kept["id"])
    return shapes.company_reference(kept, portal=portal)


def connection(kept: Json, organization: Organization) -> Json:
    shown = shapes.connection(kept, link_url=_connection_link(kept, organization))
    errors = [_without_unset(each, "resolvedOnUtc") for each in shown["dataConnectionErrors"]]
    return _without_unset({**shown, "dataConnectionErrors": errors}, "lastSync", "connectionInfo")


def read(kept: Json, organization: Organization) -> Json:
    reference = company_reference(kept["company"], organization)
    return {
        "referenceCompany": reference,
        # Each data type has its own; the contract's one date for all of them would be made up.
        "modifiedFromDate": None,
        "dataTypes": [_read(each, reference["id"], organization) for each in kept["dataTypes"]],
    }


def _read(outcome: Json, company_id: str, organization: Organization) -> Json:
    return {
        "connectionId": outcome["connectionId"],
        "dataType": outcome["dataType"],
        "recordsModified": bool(outcome["added"] + outcome["changed"] + outcome["deleted"]),
        "status": outcome["status"],
        "issues": _issues(outcome, company_id, organization),
    }


def _issues(outcome: Json, company_id: str, organization: Organization) -> list[Json]:
    broken = outcome["warnings"] + outcome["errors"]
    if not broken:
        return []
    records = "1 record does" if broken == 1 else f"{broken} records do"
    return [
        {
            "type": "warning.validation",
            "message": f"{records} not keep to what is expected.",
            "links": {
                "logs": f"{settings.BASE_URL}/api/companies/{company_id}/sync/"
                f"{outcome['pullId']}/validation",
                "portal": _portal("sync:history", organization, company_id),
                "readMore": _portal("webhooks:catalog", organization),
            },
        }
    ]


def rate_limit(kept: Json) -> Json:
    return {name: kept[name] for name in ("dailyQuota", "quotaRemaining", "expiryDate")}


def _company_link(kept: Json, organization: Organization) -> str:
    """Return the Link URL in force. One that somebody revoked is not replaced by telling of it."""
    company_id = UUID(kept["id"])
    found = links.link_urls(organization.pk, company_ids=[company_id])
    return found.get(company_id) or _leads_nowhere(company_id)


def _connection_link(kept: Json, organization: Organization) -> str:
    connection_id = UUID(kept["id"])
    found = links.link_urls(organization.pk, connection_ids=[connection_id])
    return found.get(connection_id) or _leads_nowhere(connection_id)


def _leads_nowhere(deleted: UUID) -> str:
    """Return an address of the right form: what it named was deleted, so nothing is there."""
    return f"{settings.BASE_URL}/link/{links.token_of(deleted)}/"


def _portal(name: str, organization: Organization, *args: object) -> str:
    return f"{settings.BASE_URL}{reverse(name, args=[organization.slug, *args])}"


def _without_unset(shown: Json, *optional: str) -> Json:
    """Leave out what has no value yet, as the contract does."""
    return {
        name: value for name, value in shown.items() if name not in optional or value is not None
    }


def _encoded(message: Json) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()

"""The event types that others can subscribe to, each with its schema and a sample."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from companies.models import EventType

#: Ours, in the words of the public contract.
PUBLIC_TYPES: Mapping[str, str] = MappingProxyType(
    {
        EventType.COMPANY_CREATED: "company.created",
        EventType.COMPANY_DELETED: "company.deleted",
        EventType.COMPANY_PRODUCT_ADDED: "company.product.added",
        EventType.COMPANY_PRODUCT_REMOVED: "company.product.removed",
        EventType.CONNECTION_CREATED: "connection.created",
        EventType.CONNECTION_CONNECTED: "connection.connected",
        EventType.CONNECTION_RECONNECTED: "connection.reconnected",
        EventType.CONNECTION_FAILED: "connection.failed",
        EventType.CONNECTION_DEAUTHORIZED: "connection.disconnected",
        EventType.CONNECTION_UNLINKED: "connection.disconnected",
        EventType.CONNECTION_DELETED: "connection.deleted",
        EventType.READ_COMPLETED: "read.completed",
        EventType.READ_COMPLETED_INITIAL: "read.completed.initial",
        EventType.RATE_LIMIT_REACHED: "client.rateLimit.reached",
        EventType.RATE_LIMIT_RESET: "client.rateLimit.reset",
    }
)


def internal_types(public: set[str]) -> list[str]:
    return [ours for ours, theirs in PUBLIC_TYPES.items() if theirs in public]


@dataclass(frozen=True, slots=True)
class Described:
    """An event type as the catalogue shows it."""

    name: str
    group: Promise
    when: Promise
    payload_schema: dict[str, Any]
    payload_sample: dict[str, Any]

    @property
    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["id", "eventType", "generatedDate", "payload"],
            "properties": {
                "id": _UUID,
                "eventType": {"const": self.name},
                "generatedDate": _MOMENT,
                "payload": self.payload_schema,
            },
        }

    @property
    def schema_text(self) -> str:
        return json.dumps(self.schema, indent=2)

    @property
    def sample_text(self) -> str:
        return json.dumps(self.sample, indent=2, ensure_ascii=False)

    @property
    def sample(self) -> dict[str, Any]:
        return {
            "id": "5a1c8f0e-2a7b-4a53-9d0e-4f1f5f0c6b1d",
            "eventType": self.name,
            "generatedDate": "2026-11-28T09:30:00.000000Z",
            "payload": self.payload_sample,
        }


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _object(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties}


_TEXT = {"type": "string"}
_UUID = {"type": "string", "format": "uuid"}
_URL = {"type": "string", "format": "uri"}
_MOMENT = {"type": "string", "format": "date-time"}
_TAGS = {"type": "object", "additionalProperties": _TEXT}

_REFERENCE = _object(
    {
        "id": _UUID,
        "name": _TEXT,
        "description": _or_null(_TEXT),
        "links": _object({"portal": _URL}),
        "tags": _TAGS,
    }
)
_COMPANY = _object(
    {
        "id": _UUID,
        "name": _TEXT,
        "description": _or_null(_TEXT),
        "redirect": _URL,
        "platform": _TEXT,
        "lastSync": _MOMENT,
        "created": _MOMENT,
        "createdByUserName": _or_null(_TEXT),
        "products": {"type": "array", "items": _TEXT},
        "tags": _TAGS,
        "referenceParentCompany": {"type": "null"},
        "referenceSubsidiaryCompanies": {"type": "array", "items": _REFERENCE},
    },
    optional=("lastSync",),
)
_PRODUCT = _object(
    {
        "id": _UUID,
        "name": _TEXT,
        "description": _or_null(_TEXT),
        "productId": _TEXT,
        "productName": _TEXT,
        "products": {"type": "array", "items": _TEXT},
    }
)
_CONNECTION = _object(
    {
        "id": _UUID,
        "integrationId": _UUID,
        "integrationKey": _TEXT,
        "sourceId": _UUID,
        "sourceType": _TEXT,
        "platformName": _TEXT,
        "linkUrl": _URL,
        "status": {"enum": ["PendingAuth", "Linked", "Unlinked", "Deauthorized"]},
        "lastSync": _MOMENT,
        "created": _MOMENT,
        "dataConnectionErrors": {
            "type": "array",
            "items": _object(
                {
                    "statusCode": _TEXT,
                    "statusText": _TEXT,
                    "errorMessage": _TEXT,
                    "erroredOnUtc": _MOMENT,
                    "status": {"enum": ["Active", "Resolved", None]},
                    "resolvedOnUtc": _MOMENT,
                },
                optional=("resolvedOnUtc",),
            ),
        },
        "connectionInfo": {"type": "object", "additionalProperties": _TEXT},
    },
    optional=("lastSync", "connectionInfo"),
)
_CONNECTION_EVENT = _object({"referenceCompany": _REFERENCE, "connection": _CONNECTION})
_READ = _object(
    {
        "referenceCompany": _REFERENCE,
        "modifiedFromDate": _or_null(_MOMENT),
        "dataTypes": {
            "type": "array",
            "items": _object(
                {
                    "connectionId": _UUID,
                    "dataType": _TEXT,
                    "recordsModified": {"type": "boolean"},
                    "status": _TEXT,
                    "issues": {
                        "type": "array",
                        "items": _object(
                            {
                                "type": {"const": "warning.validation"},
                                "message": _TEXT,
                                "links": _object({"logs": _URL, "portal": _URL, "readMore": _URL}),
                            }
                        ),
                    },
                }
            ),
        },
    }
)
_RATE_LIMIT = _object(
    {
        "dailyQuota": {"type": "integer"},
        "quotaRemaining": {"type": "integer"},
        "expiryDate": _MOMENT,
    }
)

_COMPANY_ID = "0498e921-9b53-4396-a412-4f2f5983b0a2"
_CONNECTION_ID = "2e9d2c44-f675-40ba-8049-353bfcb5e171"
_HERE = "https://portal.example"
_SAMPLE_REFERENCE = {
    "id": _COMPANY_ID,
    "name": "Eastgate Roasters",
    "description": "Customer 1042",
    "links": {"portal": f"{_HERE}/o/harbour/companies/{_COMPANY_ID}/"},
    "tags": {"region": "north"},
}
_SAMPLE_COMPANY: dict[str, Any] = {
    "id": _COMPANY_ID,
    "name": "Eastgate Roasters",
    "description": "Customer 1042",
    "platform": "",
    "redirect": f"{_HERE}/link/EXAMPLE/",
    "lastSync": "2026-11-28T09:29:58.000000Z",
    "created": "2026-11-01T08:00:00.000000Z",
    "createdByUserName": "Alice Archer",
    "products": [],
    "tags": {"region": "north"},
    "referenceParentCompany": None,
    "referenceSubsidiaryCompanies": [],
}


def _sample_product(*products: str) -> dict[str, Any]:
    return {
        "id": _COMPANY_ID,
        "name": "Eastgate Roasters",
        "description": "Customer 1042",
        "productId": "lending",
        "productName": "lending",
        "products": list(products),
    }


def _sample_connection(status: str, *errors: dict[str, Any]) -> dict[str, Any]:
    return {
        "referenceCompany": _SAMPLE_REFERENCE,
        "connection": {
            "id": _CONNECTION_ID,
            "integrationId": "fd321cb6-7963-4506-b873-e99593a45e30",
            "integrationKey": "gbol",
            "sourceId": "8a156a5a-39cb-4f9d-856e-76ef9b9a9607",
            "sourceType": "Accounting",
            "platformName": "Xero",
            "linkUrl": f"{_HERE}/link/EXAMPLE/",
            "status": status,
            "created": "2026-11-01T08:05:00.000000Z",
            "dataConnectionErrors": list(errors),
        },
    }


def _sample_error(code: str, text: str, message: str) -> dict[str, Any]:
    return {
        "statusCode": code,
        "statusText": text,
        "errorMessage": message,
        "erroredOnUtc": "2026-11-28T09:29:59.000000Z",
        "status": "Active",
    }


_SAMPLE_READ = {
    "referenceCompany": _SAMPLE_REFERENCE,
    "modifiedFromDate": None,
    "dataTypes": [
        {
            "connectionId": _CONNECTION_ID,
            "dataType": "invoices",
            "recordsModified": True,
            "status": "Complete",
            "issues": [
                {
                    "type": "warning.validation",
                    "message": "2 records do not keep to what is expected of them.",
                    "links": {
                        "logs": f"{_HERE}/api/companies/{_COMPANY_ID}/sync/"
                        "6f1c3b52-5f5e-4f7a-8f35-0f2f5e8d1d35/validation",
                        "portal": f"{_HERE}/o/harbour/companies/{_COMPANY_ID}/pull-history/",
                        "readMore": f"{_HERE}/o/harbour/developers/webhooks/events/",
                    },
                }
            ],
        },
        {
            "connectionId": _CONNECTION_ID,
            "dataType": "customers",
            "recordsModified": False,
            "status": "Complete",
            "issues": [],
        },
    ],
}
_SAMPLE_RATE_LIMIT = {
    "dailyQuota": 12000,
    "quotaRemaining": 0,
    "expiryDate": "2026-11-29T00:00:00.000000Z",
}

TYPES: tuple[Described, ...] = (
    Described(
        "company.created", _("Companies"), _("A company was added."), _COMPANY, _SAMPLE_COMPANY
    ),
    Described(
        "company.deleted",
        _("Companies"),
        _("A company was deleted with everything that was pulled. It is told as it was."),
        _COMPANY,
        _SAMPLE_COMPANY,
    ),
    Described(
        "company.product.added",
        _("Companies"),
        _("A company is used for one more product, a word of your own."),
        _PRODUCT,
        _sample_product("accounting", "lending"),
    ),
    Described(
        "company.product.removed",
        _("Companies"),
        _("A company is used for a product no longer."),
        _PRODUCT,
        _sample_product("accounting"),
    ),
    Described(
        "connection.created",
        _("Connections"),
        _("A connection was added; the customer has not authorized it yet."),
        _CONNECTION_EVENT,
        _sample_connection("PendingAuth"),
    ),
    Described(
        "connection.connected",
        _("Connections"),
        _("The customer authorized a connection for the first time."),
        _CONNECTION_EVENT,
        _sample_connection("Linked"),
    ),
    Described(
        "connection.reconnected",
        _("Connections"),
        _("The customer authorized a connection again."),
        _CONNECTION_EVENT,
        _sample_connection("Linked"),
    ),
    Described(
        "connection.disconnected",
        _("Connections"),
        _("A connection was unlinked, or the platform no longer lets us in."),
        _CONNECTION_EVENT,
        _sample_connection(
            "Deauthorized",
            _sample_error("401", "Access lost", "Xero no longer accepts our authorization."),
        ),
    ),
    Described(
        "connection.failed",
        _("Connections"),
        _("The customer began to authorize, and it did not come about."),
        _CONNECTION_EVENT,
        _sample_connection(
            "PendingAuth", _sample_error("403", "Declined", "The customer declined at Xero.")
        ),
    ),
    Described(
        "connection.deleted",
        _("Connections"),
        _(
            "A connection was deleted with everything that was pulled over it. "
            "It is told as it was."
        ),
        _CONNECTION_EVENT,
        _sample_connection("Unlinked"),
    ),
    Described(
        "read.completed",
        _("Data"),
        _(
            "All data types of a company that were asked for together have been read, "
            "whatever came of it."
        ),
        _READ,
        _SAMPLE_READ,
    ),
    Described(
        "read.completed.initial",
        _("Data"),
        _("The same, for the first read after each authorization."),
        _READ,
        _SAMPLE_READ,
    ),
    Described(
        "client.rateLimit.reached",
        _("API"),
        _("Your calls of the API have used up the day’s quota."),
        _RATE_LIMIT,
        _SAMPLE_RATE_LIMIT,
    ),
    Described(
        "client.rateLimit.reset",
        _("API"),
        _("The day’s quota of the API begins anew."),
        _RATE_LIMIT,
        _SAMPLE_RATE_LIMIT | {"quotaRemaining": 12000},
    ),
)
BY_NAME: Mapping[str, Described] = MappingProxyType({each.name: each for each in TYPES})

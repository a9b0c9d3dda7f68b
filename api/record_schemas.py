"""How the OpenAPI document describes records: from the canonical records' own types.

What programs read is stored JSON that no schema of ninja's ever touches, so the document takes its
words from where the JSON comes from.
"""

from functools import cache, cached_property
from http import HTTPStatus
from typing import Any

import msgspec
from ninja import NinjaAPI
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.schema import NinjaGenerateJsonSchema

from api import idempotency
from api.ageing_shapes import AgedCreditorReport, AgedDebtorReport
from api.paging import PagingInfo
from api.responses import ErrorMessage
from connections.schemas import RECORD_TYPES, DataType, ReportLine

_DATE_TIME = {"type": "string", "format": "date-time"}
_REFUSED = 400
_REFUSAL = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorMessage"}}}
_IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "Do it once, however often this is sent: for 90 minutes the same request with "
    "the same key gets the first answer again, and another request 422.",
    "required": False,
    "schema": {"type": "string", "maxLength": idempotency.LONGEST_KEY},
}
_METADATA = {"$ref": "#/components/schemas/Metadata"}


class Api(NinjaAPI):
    """Adds the records' schemas to the document, and makes it once: everybody may ask for it."""

    def get_openapi_schema(self, **_: Any) -> OpenAPISchema:
        return self._document

    @cached_property
    def written(self) -> bytes:
        """The document as it is served."""
        return msgspec.json.encode(self._document)

    @cached_property
    def _document(self) -> OpenAPISchema:
        document = super().get_openapi_schema()
        own = document["components"]["schemas"]
        document["components"]["schemas"] = components() | own
        for path in document["paths"].values():
            for method, operation in path.items():
                _complete(method, operation)
        return document


def _complete(method: str, operation: dict[str, Any]) -> None:
    """Say what is true of every operation of a kind, and of none in particular."""
    statuses = {status for status in operation["responses"] if status >= _REFUSED}
    if method.upper() in idempotency.METHODS:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
        statuses |= {409, 422}
    if body := operation.get("requestBody"):
        statuses.add(413)
    for status in sorted(statuses):
        described = {"description": HTTPStatus(status).phrase, "content": _REFUSAL}
        operation["responses"][status] = described
    if body:
        for content in body["content"].values():
            # A body may be left out, but is not null.
            content["schema"] = _without_null(content["schema"])


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    variants = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return variants[0] if len(variants) == 1 else schema


def responses(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what ninja calls `openapi_extra`: what a success looks like."""
    return {"responses": {200: {"content": {"application/json": {"schema": schema}}}}}


def reference(data_type: DataType) -> dict[str, Any]:
    return {"$ref": _ref(RECORD_TYPES[data_type].__name__)}


def page_of(items: dict[str, Any]) -> dict[str, Any]:
    """Describe the envelope of a page around its items."""
    results = {"results": {"type": "array", "items": items}}
    return {"allOf": [{"$ref": _ref("PagingInfo")}, {"type": "object", "properties": results}]}


@cache
def components() -> dict[str, Any]:
    types = [*RECORD_TYPES.values(), ReportLine, AgedDebtorReport, AgedCreditorReport]
    _, found = msgspec.json.schema_components(types, ref_template=_ref("{name}"))
    described = {_name(name): _as_json(schema) for name, schema in found.items()}
    for data_type, record_type in RECORD_TYPES.items():
        _as_written(data_type, described[record_type.__name__])
    for model in (PagingInfo, ErrorMessage):
        schema = model.model_json_schema(
            ref_template=REF_TEMPLATE,
            mode="serialization",
            schema_generator=NinjaGenerateJsonSchema,
        )
        described |= schema.pop("$defs")
        described[model.__name__] = schema
    return described


def _ref(name: str) -> str:
    return f"#/components/schemas/{name}"


def _as_written(data_type: DataType, schema: dict[str, Any]) -> None:
    """Describe a record as `api.bodies` writes it."""
    properties = schema["properties"]
    if data_type.is_single:
        for name in ("id", "sourceModifiedDate"):
            properties.pop(name)
        schema["required"] = [name for name in schema["required"] if name != "id"]
    else:
        properties["modifiedDate"] = _DATE_TIME
        properties["metadata"] = _METADATA


def _as_json(schema: Any) -> Any:
    """Say that amounts are numbers: to msgspec a Decimal is a text unless it is told otherwise."""
    if isinstance(schema, list):
        return [_as_json(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        return {**schema, "type": "number"}
    if "$ref" in schema:
        return {**schema, "$ref": _ref(_name(schema["$ref"].rpartition("/")[2]))}
    return {name: _as_json(each) for name, each in schema.items()}


def _name(name: str) -> str:
    """Name a generic type by what it is of: msgspec writes all its parameters out."""
    generic, _, parameters = name.partition("_")
    return f"Bill{generic}" if "_Bill_" in parameters else generic

"""The API's own document, turned round for people: operations by subject, then what they exchange.

What the page says comes from the OpenAPI document alone, so that it cannot differ from it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify

from api.samples import sample
from api.scopes import Requires
from api.urls import api

_METHODS = ("get", "post", "put", "patch", "delete")
_REFUSAL = "ErrorMessage"


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a member, and the schema that says more about it."""

    text: str
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    type: Type
    is_required: bool
    description: str = ""
    #: Of a parameter: path or query.
    place: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    type: Type | None


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    description: str
    scope: str
    is_deprecated: bool
    parameters: tuple[Member, ...]
    body: Type | None
    answers: tuple[Answer, ...]
    #: Statuses that answer with the envelope of refusals.
    refusals: tuple[str, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Subject:
    name: str
    slug: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class SchemaEntry:
    name: str
    description: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    url: str
    subjects: tuple[Subject, ...]
    schemas: tuple[SchemaEntry, ...]


@cache
def reference() -> Reference:
    """Read it once: it changes with a new version only."""
    document: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(), default=str))
    schemas = document["components"]["schemas"]
    by_subject: dict[str, list[Operation]] = {}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                found = operations[method]
                operation = _operation(path, method, found, schemas)
                by_subject.setdefault(found["tags"][0], []).append(operation)
    return Reference(
        url=f"{settings.BASE_URL}/api",
        subjects=tuple(
            Subject(name, slugify(name), tuple(operations))
            for name, operations in by_subject.items()
        ),
        schemas=tuple(_schema(name, schemas[name]) for name in sorted(schemas)),
    )


def _operation(
    path: str, method: str, found: Mapping[str, Any], schemas: Mapping[str, Any]
) -> Operation:
    path = path.removeprefix("/api")
    body = _content(found.get("requestBody"))
    answers = {status: _content(answer) for status, answer in found["responses"].items()}
    typed = {status: _type(each) if each else None for status, each in answers.items()}
    return Operation(
        id=found["operationId"],
        method=method.upper(),
        path=path,
        summary=found["summary"],
        description=_prose(found.get("description", "")),
        scope=_scopes().get(found["operationId"], ""),
        is_deprecated=found.get("deprecated", False),
        parameters=tuple(
            Member(
                name=each["name"],
                type=_type(each["schema"]),
                is_required=each["required"],
                description=_prose(
                    each.get("description", "") or each["schema"].get("description", "")
                ),
                place=each["in"],
            )
            for each in found.get("parameters", [])
        ),
        body=_type(body) if body else None,
        answers=tuple(
            Answer(status, each)
            for status, each in typed.items()
            if each is None or each.schema != _REFUSAL
        ),
        refusals=tuple(
            status for status, each in typed.items() if each and each.schema == _REFUSAL
        ),
        example=_example(method.upper(), path, body, schemas),
    )


@cache
def _scopes() -> dict[str, str]:
    """Return which scope each operation asks of a key."""
    return {
        operation.operation_id: auth.scope.value
        for _, router in api._routers  # noqa: SLF001 - ninja tells it nowhere else
        for view in router.path_operations.values()
        for operation in view.operations
        for auth in operation.auth_callbacks
        if isinstance(auth, Requires) and operation.operation_id
    }


def _content(holder: Mapping[str, Any] | None) -> dict[str, Any] | None:
    content = (holder or {}).get("content", {}).get("application/json", {})
    found: dict[str, Any] | None = content.get("schema")
    return found


def _schema(name: str, schema: Mapping[str, Any]) -> SchemaEntry:
    required = set(schema.get("required", []))
    members = [
        Member(member, _type(each), member in required, _prose(each.get("description", "")))
        for member, each in schema.get("properties", {}).items()
    ]
    if not members:
        members = [Member("", _type(schema), is_required=True)]
    return SchemaEntry(name, _prose(schema.get("description", "")), tuple(members))


def _prose(text: str) -> SafeString:
    """Set what stands between backticks as code."""
    parts = text.split("`")
    return format_html_join(
        "",
        "{}",
        (
            (format_html("<code>{}</code>", part) if place % 2 else part,)
            for place, part in enumerate(parts)
        ),
    )


def _type(schema: Mapping[str, Any]) -> Type:
    """Say in a word or two what a value is."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Type(name, name)
    if variants := schema.get("anyOf") or schema.get("allOf") or schema.get("oneOf"):
        types = [_type(each) for each in variants if each.get("type") != "null"]
        text = " or ".join(dict.fromkeys(each.text for each in types))
        may_be_null = len(types) < len(variants)
        linked = next((each.schema for each in types if each.schema), "")
        return Type(f"{text} or null" if may_be_null else text, linked)
    return _plain_type(schema)


def _plain_type(schema: Mapping[str, Any]) -> Type:
    if choices := schema.get("enum") or [schema[each] for each in ("const",) if each in schema]:
        return Type(" | ".join(str(choice) for choice in choices))
    kind = schema.get("type", "any")
    if kind == "array":
        inner = _type(schema.get("items", {}))
        return Type(f"list of {inner.text}", inner.schema)
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        inner = _type(schema["additionalProperties"])
        return Type(f"map of {inner.text}", inner.schema)
    return Type(f"{kind} ({schema['format']})" if schema.get("format") else str(kind))


def _example(
    method: str, path: str, body: Mapping[str, Any] | None, schemas: Mapping[str, Any]
) -> str:
    shown = re.sub(r"\{(\w+)\}", lambda match: f"${_constant(match[1])}", path)
    lines = [f'curl -u "$LEDGERPORT_API_KEY:" "{settings.BASE_URL}/api{shown}"']
    if method != "GET":
        lines[0] = lines[0].replace("curl ", f"curl -X {method} ")
    if body:
        sent = json.dumps(sample(body, schemas))
        lines += ["-H 'Content-Type: application/json'", f"-d '{sent}'"]
    return " \\\n  ".join(lines)


def _constant(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()

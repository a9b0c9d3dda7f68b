"""Xero's own OpenAPI documents as a judge of every request and every answer.

They are not ours to copy: they lie beside the project, as ``../shared/contracts`` or where
``XERO_CONTRACTS`` says. Without them nothing is judged, and ``MISSING`` says so.

The documents are stricter than the service in one thing: ``If-Modified-Since`` they want with a
zone, where the service's manual shows ``2009-11-12T00:00:00``. Both are accepted here.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft4Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

from tests.vendors.books import documents_beside

ACCOUNTING = "/api.xro/2.0"
MISSING = "Xero's OpenAPI documents are not at hand: nothing is checked against them."

_UUID = "^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"
_MS_DATE = r"^/Date\(-?[0-9]+([+-][0-9]{4})?\)/$"
_MODIFIED_SINCE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"
_SHAPES = {
    "integer": r"-?\d+",
    "boolean": "true|false",
    "date": r"\d{4}-\d\d-\d\d",
    "uuid": _UUID,
}
# What the service sends beyond its document: the envelope, dates a second time as text, ids a
# second time and empty lists of errors.
_BEYOND = (
    *("Id", "Status", "ProviderName", "DateTimeUTC"),
    *("DateString", "DueDateString", "ID", "ValidationErrors"),
)
# The document makes these two required to create an allocation; answers of lists lack them.
_NOT_REQUIRED = {"Allocation": {"Invoice", "Date"}}


def find_documents() -> Path | None:
    """Return where the documents lie, if they do."""
    return documents_beside("xero_accounting.yaml", os.environ.get("XERO_CONTRACTS"))


@cache
def load() -> "Contract | None":
    """Read the documents once a process; it takes half a second."""
    directory = find_documents()
    return Contract(directory) if directory else None


class Contract:
    def __init__(self, directory: Path) -> None:
        self._accounting = _read(directory / "xero_accounting.yaml")
        self._identity = _read(directory / "xero-identity.yaml")
        self._registry: Registry[Any] = Registry().with_resources(
            [
                ("urn:accounting", DRAFT4.create_resource(self._accounting)),
                ("urn:identity", DRAFT4.create_resource(self._identity)),
            ]
        )
        self._validators: dict[str, Draft4Validator] = {}

    def request_faults(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Iterator[str]:
        """Tell what of a request the documents do not know."""
        found = self._operation(method, path)
        if found is None:
            yield f"{method} {path} is not in the documents"
            return
        document, item, operation = found
        known = {
            (parameter["in"], parameter["name"].lower()): parameter
            for parameter in self._parameters(document, item, operation)
        }
        for name, value in query.items():
            # Names of parameters are told apart by case.
            parameter = known.get(("query", name.lower()))
            if parameter is None or parameter["name"] != name:
                yield f"{method} {path}: unknown parameter {name}"
            else:
                yield from _value_faults(f"{path} {name}", value, parameter["schema"])
        yield from self._header_faults(path, headers, known)

    def answer_faults(self, method: str, path: str, status: int, body: bytes) -> Iterator[str]:
        """Tell how an answer differs from what the documents promise."""
        found = self._operation(method, path)
        if found is None or status != 200:
            return
        _, _, operation = found
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        urn = "urn:identity" if path.startswith("/connections") else "urn:accounting"
        for error in self._validator(urn, schema).iter_errors(json.loads(body)):
            where = "/".join(map(str, error.absolute_path))
            yield f"answer of {path} at {where}: {error.message[:200]}"

    def members(self, schema: str) -> frozenset[str]:
        """Return what the document names in one of its schemas."""
        return frozenset(self._accounting["components"]["schemas"][schema]["properties"])

    def _header_faults(
        self, path: str, headers: Mapping[str, str], known: Mapping[tuple[str, str], Any]
    ) -> Iterator[str]:
        tenant, since = headers.get("xero-tenant-id"), headers.get("if-modified-since")
        if ("header", "xero-tenant-id") in known and not re.fullmatch(_UUID, tenant or ""):
            yield f"{path}: xero-tenant-id is {tenant!r}"
        if since is None:
            return
        if ("header", "if-modified-since") not in known:
            yield f"{path} knows no If-Modified-Since"
        elif not re.fullmatch(_MODIFIED_SINCE, since):
            yield f"{path}: If-Modified-Since is {since!r}"

    def _operation(self, method: str, path: str) -> tuple[Any, Any, Any] | None:
        document, wanted = self._accounting, path.removeprefix(ACCOUNTING)
        if path.startswith("/connections"):
            document = self._identity
            # The document writes it with a capital, the manual and the service without.
            wanted = "/Connections" if path == "/connections" else "/Connections/{id}"
        item = document["paths"].get(wanted)
        operation = item.get(method.lower()) if item else None
        return (document, item, operation) if operation else None

    def _parameters(self, document: Any, item: Any, operation: Any) -> Iterator[Any]:
        for parameter in (*item.get("parameters", ()), *operation.get("parameters", ())):
            reference = parameter.get("$ref")
            if reference:
                yield document["components"]["parameters"][reference.rpartition("/")[2]]
            else:
                yield parameter

    def _validator(self, urn: str, schema: Any) -> Draft4Validator:
        key = f"{urn} {json.dumps(schema)}"
        if key not in self._validators:
            self._validators[key] = Draft4Validator(_absolute(schema, urn), registry=self._registry)
        return self._validators[key]


def _absolute(schema: Any, urn: str) -> Any:
    if isinstance(schema, dict):
        return {
            name: f"{urn}{value}" if name == "$ref" else _absolute(value, urn)
            for name, value in schema.items()
        }
    return schema


def _value_faults(where: str, value: str, schema: Any) -> Iterator[str]:
    shape = _SHAPES.get(schema.get("format", "")) or _SHAPES.get(schema["type"])
    if shape and not re.fullmatch(shape, value):
        yield f"{where} is {value!r}"


def _read(path: Path) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(path.read_text(), loader)
    for name, schema in document["components"]["schemas"].items():
        _tighten(schema, name)
    return document


def _tighten(schema: Any, name: str = "") -> None:
    """Say what the document leaves to prose: no further members, dates and ids of their form."""
    if not isinstance(schema, dict):
        return
    if "properties" in schema:
        for member in schema["properties"].values():
            _tighten(member)
        for member in _BEYOND:
            schema["properties"].setdefault(member, {})
        schema["additionalProperties"] = False
    if "required" in schema:
        kept = [
            member for member in schema["required"] if member not in _NOT_REQUIRED.get(name, ())
        ]
        schema.pop("required")
        if kept:
            schema["required"] = kept
    if schema.get("x-is-msdate") or schema.get("x-is-msdate-time"):
        schema["pattern"] = _MS_DATE
    if schema.get("format") == "uuid":
        schema["pattern"] = _UUID
    _tighten(schema.get("items"))

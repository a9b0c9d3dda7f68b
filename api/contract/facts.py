"""The facts of an OpenAPI document, one to a line, so that two documents can be laid side by side.

What is left out: prose, formats, statuses of refusals, and whether null is allowed, which the
contract itself is of two minds about.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: What is said of, in words: "GET /companies 200 .results[].id" → "string, required".
type Facts = dict[str, str]

REQUIRED = ", required"
_METHODS = ("get", "post", "put", "patch", "delete")
_JSON = "application/json"


def facts_of(document: Mapping[str, Any], *, prefix: str = "") -> Facts:
    """``prefix`` stands before each path of ours, where the contract has it in the server's URL."""
    reader = _Reader(document)
    facts: Facts = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                operation = f"{method.upper()} {path.removeprefix(prefix)}"
                facts[operation] = "operation"
                facts |= dict(reader.operation(operation, item, item[method]))
    return facts


@dataclass(frozen=True, slots=True)
class _Reader:
    document: Mapping[str, Any]

    def operation(
        self, name: str, item: Mapping[str, Any], operation: Mapping[str, Any]
    ) -> Iterator[tuple[str, str]]:
        for each in (*item.get("parameters", ()), *operation.get("parameters", ())):
            parameter = self._resolved(each)
            schema = self._whole(parameter["schema"])
            needed = REQUIRED if parameter.get("required") else ""
            yield f"{name} {parameter['in']} {parameter['name']}", self._said(schema) + needed
        body = self._resolved(operation.get("requestBody") or {})
        yield from self._content(f"{name} body", body)
        for status, answer in operation["responses"].items():
            if str(status).startswith("2"):
                yield f"{name} {status}", "success"
                yield from self._content(f"{name} {status}", self._resolved(answer), status=True)

    def _content(
        self, place: str, holder: Mapping[str, Any], *, status: bool = False
    ) -> Iterator[tuple[str, str]]:
        # An error's body at a success is the contract's own mistake: DELETE /apiKeys/{apiKeyId}.
        schema = holder.get("content", {}).get(_JSON, {}).get("schema")
        if schema is None or (status and place.endswith(" 204")):
            return
        yield from self._members(place, schema, needed="", seen=())

    def _members(
        self, place: str, schema: Mapping[str, Any], *, needed: str, seen: tuple[str, ...]
    ) -> Iterator[tuple[str, str]]:
        ref = schema.get("$ref", "")
        if ref and ref in seen:
            return
        seen = (*seen, ref) if ref else seen
        whole = self._whole(schema)
        yield f"{place} .", self._said(whole) + needed
        yield from self._inside(place, whole, seen)

    def _inside(
        self, place: str, whole: Mapping[str, Any], seen: tuple[str, ...]
    ) -> Iterator[tuple[str, str]]:
        if "items" in whole:
            yield from self._inside_of(f"{place}[]", whole["items"], seen)
        extra = whole.get("additionalProperties")
        if isinstance(extra, Mapping) and extra:
            yield from self._inside_of(f"{place}{{}}", extra, seen)
        required = set(whole.get("required", ()))
        for name, schema in whole.get("properties", {}).items():
            needed = REQUIRED if name in required else ""
            yield from self._members(f"{place} {name}", schema, needed=needed, seen=seen)

    def _inside_of(
        self, place: str, schema: Mapping[str, Any], seen: tuple[str, ...]
    ) -> Iterator[tuple[str, str]]:
        yield from self._members(place, schema, needed="", seen=seen)

    def _said(self, schema: Mapping[str, Any]) -> str:
        if choices := schema.get("enum"):
            return " | ".join(sorted(str(choice) for choice in choices if choice is not None))
        kind = schema.get("type")
        if kind is None:
            kind = "object" if "properties" in schema else "array" if "items" in schema else "any"
        return str(kind)

    def _whole(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow references and put together what a schema is made of."""
        schema = self._resolved(schema)
        if isinstance(schema.get("type"), list):
            schema = {**schema, "type": next(each for each in schema["type"] if each != "null")}
        if "const" in schema:
            schema = {**schema, "enum": [schema["const"]]}
        if parts := schema.get("allOf"):
            return _merged([self._whole(each) for each in (*parts, _without(schema, "allOf"))])
        if variants := schema.get("anyOf") or schema.get("oneOf"):
            real = [self._whole(each) for each in variants if each.get("type") != "null"]
            if len(real) == 1:
                return real[0]
            if all("enum" in each for each in real):
                return {"enum": [choice for each in real for choice in each["enum"]]}
            return {}
        return schema

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            found: Any = self.document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                name = step.replace("~1", "/").replace("~0", "~").replace("%7B", "{")
                name = name.replace("%7D", "}")
                found = found[int(name)] if isinstance(found, list) else found[name]
            schema = found
        return schema


def _without(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return {key: value for key, value in schema.items() if key != name}


def _merged(parts: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        merged |= part
    merged["properties"] = {
        name: schema for part in parts for name, schema in part.get("properties", {}).items()
    }
    merged["required"] = [name for part in parts for name in part.get("required", ())]
    return {name: value for name, value in merged.items() if value not in ({}, [])}

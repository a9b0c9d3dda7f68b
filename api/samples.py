"""Values made up from a schema of our OpenAPI document, to show what a request sends."""

from collections.abc import Mapping
from typing import Any

#: Recursive shapes (lines of a report within lines) are shown this deep.
_DEEPEST = 4
_TEXTS = {
    "uuid": "00000000-0000-0000-0000-000000000000",
    "date-time": "2026-01-31T00:00:00Z",
    "date": "2026-01-31",
    "uri": "https://example.com",
}


def sample(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> Any:  # noqa: C901, PLR0911 - a case for each kind of schema
    """Make up a value: the required members only, or all where none is required."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return sample(schemas[name], schemas, depth)
    for known in ("example", "default", "const"):
        if schema.get(known) is not None:
            return schema[known]
    if schema.get("enum"):
        return schema["enum"][0]
    for alternatives in ("anyOf", "oneOf", "allOf"):
        if schema.get(alternatives):
            return sample(schema[alternatives][0], schemas, depth)
    match schema.get("type"):
        case "object":
            if depth >= _DEEPEST:
                return {}
            members = schema.get("properties", {})
            needed = schema.get("required") or members
            return {
                name: sample(each, schemas, depth + 1)
                for name, each in members.items()
                if name in needed
            }
        case "array":
            return [sample(schema.get("items", {}), schemas, depth + 1)]
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
        case "string":
            return _TEXTS.get(schema.get("format", ""), "text")
    return None

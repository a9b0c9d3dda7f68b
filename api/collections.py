"""The operations of our OpenAPI document as collections: for Postman, and for HTTPie in a shell.

Both ask for two things only: where the API is, and a key. Addresses are filled in by hand.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from api.samples import sample

_PREFIX = "/api"
_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_METHODS = ("get", "post", "put", "patch", "delete")

_CALL = """\
_ledgerport() {
    http --ignore-stdin --check-status --auth-type bearer \\
        --auth "${LEDGERPORT_API_KEY:?Set LEDGERPORT_API_KEY to an API key.}" "$@"
}"""

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One request of a collection, with an example of what it sends."""

    group: str
    name: str
    description: str
    method: str
    #: Below `/api`, with `{parameters}`.
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    #: Of the body; empty when there is none.
    media_type: str = ""

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield what the document names, in its order."""
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method not in methods:
                continue
            described = methods[method]
            media_type, body = _body(document, described)
            yield Operation(
                group=next(iter(described.get("tags", ())), "API"),
                name=described["summary"],
                description=described.get("description", ""),
                method=method.upper(),
                path=path.removeprefix(_PREFIX),
                query={
                    each["name"]: str(each["schema"].get("default", ""))
                    for each in described.get("parameters", ())
                    if each["in"] == "query"
                },
                body=body,
                media_type=media_type,
            )


def postman(document: Mapping[str, Any], *, url: str) -> Json:
    """Return a collection of Postman's format 2.1, a folder for each subject."""
    folders: dict[str, list[Json]] = {}
    for operation in operations(document):
        folders.setdefault(operation.group, []).append(_postman_item(operation))
    return {
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "version": document["info"]["version"],
            "schema": _SCHEMA,
        },
        "auth": {
            "type": "bearer",
            "bearer": [{"key": "token", "value": "{{apiKey}}", "type": "string"}],
        },
        "variable": [
            {"key": "baseUrl", "value": url.rstrip("/") + _PREFIX, "type": "string"},
            {"key": "apiKey", "value": "", "type": "string"},
        ],
        "item": [{"name": name, "item": items} for name, items in folders.items()],
    }


def httpie(document: Mapping[str, Any], *, url: str) -> str:
    """Return a shell file with a function for each operation, which calls HTTPie.

    `. ledgerport.sh; get_company 846e…`: arguments fill the address, in its order; what follows
    is HTTPie's own.
    """
    base = shlex.quote(url.rstrip("/") + _PREFIX)
    lines = [
        f"# {document['info']['title']} {document['info']['version']} for HTTPie (httpie.io/cli).",
        "# export LEDGERPORT_API_KEY=lpk_…, then `. this-file`, then for example:",
        "#   list_companies query=='name~Bakery'",
        f"LEDGERPORT_API=${{LEDGERPORT_API:-{base}}}",
        _CALL,
    ]
    group = ""
    for operation in operations(document):
        if operation.group != group:
            group = operation.group
            lines += ["", f"# --- {group}"]
        lines += ["", *_shell_function(operation)]
    return "\n".join(lines) + "\n"


def _postman_item(operation: Operation) -> Json:
    address = re.sub(r"\{(\w+)\}", r":\1", operation.path)
    request: Json = {
        "method": operation.method,
        "description": operation.description,
        "header": [],
        "url": {
            "raw": "{{baseUrl}}" + address,
            "host": ["{{baseUrl}}"],
            "path": address.strip("/").split("/"),
            "query": [
                # Left out until somebody ticks them.
                {"key": name, "value": value, "disabled": True}
                for name, value in operation.query.items()
            ],
            "variable": [{"key": name, "value": ""} for name in operation.parameters],
        },
    }
    if operation.media_type == "application/json":
        request["header"] = [{"key": "Content-Type", "value": "application/json"}]
        request["body"] = {
            "mode": "raw",
            "raw": json.dumps(operation.body, indent=2),
            "options": {"raw": {"language": "json"}},
        }
    elif operation.media_type:
        request["body"] = {
            "mode": "formdata",
            "formdata": [{"key": name, "type": "file", "src": []} for name in operation.body or {}],
        }
    return {"name": operation.name, "request": request, "response": []}


def _shell_function(operation: Operation) -> list[str]:
    words = re.sub(r"[^a-z0-9]+", "_", operation.name.lower()).strip("_")
    needed = operation.parameters
    usage = [words, *(name.upper() for name in needed)]
    usage += [f"[{name}==…]" for name in operation.query]
    first = next(iter(operation.description.splitlines()), "")
    path = operation.path
    for number, name in enumerate(needed, start=1):
        path = path.replace(f"{{{name}}}", f"${{{number}:?{name}}}")
    shift = f"shift {len(needed)}; " if needed else ""
    comment = [f"# {' '.join(usage)}", f"#   {first}"]
    if operation.media_type == "application/json":
        comment.append(f"#   sends, for example: --raw {_quoted(operation.body)}")
    elif operation.media_type:
        comment.append("#   sends a form: --multipart file@PATH")
    call = f'_ledgerport {operation.method} "$address" "$@"'
    return [
        *comment,
        f'{words}() {{ local address="$LEDGERPORT_API{path}"; {shift}{call}; }}',
    ]


def _quoted(body: Any) -> str:
    return shlex.quote(json.dumps(body, ensure_ascii=False))


def _body(document: Mapping[str, Any], described: Mapping[str, Any]) -> tuple[str, Any]:
    content = described.get("requestBody", {}).get("content", {})
    for media_type, held in content.items():
        return media_type, sample(held.get("schema", {}), document["components"]["schemas"])
    return "", None

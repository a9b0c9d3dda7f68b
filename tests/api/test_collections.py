"""The collections for Postman and HTTPie name every operation, and can be read by both."""

import json
import shutil
import subprocess

import jsonschema
import pytest
from django.core.management import call_command

from api.urls import api

#: What Postman's format 2.1 asks of the parts we write.
_TEXT = {"type": "string"}
_PAIR = {"type": "object", "required": ["key", "value"], "properties": {"key": _TEXT}}
_PAIRS = {"type": "array", "items": _PAIR}
FORMAT = {
    "type": "object",
    "required": ["info", "item"],
    "properties": {
        "info": {
            "type": "object",
            "required": ["name", "schema"],
            "properties": {
                "name": _TEXT,
                "schema": {
                    "const": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
                },
            },
        },
        "variable": _PAIRS,
        "auth": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"const": "bearer"}, "bearer": _PAIRS},
        },
        "item": {"type": "array", "items": {"$ref": "#/$defs/folder"}},
    },
    "$defs": {
        "folder": {
            "type": "object",
            "required": ["name", "item"],
            "properties": {
                "name": _TEXT,
                "item": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/request"}},
            },
        },
        "request": {
            "type": "object",
            "required": ["name", "request"],
            "properties": {
                "request": {
                    "type": "object",
                    "required": ["method", "url"],
                    "properties": {
                        "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
                        "header": _PAIRS,
                        "url": {
                            "type": "object",
                            "required": ["raw", "host", "path"],
                            "properties": {
                                "raw": _TEXT,
                                "host": {"type": "array", "items": _TEXT},
                                "path": {"type": "array", "items": _TEXT},
                                "query": _PAIRS,
                                "variable": _PAIRS,
                            },
                        },
                        "body": {
                            "type": "object",
                            "required": ["mode"],
                            "properties": {"mode": {"enum": ["raw", "formdata"]}, "raw": _TEXT},
                        },
                    },
                }
            },
        },
    },
}


@pytest.fixture
def written(tmp_path):
    """Write a collection as the command does."""

    def write(kind):
        path = tmp_path / kind
        call_command("api_collection", kind, output=path, url="https://ledger.example")
        return path

    return write


def document():
    return json.loads(json.dumps(api.get_openapi_schema()))


def named():
    return {
        (method.upper(), path.removeprefix("/api"))
        for path, methods in document()["paths"].items()
        for method in methods
    }


@pytest.mark.full
def test_postman_reads_it(written):
    collection = json.loads(written("postman").read_text())
    jsonschema.validate(collection, FORMAT)
    requests = [each["request"] for folder in collection["item"] for each in folder["item"]]
    assert len(requests) == len(named())
    for request in requests:
        address = request["url"]["raw"].removeprefix("{{baseUrl}}")
        for variable in request["url"]["variable"]:
            address = address.replace(f":{variable['key']}", f"{{{variable['key']}}}")
        assert (request["method"], address) in named()
    assert {
        "key": "baseUrl",
        "value": "https://ledger.example/api",
        "type": "string",
    } in collection["variable"]


def test_what_is_sent_as_an_example_is_what_is_taken(written):
    collection = json.loads(written("postman").read_text())
    described = document()
    shapes = {
        (method.upper(), path.removeprefix("/api")): each["requestBody"]["content"]
        for path, methods in described["paths"].items()
        for method, each in methods.items()
        if "requestBody" in each
    }
    for folder in collection["item"]:
        for each in folder["item"]:
            request = each["request"]
            if request.get("body", {}).get("mode") != "raw":
                continue
            address = "/" + "/".join(
                f"{{{part[1:]}}}" if part.startswith(":") else part
                for part in request["url"]["path"]
            )
            shape = shapes[request["method"], address]["application/json"]["schema"]
            sent = json.loads(request["body"]["raw"])
            jsonschema.validate(sent, shape | {"components": described["components"]})


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_reads_the_httpie_file(written, tmp_path, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    program = tmp_path / "http"
    program.write_text('#!/bin/sh\nfor each; do printf "%s\\n" "$each"; done\n')
    program.chmod(0o755)
    called = subprocess.run(
        [shell, "-c", f". {written('httpie')}; get_company 17 -v; get_company"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "LEDGERPORT_API_KEY": "lpk_x"},
        capture_output=True,
        text=True,
        check=False,
    )
    words = called.stdout.split("\n")
    assert words[-4:-1] == ["GET", "https://ledger.example/api/companies/17", "-v"]
    assert "lpk_x" in words
    assert "companyId" in called.stderr

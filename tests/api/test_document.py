"""The OpenAPI document names what records have, from their own types."""

import json

import pytest
from django.test import Client
from ninja import NinjaAPI

from api.record_schemas import components
from api.urls import api
from connections.schemas import RECORD_TYPES, DataType
from portal.asgi import load

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document():
    return json.loads(json.dumps(api.get_openapi_schema()))


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


#: The same in both, in words of their own.
PAGING = {"Href", "Links", "PagingInfo"}


def test_every_reference_leads_somewhere(document):
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


def test_no_schema_takes_anothers_name(document):
    own = NinjaAPI.get_openapi_schema(api)["components"]["schemas"]
    for name, schema in components().items():
        if name not in PAGING:
            assert own.get(name, schema) == schema, name


@pytest.mark.parametrize("data_type", DataType)
def test_each_data_type_is_described(document, data_type):
    name = RECORD_TYPES[data_type].__name__
    schema = document["components"]["schemas"][name]
    assert ("modifiedDate" in schema["properties"]) == (not data_type.is_single)
    used = [
        path
        for path, operations in document["paths"].items()
        if f"#/components/schemas/{name}" in set(references(operations))
    ]
    assert len(used) == (2 if data_type.is_single else 4), used


def test_amounts_are_numbers_and_statuses_are_named(document):
    invoice = document["components"]["schemas"]["Invoice"]["properties"]
    assert invoice["totalAmount"]["type"] == "number"
    assert "PartiallyPaid" in invoice["status"]["enum"]
    assert '"format": "decimal", "type": "string"' not in json.dumps(document, sort_keys=True)


def test_names_are_names(document):
    assert [name for name in document["components"]["schemas"] if not name.isidentifier()] == []
    schemas = document["components"]["schemas"]
    assert "Invoice" in json.dumps(schemas["PaymentLink"]["properties"]["type"])
    assert '"Bill"' in json.dumps(schemas["BillPaymentLink"]["properties"]["type"])


def test_operation_ids_are_unique(document):
    found = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(found) == len(set(found))


def test_what_may_come_with_every_post_and_patch_is_documented(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            named = [each["name"] for each in operation.get("parameters", [])]
            statuses = set(operation["responses"])
            is_once = method in {"post", "patch"}
            assert ("Idempotency-Key" in named) == is_once, (method, path)
            assert {"400", "401"} <= statuses, (method, path)
            assert {"409", "422"} <= statuses or not is_once, (method, path)
            assert ("413" in statuses) >= ("requestBody" in operation), (method, path)


def test_a_body_may_be_left_out_but_is_never_null(document):
    body = document["paths"]["/api/apiKeys"]["post"]["requestBody"]
    assert body["required"] is False
    assert body["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/ApiKeyBody"
    }


def test_it_is_served(document):
    answer = Client().get("/api/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == document
    assert "/api/companies/{companyId}/data/invoices/{recordId}" in answer.json()["paths"]
    assert Client().post("/api/openapi.json").status_code == 405


def test_nobody_waits_for_it(monkeypatch):
    """What the web process does before it serves leaves nothing to be made for who comes first."""
    monkeypatch.delitem(vars(api), "written", raising=False)
    load()
    made = vars(api)["written"]

    assert Client().get("/api/openapi.json").content is not None
    assert vars(api)["written"] is made
    assert set(json.loads(made)["components"]["schemas"]) >= {"ErrorMessage", "Invoice"}


def test_every_refusal_is_described_as_one(document):
    envelope = {"$ref": "#/components/schemas/ErrorMessage"}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    schema = answer["content"]["application/json"]["schema"]
                    assert schema == envelope, (method, path, status)

"""Where we differ from the contract, we know it and say why."""

import pytest
from django.core.management import CommandError, call_command

from api.contract import differences, facts_of, read_facts, unused_reasons
from api.management.commands.api_differences import our_facts


def test_every_difference_has_a_reason():
    found = differences(our_facts(), read_facts())
    assert [each.line for each in found if each.reason is None] == []


def test_every_reason_has_a_difference():
    assert unused_reasons(differences(our_facts(), read_facts())) == []


def test_the_command_prints_them_all(capsys):
    call_command("api_differences")
    printed = capsys.readouterr().out
    assert "0 without a reason" in printed
    assert "POST /webhooks/integrationKeys/zapier" in printed


def test_a_new_difference_is_told(monkeypatch):
    theirs = read_facts() | {"GET /shoes": "operation", "GET /shoes 200": "success"}
    (told,) = [each for each in differences(our_facts(), theirs) if each.reason is None]
    assert told.line == "only there: GET /shoes: operation"
    monkeypatch.setattr(
        "api.management.commands.api_differences.our_facts", lambda: {"GET /x": "operation"}
    )
    with pytest.raises(CommandError, match="only here: GET /x"):
        call_command("api_differences")


def document(schema, **components):
    answer = {"content": {"application/json": {"schema": schema}}}
    return {
        "paths": {"/api/a": {"get": {"responses": {"200": answer, "404": {}}}}},
        "components": {"schemas": components},
    }


def test_facts_follow_references_and_end_where_they_turn_in_circles():
    tree = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "kind": {"enum": ["b", "a"]},
            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        },
    }
    facts = facts_of(document({"$ref": "#/components/schemas/Tree"}, Tree=tree), prefix="/api")
    assert facts == {
        "GET /a": "operation",
        "GET /a 200": "success",
        "GET /a 200 .": "object",
        "GET /a 200 name .": "string, required",
        "GET /a 200 kind .": "a | b",
        "GET /a 200 parts .": "array",
    }


def test_what_is_composed_counts_as_one():
    parts = [
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
        {"properties": {"b": {"type": "integer"}}},
    ]
    facts = facts_of(document({"allOf": parts}), prefix="/api")
    assert facts["GET /a 200 a ."] == "string, required"
    assert facts["GET /a 200 b ."] == "integer"

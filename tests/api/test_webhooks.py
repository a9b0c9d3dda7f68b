"""Webhook consumers, as programs see them."""

from uuid import uuid4

import pytest

pytestmark = pytest.mark.django_db

#: An address on the public internet that needs no look-up.
URL = "https://93.184.215.14/hooks"


def test_a_consumer_lives_and_dies(program):
    asked = {"url": URL, "eventTypes": ["read.completed"], "companyTags": ["region:uk"]}
    made = program.post("/webhooks", asked)
    assert made.status_code == 201, made.content
    body = made.json()
    assert body == {**asked, "id": body["id"], "disabled": False}
    assert program.get("/webhooks").json() == {"results": [body]}
    gone = program.delete(f"/webhooks/{body['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert program.get("/webhooks").json() == {"results": []}
    assert program.delete(f"/webhooks/{body['id']}").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://example.com"},
        {"url": "https://user@example.com/"},
        {"eventTypes": []},
        {"eventTypes": ["company.exploded"]},
        {"companyTags": ["no colon"]},
        {"companyTags": [f"k{n}:v" for n in range(11)]},
    ],
)
def test_a_consumer_that_cannot_be_is_refused(program, wrong):
    answer = program.post("/webhooks", {"url": URL, "eventTypes": ["read.completed"], **wrong})
    assert answer.status_code == 400
    assert answer.json()["validation"]["errors"]


def test_what_is_not_there_is_not_found(program):
    assert program.delete(f"/webhooks/{uuid4()}").status_code == 404

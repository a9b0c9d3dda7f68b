"""What no honest program sends is refused in words, and never breaks anything."""

import json
from uuid import uuid4

import pytest

from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db

NUL, HALF = "\x00", "\ud800"


def refused(answer, *statuses):
    assert answer.status_code in (statuses or (400,)), answer.content[:300]
    assert answer.json()["statusCode"] == answer.status_code


def sent(program, method, path, text, content_type="application/json"):
    """Send a body as it is."""
    return program._client.generic(
        method,
        f"/api{path}",
        data=text,
        content_type=content_type,
        headers={"Authorization": f"Bearer {program.key}"},
    )


@pytest.mark.parametrize("letter", [NUL, HALF], ids=["NUL", "half a surrogate pair"])
@pytest.mark.parametrize(
    "body",
    [
        {"name": "A{}"},
        {"name": "A", "description": "{}"},
        {"name": "A", "tags": {"{}": "v"}},
        {"name": "A", "tags": {"k": "{}"}},
    ],
    ids=["name", "description", "tag", "value"],
)
def test_letters_that_no_text_has(program, letter, body):
    text = json.dumps(body).replace("{}", json.dumps(letter)[1:-1])
    answer = sent(program, "POST", "/companies", text)
    # A name loses what it may not have, without complaint.
    assert answer.status_code in ({200, 400} if "{}" in body["name"] else {400}), answer.content


@pytest.mark.parametrize("parameter", ["query", "tags", "orderBy"])
@pytest.mark.parametrize("value", ["name=%00", "%00=x", "name=%ED%A0%80", "name~%F0%28"])
def test_letters_that_no_query_has(program, parameter, value):
    assert program.get(f"/companies?{parameter}={value}").status_code in {200, 400}


@pytest.mark.parametrize("number", ["9" * 30, "-1", "0", "1e3", "", "NaN", "٣x", "1" + "0" * 5000])
def test_pages_that_are_none(program, number):
    refused(program.get(f"/companies?page={number}"))
    refused(program.get(f"/companies?pageSize={number}"))


def test_the_last_page_there_could_be(program):
    assert program.get("/companies?page=1000000000&pageSize=5000").json()["results"] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        "[" * 100_000,
        '{"name": ' * 100_000,
        '{"name": NaN}',
        '{"name": 1' + "0" * 5000 + "}",
        b"\xff\xfe",
        '{"name": "A", "tags": {"k": {"deep": 1}}}',
    ],
    ids=range(11),
)
def test_bodies_that_are_none(program, text):
    refused(sent(program, "POST", "/companies", text))


@pytest.mark.parametrize("text", ["[]", '"text"', "1", "true"])
def test_changes_that_are_no_object(program, company, text):
    refused(sent(program, "PATCH", f"/companies/{company.pk}", text))


def test_numbers_that_no_column_holds(program, company):
    setting = {"dataType": "invoices", "fetchOnFirstLink": True, "syncSchedule": 24, "syncOrder": 0}
    for name in ("syncSchedule", "syncOrder", "monthsToSync", "syncFromWindow"):
        body = {
            "companyId": str(company.pk),
            "settings": [setting | {name: 10**30}],
            "overridesDefaults": True,
        }
        answer = program.post(f"/companies/{company.pk}/syncSettings", body)
        assert answer.status_code in {204, 400}, (name, answer.content)


def test_dates_that_no_calendar_has(program, company):
    for date in ("2026-02-30", "0000-01-01", "99999-01-01", "-1", "2026-01-01T25:00", "x" * 2000):
        refused(program.get(f"/companies?query=created>{date}"))
    for date in ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-12:00"):
        assert program.get(f"/companies?query=created>{date}").status_code in {200, 400}


def test_another_media_type(program):
    for content_type in ("text/plain", "application/xml", "multipart/form-data; boundary=x", ""):
        answer = sent(program, "POST", "/companies", '{"name": "A"}', content_type)
        assert answer.status_code in {200, 400, 415}, (content_type, answer.content)


def test_a_body_that_is_too_large(program, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    refused(program.post("/companies", {"name": "A", "description": "x" * 200}), 400, 413)


def test_addresses_with_odd_letters(program):
    for path in ("/companies/%00", "/companies/%ff", "/%ED%A0%80", "/companies/%2e%2e", "//"):
        refused(program.get(path), 404)
    path = f"/companies/{uuid4()}/data/queue/%00"
    refused(program.post(path), 404)


def test_idempotency_keys_with_odd_letters(program):
    for key in ("\x00", "é", "x" * 201):
        answer = program.post("/companies", {"name": "A"}, **{"Idempotency-Key": key})
        assert answer.status_code in {200, 400}, answer.content


def test_a_platform_key_with_odd_letters(program, company):
    path = f"/companies/{company.pk}/connections"
    for key in (NUL, HALF, "x" * 100_000):
        refused(sent(program, "POST", path, json.dumps({"platformKey": key})), 400, 404)


def test_queries_with_odd_values(program, company):
    ConnectionFactory(company=company)
    base = f"/companies/{company.pk}"
    for query in (
        "id=x",
        "status=%00",
        "platformName=%00",
        "progress>1e400",
        "progress=NaN",
        "progress=99999999999999999999",
        "{" * 500 + "status=Linked" + "}" * 500,
    ):
        for path in ("connections", "data/history"):
            assert program.get(f"{base}/{path}?query={query}").status_code in {200, 400}, query

"""Requests that no browser and no program of good will sends."""

import base64
import json
import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from companies.models import Company
from tests.api.conftest import program, program_of  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db

LPK = "lpk_"
PASSWORD = "correct-horse-battery"


def raw(program, method, path, text, content_type="application/json", **headers):
    return program._client.generic(
        method,
        f"/api{path}",
        data=text,
        content_type=content_type,
        headers={"Authorization": f"Bearer {program.key}", **headers},
    )


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def test_a_key_counts_in_its_header_only(program):
    stranger = Client()
    body = json.dumps({"name": "A", "api_key": program.key, "Authorization": program.key})
    asked = {
        "query": stranger.get("/api/companies", {"api_key": program.key}),
        "body": stranger.post("/api/companies", body, content_type="application/json"),
        "cookie": Client(headers={"Cookie": f"Authorization={program.key}"}).get("/api/companies"),
        "other header": stranger.get("/api/companies", headers={"X-Api-Key": program.key}),
        "password": stranger.get(
            "/api/companies", headers={"Authorization": basic(f"x:{program.key}")}
        ),
    }

    assert {name: answer.status_code for name, answer in asked.items()} == dict.fromkeys(asked, 401)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1] + ("a" if key[-1] != "a" else "b"),  # the checksum
        lambda key: key[:4] + ("a" if key[4] != "a" else "b") + key[5:],
        lambda _key: LPK,
        lambda key: key[: len(key) // 2],
        lambda key: key.replace(LPK, "lpk_live_"),
        lambda key: key + "x" * 10_000,
        lambda key: key + "\x00",
        str.lower,
        str.upper,
        lambda key: key + key,
        lambda _key: "lpt_" + "a" * 10_000,
        lambda _key: "é" * 53,
    ],
    ids=range(12),
)
@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_a_key_that_is_not_quite_one_opens_nothing(program, spoil, scheme):
    text = spoil(program.key)
    said = f"Bearer {text}" if scheme == "Bearer" else basic(text)

    assert Client().get("/api/companies", headers={"Authorization": said}).status_code == 401


def test_keys_are_found_by_their_digest(program, django_assert_max_num_queries):
    """Nothing is compared letter by letter: how much of a key is right cannot be timed."""
    wrong = program.key[:-7] + "0000000"

    with django_assert_max_num_queries(0):  # its checksum is wrong: not even the database is asked
        Client().get("/api/companies", headers={"Authorization": f"Bearer {wrong}"})


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("companies:create", {"name": "Forged"}),
        ("companies:organization", {"name": "Forged"}),
        ("api_portal:create-key", {"name": "Forged"}),
    ],
)
def test_forms_need_the_token_of_their_own_session(alice, organization, url, sent):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    page = reverse(url, args=[organization.slug])
    browser.get(page)
    other = Client()
    other.get(reverse("account_login"))
    foreign = other.cookies["csrftoken"].value
    answers = [
        browser.post(page, sent),
        browser.post(page, sent | {"csrfmiddlewaretoken": foreign}),
        browser.post(page, sent, headers={"X-CSRFToken": foreign, "HX-Request": "true"}),
        browser.post(page, sent, headers={"Origin": "https://evil.example"}),
        browser.generic("POST", page, json.dumps(sent), content_type="text/plain"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5
    assert not Company.objects.filter(name="Forged").exists()


def test_a_right_token_from_another_origin_is_refused(alice, organization):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    page = reverse("companies:create", args=[organization.slug])
    shown = browser.get(reverse("companies:list", args=[organization.slug])).content.decode()
    token = re.search(r'"X-CSRFToken": "(\w+)"', shown)
    assert token is not None
    sent = {"name": "Forged", "csrfmiddlewaretoken": token[1]}

    refused = browser.post(page, sent, headers={"Origin": "https://evil.example"})
    taken = browser.post(page, sent, headers={"Origin": "http://testserver"})

    assert (refused.status_code, taken.status_code) == (403, 302)


def test_a_host_that_is_not_ours_is_refused(client, program):
    for path in ("/accounts/login/", "/link/x/", "/account/"):
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 400, path
    assert program.get("/companies", Host="evil.example").status_code == 400


def test_a_host_that_a_proxy_is_said_to_have_seen_is_nothing(alice):
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Server": "evil.example"}

    answer = Client().post(
        reverse("account_reset_password"), {"email": alice.email}, headers=headers
    )
    sent_on = Client().get("/account/", headers=headers)

    assert answer.status_code == sent_on.status_code == 302
    assert "evil.example" not in answer["Location"] + sent_on["Location"]
    assert mail.outbox
    assert all("evil.example" not in str(message.body) for message in mail.outbox)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example/",
        "https:evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/%0d%0aSet-Cookie: a=b",
        "/ok\r\nSet-Cookie: a=b",
        "http:///evil.example",
        "///evil.example",
    ],
)
def test_sign_in_leads_to_our_own_pages_only(bob, target):
    bob.set_password(PASSWORD)
    bob.save()
    browser = Client()

    answer = browser.post(
        reverse("account_login"), {"login": bob.email, "password": PASSWORD, "next": target}
    )

    assert answer.status_code == 302
    assert answer["Location"].startswith("/")
    assert not answer["Location"].startswith(("//", "/\\"))
    assert not {"\r", "\n"} & set(answer["Location"])
    assert "a" not in answer.cookies


def test_htmx_headers_allow_nothing(client, organization, alice):
    """`HX-*` says how to answer, never who asks or where to go."""
    evil = "https://evil.example/"
    headers = {
        "HX-Request": "true", "HX-Current-URL": evil, "HX-Target": "<b>", "HX-Trigger": evil,
        "HX-Boosted": "true", "HX-Redirect": evil, "HX-Prompt": evil,
    }  # fmt: skip

    for answer in (
        Client().get(f"/o/{organization.slug}/companies/", headers=headers),
        client.get(f"/o/{organization.slug}/companies/", headers=headers),
        client.post(reverse("companies:create", args=[organization.slug]), {"name": "A"},
                    headers=headers),
    ):  # fmt: skip
        assert "evil.example" not in str(answer.headers)


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + b'{"name": "A"}',
        '{"name": "A"}'.encode("utf-16"),
        '{"name": "A"}'.encode("utf-32"),
        b'{"name": "\xff\xfe"}',
        b'{"name": "A", "name": "B", "name": 1}',
        b'{"name": "A", "description": "\xed\xa0\x80"}',
        '{"name": "A", "description": "\\u0000"}'.encode("utf-16-le"),
        b'{"name": "A", "tags": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"name": 9999999999999999999999999999}',
        b'{"name": "A", "description": -1e999}',
        b'{"name": "A"} trailing',
        b'{"__proto__": {"name": "A"}, "constructor": 1}',
    ],
    ids=range(12),
)
def test_bodies_that_readers_disagree_about_are_refused(program, text):
    answer = raw(program, "POST", "/companies", text)

    assert answer.status_code == 400, answer.content[:300]


def test_a_body_of_another_type_is_read_as_json_or_refused(program):
    for content_type in ("application/x-www-form-urlencoded", "text/html", "application/jsonx"):
        answer = raw(program, "POST", "/companies", b"name=A", content_type)
        assert answer.status_code in {400, 415}, content_type


def test_a_body_that_is_said_to_be_huge_is_not_read(program):
    answer = raw(program, "POST", "/companies", b'{"name": "A"}', **{"Content-Length": "104857600"})

    assert answer.status_code in {400, 413}


def test_parameters_without_end_or_twice(client, program, organization):
    many = "&".join(f"p{number}=1" for number in range(2000))
    twice = "page=1&page=2&pageSize=1&pageSize=x"
    pages = f"/o/{organization.slug}/companies/"

    for query in (many, twice, "q=" + "x" * 100_000, "q[]=1&q[$ne]=1", "q=%00", "q=%ff%fe"):
        assert client.get(f"{pages}?{query}").status_code in {200, 302, 400}, query[:40]
        assert program.get(f"/companies?{query}").status_code in {200, 400}, query[:40]


@pytest.mark.parametrize("path", ["%00", "%2e%2e/%2e%2e/etc/passwd", "a" * 20_000, "%ff", "..;/"])
def test_paths_that_are_none(client, program, organization, path):
    assert client.get(f"/o/{organization.slug}/companies/{path}").status_code == 404
    assert client.get(f"/{path}").status_code == 404
    assert client.get(f"/static/{path}").status_code == 404
    assert program.get(f"/companies/{path}").status_code == 404


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "X"])
def test_methods_that_nothing_knows(client, program, organization, method):
    assert client.generic(method, f"/o/{organization.slug}/companies/").status_code == 405
    assert program(method, "/companies").status_code == 405


def test_what_programs_may_not_set_is_not_set(program, organization, other_organization, alice):
    extra = {
        "organization": str(other_organization.pk),
        "organization_id": str(other_organization.pk),
        "tenant_id": str(other_organization.pk),
        "id": "00000000-0000-4000-8000-000000000001",
        "created_by": alice.pk,
        "createdByUserName": "Forged",
        "created": "2001-01-01T00:00:00Z",
        "is_admin": True,
        "lastSync": "2001-01-01T00:00:00Z",
        "dataConnections": [{"status": "Linked", "platformName": "Forged"}],
        "redirect": "https://evil.example/",
        "products": ["forged"],
    }

    answer = program.post("/companies", {"name": "A"} | extra)

    assert answer.status_code in {200, 400}
    made = Company.objects.filter(name="A")
    assert made.count() == (answer.status_code == 200)
    for company in made:
        assert company.organization_id == organization.pk
        assert (company.created_by, company.last_pull_at) == (None, None)
        assert str(company.pk) != extra["id"]
        assert company.created_at.year > 2001
        assert not company.connections.exists()
        assert "Forged" not in str(answer.json())


def test_what_forms_may_not_set_is_not_set(client, organization, other_organization, alice):
    sent = {
        "name": "A", "organization": str(other_organization.pk), "created_by": "1", "id": "1",
        "last_pull_at": "2001-01-01", "role": "administrator", "is_staff": "on",
        "is_superuser": "on", "email": "forged@evil.example",
    }  # fmt: skip

    client.post(reverse("companies:create", args=[organization.slug]), sent)
    client.post(reverse("account"), sent | {"time_zone": "UTC"})

    company = Company.objects.get(name="A")
    alice.refresh_from_db()
    assert (company.organization_id, company.created_by) == (organization.pk, alice)
    assert company.last_pull_at is None
    assert (alice.is_staff, alice.is_superuser) == (False, False)
    assert alice.email == "alice@harbour.example"

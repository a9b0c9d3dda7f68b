"""Tokens: single use, rotation with grace, reuse, expiry, revocation."""

import base64

import httpx
import msgspec
import pytest

from sandbox.config import Config
from tests.sandbox.conftest import CLIENT, CONTROL, REDIRECT_URI, Visitor, encoded, serving


def error(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    assert body["error_description"]
    return response.status_code, body["error"]


def grant(visitor: Visitor, grant_id: str) -> dict[str, object]:
    found = [each for each in visitor.control("GET", "grants").json() if each["id"] == grant_id]
    assert len(found) == 1
    return dict(found[0])


def test_code_is_exchanged_for_tokens_that_reach_the_chosen_business(visitor: Visitor):
    response = visitor.exchange(visitor.code("awkward"))

    tokens = response.json()
    assert response.headers["cache-control"] == "no-store"
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 1_800
    assert tokens["refresh_token_expires_in"] == 60 * 86_400
    assert tokens["scope"] == "accounting.read offline_access"
    reached = visitor.get("connection", tokens).json()
    assert reached["business_id"] == "awkward"
    assert reached["business_name"] == "Søren & Łucja Żółć GmbH — Café №5"


def test_without_offline_access_there_is_no_refresh_token(visitor: Visitor):
    tokens = visitor.exchange(visitor.code(scope="accounting.read")).json()

    assert "refresh_token" not in tokens
    assert visitor.get("connection", tokens).status_code == 200


def test_scope_without_reading_reads_nothing(visitor: Visitor):
    tokens = visitor.exchange(visitor.code(scope="offline_access")).json()

    assert visitor.get("company", tokens).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"code": "made up"},
        {"code_verifier": "w" * 60},
        {"redirect_uri": f"{REDIRECT_URI}?from=sandbox"},
    ],
)
def test_code_is_worth_nothing_to_others(visitor: Visitor, change: dict[str, str]):
    code = visitor.code()

    assert error(visitor.exchange(**{"code": code, **change})) == (400, "invalid_grant")
    assert visitor.exchange(code).status_code == 200


def test_code_used_twice_revokes_what_it_granted(visitor: Visitor):
    code = visitor.code()
    tokens = visitor.exchange(code).json()

    assert error(visitor.exchange(code)) == (400, "invalid_grant")
    assert visitor.get("connection", tokens).status_code == 401
    assert error(visitor.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_code_expires(visitor: Visitor):
    code = visitor.code()
    visitor.advance(minutes=10)

    assert error(visitor.exchange(code)) == (400, "invalid_grant")


@pytest.mark.parametrize("auth", [(CLIENT[0], "guess"), ("stranger", CLIENT[1]), ("", "")])
def test_client_must_authenticate(visitor: Visitor, auth: tuple[str, str]):
    tokens = visitor.connect()

    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    response = visitor.token(form, auth)

    assert error(response) == (401, "invalid_client")
    assert "Basic" in response.headers["www-authenticate"]
    assert visitor.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("header", ["Basic ***", "Basic " + base64.b64encode(b"\xff").decode()])
def test_unreadable_client_credentials_are_refused(visitor: Visitor, header: str):
    response = visitor.http.post("/oauth/token", headers={"Authorization": header}, data={"a": "b"})

    assert error(response) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "c"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "made up"}, "invalid_grant"),
    ],
)
def test_bad_token_requests_are_named(visitor: Visitor, form: dict[str, str], expected: str):
    assert error(visitor.token(form)) == (400, expected)


def test_access_token_expires_and_a_refresh_replaces_both_tokens(visitor: Visitor):
    tokens = visitor.connect()
    visitor.advance(minutes=30)
    assert visitor.get("connection", tokens).status_code == 401

    fresh = visitor.refresh(tokens["refresh_token"]).json()

    assert fresh["refresh_token"] != tokens["refresh_token"]
    assert visitor.get("connection", fresh).status_code == 200
    known = grant(visitor, visitor.grant_id(fresh))
    assert [known["refreshes"], known["reuses"], known["revoked"]] == [1, 0, False]


def test_previous_refresh_token_works_again_within_the_grace(visitor: Visitor):
    tokens = visitor.connect()
    visitor.refresh(tokens["refresh_token"])
    visitor.advance(minutes=29)

    again = visitor.refresh(tokens["refresh_token"]).json()

    assert visitor.get("connection", again).status_code == 200
    assert visitor.refresh(again["refresh_token"]).status_code == 200
    known = grant(visitor, visitor.grant_id(again))
    assert [known["refreshes"], known["reuses"], known["revoked"]] == [2, 1, False]


def test_reuse_after_the_grace_revokes_the_grant(visitor: Visitor):
    tokens = visitor.connect()
    fresh = visitor.refresh(tokens["refresh_token"]).json()
    visitor.advance(minutes=30)

    assert error(visitor.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert error(visitor.refresh(fresh["refresh_token"])) == (400, "invalid_grant")
    assert visitor.get("connection", fresh).status_code == 401


def test_attempts_within_the_grace_do_not_prolong_it(visitor: Visitor):
    tokens = visitor.connect()
    visitor.refresh(tokens["refresh_token"])
    visitor.advance(minutes=20)
    assert visitor.refresh(tokens["refresh_token"]).status_code == 200
    visitor.advance(minutes=20)

    assert error(visitor.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_token_whose_successor_was_used_is_reuse_even_at_once(visitor: Visitor):
    tokens = visitor.connect()
    grant_id = visitor.grant_id(tokens)
    fresh = visitor.refresh(tokens["refresh_token"]).json()
    visitor.refresh(fresh["refresh_token"])

    assert error(visitor.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    known = grant(visitor, grant_id)
    assert [known["reuses"], known["revoked"]] == [1, True]


def test_refresh_token_expires(visitor: Visitor):
    tokens = visitor.connect()
    visitor.advance(days=60)

    assert error(visitor.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_application_revokes_a_grant_by_either_token(visitor: Visitor, kind: str):
    tokens, other = visitor.connect(), visitor.connect()

    response = visitor.http.post(
        "/oauth/revoke", data={"token": tokens[kind]}, auth=encoded(CLIENT)
    )

    assert response.status_code == 200
    assert visitor.get("connection", tokens).status_code == 401
    assert error(visitor.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert visitor.get("connection", other).status_code == 200


def test_revoking_needs_the_client_and_forgives_unknown_tokens(visitor: Visitor):
    assert visitor.http.post("/oauth/revoke", data={"token": "t"}).status_code == 401
    assert (
        visitor.http.post("/oauth/revoke", data={"token": "t"}, auth=encoded(CLIENT)).status_code
        == 200
    )


def test_customer_revokes_at_the_platform(visitor: Visitor):
    tokens = visitor.connect()
    grant_id = visitor.grant_id(tokens)

    visitor.control("POST", f"grants/{grant_id}/revoke")

    assert visitor.get("connection", tokens).status_code == 401
    assert grant(visitor, grant_id)["revoked"] is True
    unknown = visitor.http.post("/control/grants/grt_unknown/revoke", headers=CONTROL)
    assert unknown.status_code == 404


def test_grace_can_be_none(config: Config):
    with serving(msgspec.structs.replace(config, refresh_grace=0)) as visitor:
        tokens = visitor.connect()
        visitor.refresh(tokens["refresh_token"])

        assert error(visitor.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_no_token_is_kept_in_readable_form(config: Config):
    with serving(config) as visitor:
        tokens = visitor.connect()
        kept = b"".join(path.read_bytes() for path in config.directory.iterdir())

    assert tokens["access_token"].encode() not in kept
    assert tokens["refresh_token"].encode() not in kept
    assert "secret" not in repr(config)

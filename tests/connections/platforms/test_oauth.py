"""Token answers are believed only as far as they make sense."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import time_machine

from connections.platforms import oauth
from connections.platforms.base import Credentials, PlatformApp, PlatformError, Unexpected
from connections.platforms.http import new_client

APP = PlatformApp(base_url="http://books.test", client_id="our app", client_secret="s%cret/+ä")
NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
OLD = Credentials(
    access_token="old-access", refresh_token="old-refresh", expires_at=NOW, scope="accounting.read"
)
GOOD = {"access_token": "new-access", "token_type": "bearer", "expires_in": 1800}


def refresh(answer: dict[str, Any], sent: list[httpx.Request] | None = None) -> Credentials:
    def respond(request: httpx.Request) -> httpx.Response:
        if sent is not None:
            sent.append(request)
        return httpx.Response(200, json=answer)

    client = new_client(base_url="http://books.test", transport=httpx.MockTransport(respond))
    return oauth.refresh(client, APP, "http://books.test/token", platform="Books", credentials=OLD)


def test_lifetimes_count_from_the_request():
    with time_machine.travel(NOW, tick=False):
        fresh = refresh({**GOOD, "refresh_token": "new", "refresh_token_expires_in": 86400})

    assert fresh.expires_at == NOW + timedelta(minutes=30)
    assert fresh.refresh_expires_at == NOW + timedelta(days=1)
    assert fresh.refresh_token == "new"


def test_lifetime_of_a_refresh_token_may_be_told_under_intuits_name():
    with time_machine.travel(NOW, tick=False):
        fresh = refresh({**GOOD, "refresh_token": "new", "x_refresh_token_expires_in": 8726400})

    assert fresh.refresh_expires_at == NOW + timedelta(days=101)


def test_what_a_refresh_leaves_out_stays_as_it_was():
    fresh = refresh(GOOD)

    assert fresh.refresh_token == "old-refresh"
    assert fresh.scope == "accounting.read"
    assert fresh.refresh_expires_at is None


def test_request_is_what_the_standard_says():
    sent: list[httpx.Request] = []

    refresh(GOOD, sent)

    assert sent[0].method == "POST"
    assert sent[0].headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert parse_qs(sent[0].content.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["old-refresh"],
    }
    basic = b64decode(sent[0].headers["Authorization"].removeprefix("Basic ")).decode()
    assert basic == "our+app:s%25cret%2F%2B%C3%A4"


@pytest.mark.parametrize(
    "nonsense",
    [
        {"access_token": ""},
        {"access_token": "with space"},
        {"access_token": "line\nbreak"},
        {"access_token": "x" * 9000},
        {"access_token": None},
        {"token_type": "mac"},
        {"expires_in": 0},
        {"expires_in": -1},
        {"expires_in": 10**12},
        {"expires_in": "soon"},
        {"refresh_token": "ünicode"},
        {"refresh_token_expires_in": -5},
    ],
)
def test_nonsense_is_refused(nonsense: dict[str, Any]):
    with pytest.raises(Unexpected) as caught:
        refresh({**GOOD, **nonsense})

    assert "new-access" not in caught.value.detail


@pytest.mark.parametrize(
    ("status", "answer", "kept"),
    [
        (500, "<pre>refresh_token=old-refresh</pre>", "HTTP 500"),
        (429, "too often: old-refresh", "HTTP 429"),
        (400, {"error": "invalid_grant", "error_description": "old-refresh is spent"}, "is spent"),
        (400, {"error": "invalid_client: old-refresh"}, "invalid_client"),
    ],
)
def test_a_refusal_that_repeats_our_token_is_not_repeated(status: int, answer: Any, kept: str):
    body: dict[str, Any] = {"text" if isinstance(answer, str) else "json": answer}
    client = new_client(
        base_url="http://books.test",
        transport=httpx.MockTransport(lambda _request: httpx.Response(status, **body)),
    )

    with pytest.raises(PlatformError) as caught:
        oauth.refresh(client, APP, "http://books.test/token", platform="Books", credentials=OLD)

    assert kept in caught.value.detail
    assert "old-refresh" not in f"{caught.value}{caught.value.detail}"


def test_access_that_does_not_last_is_refused():
    client = new_client(
        base_url="http://books.test",
        transport=httpx.MockTransport(lambda _request: httpx.Response(200, json=GOOD)),
    )

    with pytest.raises(Unexpected, match="lasting"):
        oauth.exchange(
            client,
            APP,
            "http://books.test/token",
            platform="Books",
            code="c",
            redirect_uri="http://portal.test/callback",
            code_verifier="v" * 64,
        )

"""Requests are bounded, retried with care, and leave no secret behind."""

import gzip
import logging
import os
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import msgspec
import pytest
import time_machine

from connections.platforms import http as platform_http
from connections.platforms.errors import RateLimited, Unexpected, Unreachable
from connections.platforms.http import (
    get,
    get_json,
    new_client,
    platform_client,
    post_form,
    recorded,
    redact,
    retry_after,
)

ANYTHING = msgspec.json.Decoder()

type Handler = Callable[[httpx.Request], httpx.Response]


def ask(handler: Handler, *, pauses: list[float] | None = None) -> object:
    client = new_client(base_url="http://books.test", transport=httpx.MockTransport(handler))
    sleep = (pauses if pauses is not None else []).append
    return get_json(
        client, "/data", platform="Books", token="canary", decoder=ANYTHING, sleep=sleep
    )


class Chunks(httpx.SyncByteStream):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks
        self.sent = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.sent += len(chunk)
            yield chunk


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("1.5", 1.5),
        ("-30", 0),
        ("99999999999999999999", 86400),
        ("Sun, 01 Jun 2025 12:00:30 GMT", 30),
        ("Sun, 01 Jun 2025 11:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86400),
        ("", None),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("1e9", None),
        ("٣", None),
        ("Sun, 99 Foo 2025", None),
    ],
)
def test_retry_after_is_read_and_clamped(value: str, seconds: float | None):
    with time_machine.travel(datetime(2025, 6, 1, 12, tzinfo=UTC), tick=False):
        assert retry_after({"Retry-After": value}) == seconds


def test_date_in_retry_after_is_waited_for():
    pauses: list[float] = []
    answers = iter([503, 200])

    def handler(request: httpx.Request) -> httpx.Response:
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=4), usegmt=True)
        return httpx.Response(next(answers), headers={"Retry-After": until}, json="fine")

    assert ask(handler, pauses=pauses) == "fine"
    assert 2 < pauses[0] <= 4


def test_an_outage_that_says_when_it_ends_is_not_sat_out():
    pauses: list[float] = []

    with pytest.raises(RateLimited) as caught:
        ask(lambda _: httpx.Response(503, headers={"Retry-After": "20"}), pauses=pauses)

    assert (caught.value.retry_after, caught.value.was_asked, pauses) == (20, True, [])
    assert caught.value.message == "Books asks us to come back later."


def test_pauses_without_a_hint_are_random_and_short():
    pauses: list[float] = []

    for _ in range(20):
        with pytest.raises(Unreachable):
            ask(lambda _request: httpx.Response(500), pauses=pauses)

    assert len(pauses) == 40
    assert len(set(pauses)) > 30
    assert all(0 <= pause <= 4 for pause in pauses)


def test_long_wait_is_left_to_the_caller():
    pauses: list[float] = []

    with pytest.raises(RateLimited) as caught:
        ask(lambda _request: httpx.Response(429, headers={"Retry-After": "31"}), pauses=pauses)

    assert caught.value.retry_after == 31
    assert pauses == []


def test_slow_answer_is_not_asked_for_again():
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ReadTimeout("slow", request=request)

    with pytest.raises(Unreachable, match="in time"):
        ask(handler)

    assert len(asked) == 1


def test_redirect_is_not_followed():
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(307, headers={"Location": "http://169.254.169.254/"})

    with pytest.raises(Unexpected):
        ask(handler)

    assert asked == ["http://books.test/data"]


def test_endless_answer_is_cut():
    stream = Chunks(b"[" * 2**20 for _ in range(1000))

    with pytest.raises(Unexpected) as caught:
        ask(lambda _request: httpx.Response(200, stream=stream))

    assert "52428800 bytes" in caught.value.detail
    assert stream.sent <= 52 * 2**20


def test_size_counts_after_decompression():
    body = gzip.compress(b" " * 60 * 2**20)
    chunks = (body[start : start + 1024] for start in range(0, len(body), 1024))
    answer = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Chunks(chunks))

    with pytest.raises(Unexpected) as caught:
        ask(lambda _request: answer)

    assert len(body) < 2**20
    assert "52428800 bytes" in caught.value.detail


def test_dripping_answer_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def drip() -> Iterator[bytes]:
        while True:
            now[0] += 20
            yield b" "

    stream = Chunks(drip())
    with pytest.raises(Unreachable, match="in time"):
        ask(lambda _request: httpx.Response(200, stream=stream))

    assert stream.sent == 4


def test_cookie_of_one_customer_does_not_travel_with_another():
    sent = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("Cookie"))
        return httpx.Response(200, headers={"Set-Cookie": "session=alice; Path=/"}, json=1)

    client = new_client(base_url="http://books.test", transport=httpx.MockTransport(handler))
    for token in ("alice", "bob"):
        get_json(client, "/data", platform="Books", token=token, decoder=ANYTHING)

    assert sent == [None, None]


def test_token_that_breaks_headers_is_refused_without_being_told():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with (
            new_client(base_url=f"http://127.0.0.1:{port}") as client,
            pytest.raises(Unexpected) as caught,
        ):
            get_json(client, "/data", platform="Books", token="canary\r\nX: 1", decoder=ANYTHING)

    assert "canary" not in "".join(traceback.format_exception(caught.value)).replace(
        'token="canary', ""
    )
    assert "LocalProtocolError" in caught.value.detail


def test_error_body_that_echoes_the_token_is_cleaned():
    with pytest.raises(Unexpected) as caught:
        ask(lambda _request: httpx.Response(418, text="no tea for canary"))

    assert caught.value.detail == "HTTP 418: no tea for …"


def test_addresses_are_fit_for_a_log(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    url = "http://canary:canary@books.test/token?code=canary&page=2&as_of=2025"
    client = new_client(
        base_url="http://books.test",
        transport=httpx.MockTransport(lambda _request: httpx.Response(200, json=1)),
    )

    post_form(client, url, platform="Books", body="refresh_token=canary", headers={})

    assert redact(httpx.URL(url)) == "http://books.test/token?code=%E2%80%A6&page=2&as_of=2025"
    assert "page=2" in caplog.text
    assert "canary" not in caplog.text


def test_form_is_sent_once():
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ConnectError("refused", request=request)

    client = new_client(base_url="http://books.test", transport=httpx.MockTransport(handler))

    with pytest.raises(Unreachable):
        post_form(client, "/token", platform="Books", body="", headers={})

    assert len(asked) == 1


def test_proxy_in_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.test:3128")

    assert new_client(base_url="http://books.test")._mounts == {}


def test_client_is_shared_within_a_thread_only():
    here = platform_client("books", base_url="http://books.test")
    elsewhere: list[httpx.Client] = []
    thread = threading.Thread(
        target=lambda: elsewhere.append(platform_client("books", base_url="http://books.test"))
    )
    thread.start()
    thread.join()

    assert platform_client("books", base_url="http://books.test") is here
    assert platform_client("other", base_url="http://books.test") is not here
    assert elsewhere[0] is not here


def test_forked_process_gets_its_own_client(monkeypatch: pytest.MonkeyPatch):
    parent = platform_client("books", base_url="http://books.test")
    monkeypatch.setattr(os, "getpid", lambda: -1)

    assert platform_client("books", base_url="http://books.test") is not parent


def test_limits_are_the_documented_ones():
    client = new_client(base_url="http://books.test")

    assert client.timeout.connect == 5
    assert client.timeout.read == 30
    assert platform_http.TOTAL_SECONDS == 60
    assert not client.follow_redirects


def test_every_request_is_recorded_with_what_came_of_it_and_no_secret():
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/lost":
            raise httpx.ReadTimeout("slow", request=request)
        return httpx.Response(200, json={})

    client = new_client(base_url="http://platform.test", transport=httpx.MockTransport(answer))
    with recorded() as exchanges:
        get(client, "/found", platform="P", token="t", params={"page": 2, "key": "canary"})
        with pytest.raises(Unreachable):
            get(client, "/lost", platform="P", token="t")
    get(client, "/after", platform="P", token="t")

    assert [(each.method, each.status, each.size) for each in exchanges] == [
        ("GET", 200, 2),
        ("GET", 0, 0),
    ]
    assert exchanges[0].url.startswith("http://platform.test/found?page=2&key=")
    assert "canary" not in str(exchanges)

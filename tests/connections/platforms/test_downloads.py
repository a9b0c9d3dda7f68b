"""Files of a platform's: bounded, read once, and every refusal an error of ours."""

import gzip
import io

import httpx
import pytest

from connections.platforms import downloads
from connections.platforms.base import (
    AuthorizationRevoked,
    Missing,
    PermissionMissing,
    PlatformError,
    RateLimited,
    TooLarge,
    Unexpected,
    Unreachable,
)
from connections.platforms.downloads import download, part_of_path
from connections.platforms.http import new_client
from tests.connections.platforms.contract import Fault, lose, respond


def read(answer: Fault, path: str = "/files/1") -> bytes:
    client = new_client(base_url="http://vendor.test", transport=httpx.MockTransport(answer))
    into = io.BytesIO()
    download(client, path, platform="Vendor", token="canary", into=into)
    return into.getvalue()


def test_content_comes_as_it_is_with_our_authorization():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"\x00\xff" * 100_000)

    assert read(answer) == b"\x00\xff" * 100_000
    assert asked[0].headers["Authorization"] == "Bearer canary"
    assert asked[0].headers["Accept"] == "*/*"


@pytest.mark.parametrize("is_packed", [False, True])
def test_no_more_comes_than_may_be_passed_on(monkeypatch, is_packed):
    monkeypatch.setattr(downloads, "MOST_BYTES", 2**20)
    body, headers = b"x" * (2**20 + 1), {}
    if is_packed:
        body, headers = gzip.compress(body), {"Content-Encoding": "gzip"}

    with pytest.raises(TooLarge, match="larger than 1 MB"):
        read(respond(200, headers=headers, body=body))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (respond(401, body=b"canary"), AuthorizationRevoked),
        (respond(403), PermissionMissing),
        (respond(404), Missing),
        (respond(429, headers={"Retry-After": "5"}), RateLimited),
        (respond(500), Unreachable),
        (respond(302, headers={"Location": "http://elsewhere.test"}), Unexpected),
        (lose(httpx.ConnectError), Unreachable),
        (lose(httpx.ReadTimeout), Unreachable),
        (lose(httpx.DecodingError), Unexpected),
    ],
)
def test_a_refusal_is_told_at_once(fault: Fault, expected: type[PlatformError]):
    count = 0

    def once(request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        return fault(request)

    with pytest.raises(PlatformError) as caught:
        read(once)

    assert type(caught.value) is expected
    assert count == 1
    assert "canary" not in caught.value.detail


@pytest.mark.parametrize(
    ("text", "part"), [("inv/1", "inv%2F1"), ("a b?c#d", "a%20b%3Fc%23d"), ("..a", "..a")]
)
def test_an_id_is_one_part_of_a_path(text: str, part: str):
    assert part_of_path(text) == part


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_what_leads_elsewhere_is_no_id(text: str):
    with pytest.raises(Missing):
        part_of_path(text)

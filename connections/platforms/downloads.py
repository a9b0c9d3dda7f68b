"""Files of a platform's, read into a file of ours: once, and no more than may be passed on.

Somebody waits for the answer, so nothing is tried again: whoever asked may ask again.
"""

import time
from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

import httpx
import msgspec

from connections.platforms.deadlines import ending_within
from connections.platforms.errors import Missing, PlatformError, TooLarge
from connections.platforms.http import (
    CONNECT_SECONDS,
    Answer,
    decode,
    error_for,
    get,
    network_error,
    passage,
)

MOST_BYTES = 25 * 1024 * 1024
TOTAL_SECONDS = 30.0
#: For what is no file, but says which there are.
LIST_SECONDS = 10.0
_READ_SECONDS = 10.0
#: Of a refusal so much is looked at.
_REFUSAL_BYTES = 4096


def part_of_path(text: str) -> str:
    """Write an id as a part of a path, that leads nowhere else.

    :raises Missing: for what no record can be called.
    """
    if not text or set(text) == {"."}:
        raise Missing("There is no such record.", detail=f"id {text!r}")
    return quote(text, safe="")


def list_of[T](
    client: httpx.Client,
    path: str,
    *,
    platform: str,
    token: str,
    decoder: msgspec.json.Decoder[T],
) -> T:
    """Ask which files there are.

    :raises Missing: when there is no such record.
    :raises PlatformError: as the leaf that fits.
    """
    answer = get(
        client,
        path,
        platform=platform,
        token=token,
        accepted=(httpx.codes.OK, httpx.codes.NOT_FOUND),
        tries=1,
        total_seconds=LIST_SECONDS,
    )
    if answer.status == httpx.codes.NOT_FOUND:
        raise Missing(f"{platform} has no such record.", detail=path)
    return decode(answer, decoder, platform, path)


def download(
    client: httpx.Client, path: str, *, platform: str, token: str, into: IO[bytes]
) -> None:
    """Write a file of the platform's.

    :raises Missing: when there is none.
    :raises TooLarge: when it is larger than may be passed on.
    :raises PlatformError: as the leaf that fits.
    """
    headers = {"Accept": "*/*", **({"Authorization": f"Bearer {token}"} if token else {})}
    timeout = httpx.Timeout(_READ_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS)
    try:
        with (
            passage(platform, time.sleep) as outcome,
            ending_within(TOTAL_SECONDS),
            client.stream("GET", path, headers=headers, timeout=timeout) as response,
        ):
            outcome.status = response.status_code
            if response.status_code != httpx.codes.OK:
                raise _refusal(platform, response, path, token)
            into.writelines(_bounded(platform, response, path))
    except httpx.RequestError as error:
        raise network_error(platform, error, path) from error


def _bounded(platform: str, response: httpx.Response, path: str) -> Iterator[bytes]:
    """Yield what comes, unpacked, as long as it is little enough and comes soon enough."""
    started, size = time.monotonic(), 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MOST_BYTES:
            raise TooLarge(
                f"This file of {platform} is larger than {MOST_BYTES // 2**20} MB, which is the "
                "most that is passed on.",
                detail=path,
            )
        if time.monotonic() - started > TOTAL_SECONDS:
            raise httpx.ReadTimeout(
                f"not complete after {TOTAL_SECONDS} s", request=response.request
            )
        yield chunk


def _refusal(platform: str, response: httpx.Response, path: str, token: str) -> PlatformError:
    if response.status_code == httpx.codes.NOT_FOUND:
        return Missing(f"{platform} has no such file, or no such record.", detail=path)
    content = next(response.iter_bytes(_REFUSAL_BYTES), b"")
    return error_for(
        platform, Answer(response.status_code, response.headers, content), secret=token
    )

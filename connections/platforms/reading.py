"""Answers read to their end, within bounds of size and time, and decoded."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import msgspec

from connections.platforms.clients import CONNECT_SECONDS, READ_SECONDS
from connections.platforms.deadlines import ending_within
from connections.platforms.decoding import UNREADABLE, repaired
from connections.platforms.errors import Unexpected
from connections.platforms.exchanges import Exchange, recording, redact
from connections.words import gettext_noop

type Params = Mapping[str, str | int]

TOTAL_SECONDS = 60.0
MAX_BYTES = 50 * 1024 * 1024

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response read to its end."""

    status: int
    headers: httpx.Headers
    content: bytes


class _TooLarge(httpx.RequestError):
    """The answer is larger than any page may be."""


def receive(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    params: Params | None = None,
    content: bytes | None = None,
    total_seconds: float = TOTAL_SECONDS,
) -> Answer:
    """Read one answer, and leave a trace of it for whoever records."""
    exchanges = recording()
    at, started = datetime.now(UTC), time.monotonic()
    answer = None
    try:
        answer = _read(
            client,
            method,
            url,
            headers=headers,
            params=params,
            content=content,
            total_seconds=total_seconds,
        )
    finally:
        if exchanges is not None:
            asked = client.base_url.join(httpx.URL(url, params=params) if params else url)
            exchanges.append(
                Exchange(
                    at=at,
                    method=method,
                    url=redact(asked),
                    status=0 if answer is None else answer.status,
                    milliseconds=round((time.monotonic() - started) * 1000),
                    size=0 if answer is None else len(answer.content),
                )
            )
    return answer


def _read(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    params: Params | None = None,
    content: bytes | None = None,
    total_seconds: float = TOTAL_SECONDS,
) -> Answer:
    """Read one answer, bounded in decompressed size and in time."""
    started = time.monotonic()
    timeout = httpx.Timeout(
        min(READ_SECONDS, total_seconds), connect=CONNECT_SECONDS, pool=CONNECT_SECONDS
    )
    chunks: list[bytes] = []
    size = 0
    with (
        ending_within(total_seconds),
        client.stream(
            method, url, params=params, content=content, headers=dict(headers), timeout=timeout
        ) as response,
    ):
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BYTES:
                raise _TooLarge(f"more than {MAX_BYTES} bytes", request=response.request)
            if time.monotonic() - started > total_seconds:
                raise httpx.ReadTimeout(
                    f"not complete after {total_seconds} s", request=response.request
                )
    logger.debug(
        "%s %s: %d, %d bytes in %.0f ms",
        method,
        redact(response.request.url),
        response.status_code,
        size,
        (time.monotonic() - started) * 1000,
    )
    return Answer(response.status_code, response.headers, b"".join(chunks))


def decode[T](answer: Answer, decoder: msgspec.json.Decoder[T], platform: str, path: str) -> T:
    """Read an answer; one that is almost JSON, but for single values, is read without these.

    :raises Unexpected: when the answer is not what the decoder understands.
    """
    try:
        try:
            return decoder.decode(answer.content)
        except msgspec.DecodeError:
            almost = repaired(answer.content)
            if almost is None:
                raise
            return decoder.decode(almost)
    except UNREADABLE as error:
        start = answer.content[:80].decode(errors="replace")
        raise Unexpected(
            gettext_noop("%(platform)s gave an answer we do not understand."),
            {"platform": platform},
            detail=f"{path}: {error}; {len(answer.content)} bytes starting {start!r}",
        ) from error

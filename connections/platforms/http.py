"""HTTP as every adapter speaks it: one pooled client, bounded requests, one tree of errors."""

import random
import time
from collections.abc import Callable, Container, Mapping

import httpx
import msgspec

from connections.platforms.clients import (
    CONNECT_SECONDS,
    close_clients,
    new_client,
    platform_client,
)
from connections.platforms.errors import PlatformError, RateLimited, Unreachable
from connections.platforms.exchanges import Exchange, recorded, redact
from connections.platforms.gates import the_gate
from connections.platforms.passages import LONGEST_PAUSE, Sleep, passage, pause
from connections.platforms.reading import TOTAL_SECONDS, Answer, Params, decode, receive
from connections.platforms.refusals import cause, error_for, is_failure, network_error, retry_after
from connections.words import gettext_noop

__all__ = [
    "CONNECT_SECONDS",
    "LONGEST_PAUSE",
    "TOTAL_SECONDS",
    "Answer",
    "Exchange",
    "Reading",
    "Sleep",
    "close_clients",
    "decode",
    "error_for",
    "get",
    "get_json",
    "network_error",
    "new_client",
    "passage",
    "pause",
    "platform_client",
    "post_form",
    "recorded",
    "redact",
    "retry_after",
]

type Reading = Callable[[Answer], PlatformError | None]

TRIES = 3

_PASSING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.RemoteProtocolError,
)
_TRANSIENT = (RateLimited, Unreachable)


def get_json[T](
    client: httpx.Client,
    path: str,
    *,
    platform: str,
    token: str,
    decoder: msgspec.json.Decoder[T],
    params: Params | None = None,
    headers: Mapping[str, str] | None = None,
    read: Reading | None = None,
    sleep: Sleep = time.sleep,
) -> T:
    """Ask a platform and decode what it says; see ``get``.

    :raises PlatformError: as the leaf that fits.
    """
    answer = get(
        client,
        path,
        platform=platform,
        token=token,
        params=params,
        headers=headers,
        read=read,
        sleep=sleep,
    )
    return decode(answer, decoder, platform, path)


def get(
    client: httpx.Client,
    path: str,
    *,
    platform: str,
    token: str,
    params: Params | None = None,
    headers: Mapping[str, str] | None = None,
    read: Reading | None = None,
    accepted: Container[int] = (httpx.codes.OK,),
    sleep: Sleep = time.sleep,
    tries: int = TRIES,
    total_seconds: float = TOTAL_SECONDS,
) -> Answer:
    """Ask a platform, trying again what may pass by itself.

    Lost connections, 429 and 5xx are tried three times in all; an answer that is slow to come is
    not, since the worker's time is better spent elsewhere. ``read`` sees every answer, with its
    headers, and may return the error that the platform means where its status does not tell; that
    error is not tried again unless it is ``Unreachable`` or a ``RateLimited`` with a short wait.
    ``accepted`` are the statuses returned to the caller. Where somebody waits for the answer,
    ``tries`` is 1 and ``total_seconds`` are few.

    :raises PlatformError: as the leaf that fits.
    """
    credentials = {"Authorization": f"Bearer {token}"} if token else {}
    for attempt in range(1, tries + 1):
        try:
            with passage(platform, sleep) as outcome:
                answer = receive(
                    client,
                    "GET",
                    path,
                    params=params,
                    headers={**credentials, **(headers or {})},
                    total_seconds=total_seconds,
                )
                outcome.status = answer.status
        except httpx.RequestError as error:
            if attempt == tries or not isinstance(error, _PASSING):
                raise network_error(platform, error, path) from cause(error)
            sleep(_jitter(attempt))
            continue
        meant = read(answer) if read else None
        if meant is None and answer.status in accepted:
            return answer
        refusal = meant or error_for(platform, answer, secret=token)
        limit = refusal.retry_after if isinstance(refusal, RateLimited) else None
        wait = limit if limit is not None else retry_after(answer.headers)
        may_pass = _may_pass(answer.status) if meant is None else isinstance(meant, _TRANSIENT)
        if may_pass and wait is not None and wait > LONGEST_PAUSE:
            if (gate := the_gate()) is not None and not _is_daily(refusal):
                gate.hold(wait)
            raise _until_later(platform, refusal, wait)
        if attempt == tries or not may_pass:
            raise refusal
        sleep(_jitter(attempt) if wait is None else wait)
    raise AssertionError("the last try returns or raises")


def _is_daily(refusal: PlatformError) -> bool:
    """Tell whether it is a day's limit, which pulls wait for in a way of their own."""
    return isinstance(refusal, RateLimited) and refusal.is_daily


def _until_later(platform: str, refusal: PlatformError, seconds: float | None) -> PlatformError:
    """Return a refusal with the time to come back, which an outage may tell, too."""
    if isinstance(refusal, RateLimited):
        return refusal
    return RateLimited(
        gettext_noop("%(platform)s asks us to come back later."),
        {"platform": platform},
        retry_after=seconds,
        detail=refusal.detail,
    )


def post_form(
    client: httpx.Client,
    url: str,
    *,
    platform: str,
    body: str,
    headers: Mapping[str, str],
    total_seconds: float = TOTAL_SECONDS,
) -> Answer:
    """Send a form once and return whatever was answered.

    :raises Unreachable: when it is unknown what the platform made of it.
    :raises PlatformError: when it is not the time to ask.
    """
    try:
        with passage(platform, time.sleep) as outcome:
            answer = receive(
                client,
                "POST",
                url,
                content=body.encode(),
                headers={"Content-Type": "application/x-www-form-urlencoded", **headers},
                total_seconds=total_seconds,
            )
            outcome.status = answer.status
            return answer
    except httpx.RequestError as error:
        raise network_error(platform, error, url) from cause(error)


def _may_pass(status: int) -> bool:
    return status == httpx.codes.TOO_MANY_REQUESTS or is_failure(status)


def _jitter(attempt: int) -> float:
    return random.uniform(0, min(LONGEST_PAUSE, 2.0**attempt))  # noqa: S311 - spreads, not secret

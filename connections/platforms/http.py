"""HTTP as every adapter speaks it: one pooled client, bounded requests, one tree of errors."""

import email.utils
import http.cookiejar
import logging
import os
import random
import re
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import msgspec

from connections.platforms.deadlines import BoundedTransport, ending_within
from connections.platforms.decoding import UNREADABLE, repaired
from connections.platforms.errors import (
    AuthorizationRevoked,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Suspended,
    Unexpected,
    Unreachable,
)
from connections.platforms.gates import Gate, Ticket, the_gate
from connections.platforms.guard import GuardedTransport
from connections.words import gettext_noop

__all__ = [
    "Answer",
    "Exchange",
    "Reading",
    "Sleep",
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

type Sleep = Callable[[float], None]
type Reading = Callable[["Answer"], PlatformError | None]
type Params = Mapping[str, str | int]

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
TOTAL_SECONDS = 60.0
MAX_BYTES = 50 * 1024 * 1024
TRIES = 3
#: Longer than this no worker sits still: who waits for a platform holds none.
LONGEST_PAUSE = 5.0
LONGEST_RETRY_AFTER = 24 * 3600.0

logger = logging.getLogger(__name__)

type _Place = tuple[int, str, str, bool]
_LIMITS = httpx.Limits(max_connections=4, max_keepalive_connections=2)
_MOST_CLIENTS = 32
_clients = threading.local()


def platform_client(key: str, *, base_url: str, is_guarded: bool = False) -> httpx.Client:
    """Return this thread's client for a platform, made once: a TLS context costs 40 pages' CPU.

    A process forked later gets its own, since two processes must not share a connection. A guarded
    one reaches no private network; the oldest of many is closed, since tenants name the addresses.
    """
    pool: dict[_Place, httpx.Client] = _clients.__dict__.setdefault("pool", {})
    place = (os.getpid(), key, base_url, is_guarded)
    client = pool.pop(place, None)
    if client is None:
        transport = GuardedTransport(limits=_LIMITS) if is_guarded else None
        client = new_client(base_url=base_url, transport=transport)
        if len(pool) >= _MOST_CLIENTS:
            pool.pop(next(iter(pool))).close()
    pool[place] = client
    return client


def close_clients() -> None:
    """Close this thread's clients; the next request opens new ones."""
    pool: dict[_Place, httpx.Client] = _clients.__dict__.pop("pool", {})
    for client in pool.values():
        client.close()


def new_client(*, base_url: str, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """Return a client that follows no redirect, obeys no proxy variable and keeps no cookie.

    ``transport`` decides what may be reached; tests put a fake platform there.
    """
    return httpx.Client(
        base_url=base_url,
        transport=transport or BoundedTransport(limits=_LIMITS),
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
        limits=_LIMITS,
        follow_redirects=False,
        trust_env=False,
        # One client serves many customers: a cookie of one must not travel with another's request.
        cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
        headers={"User-Agent": "Ledgerport/1", "Accept": "application/json"},
    )


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that was made, and what came of it; fit to be shown to people."""

    at: datetime
    method: str
    #: Without anything that might be a secret.
    url: str
    #: 0 where no answer came.
    status: int
    milliseconds: int
    #: Of the answer, as received and unpacked.
    size: int


_exchanges: ContextVar[list[Exchange] | None] = ContextVar("exchanges", default=None)


@contextmanager
def recorded() -> Iterator[list[Exchange]]:
    """Collect every request made in the block, by this thread."""
    exchanges: list[Exchange] = []
    token = _exchanges.set(exchanges)
    try:
        yield exchanges
    finally:
        _exchanges.reset(token)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response read to its end."""

    status: int
    headers: httpx.Headers
    content: bytes


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
                answer = _receive(
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
                raise network_error(platform, error, path) from _cause(error)
            sleep(_jitter(attempt))
            continue
        meant = read(answer) if read else None
        if meant is None and answer.status in accepted:
            return answer
        refusal = meant or error_for(platform, answer, secret=token)
        limit = refusal.retry_after if isinstance(refusal, RateLimited) else None
        wait = limit if limit is not None else retry_after(answer.headers)
        may_pass = _may_pass(answer.status) if meant is None else isinstance(meant, _TRANSIENT)
        if may_pass and (wait or 0) > LONGEST_PAUSE:
            raise _until_later(platform, refusal, wait)
        if attempt == tries or not may_pass:
            raise refusal
        sleep(_jitter(attempt) if wait is None else wait)
    raise AssertionError("the last try returns or raises")


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
            answer = _receive(
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
        raise network_error(platform, error, url) from _cause(error)


@dataclass(slots=True)
class Outcome:
    """What came of a request, for the gate."""

    status: int = 0


@contextmanager
def passage(platform: str, sleep: Sleep) -> Iterator[Outcome]:
    """Make one request in the block, when it is its turn.

    :raises RateLimited: when that is longer than a worker should sit still.
    :raises Suspended: when the platform is left alone for a while.
    """
    gate = the_gate()
    if gate is None:
        yield Outcome()
        return
    ticket = _admitted(gate, platform, sleep)
    outcome, is_answered = Outcome(), None
    try:
        yield outcome
        is_answered = not _is_failure(outcome.status)
    except httpx.TransportError as error:
        is_answered = None if isinstance(error, _OURS) else False
        raise
    finally:
        gate.leave(ticket, is_answered=is_answered)


def _admitted(gate: Gate, platform: str, sleep: Sleep) -> Ticket:
    waited = 0.0
    while True:
        ticket = gate.enter()
        if ticket.wait <= 0:
            return ticket
        if ticket.outage_since is not None:
            raise Suspended(
                gettext_noop("%(platform)s does not answer at the moment."),
                {"platform": platform},
                retry_after=ticket.wait,
                since=ticket.outage_since,
                detail="left alone for a while",
            )
        waited += ticket.wait
        if waited > LONGEST_PAUSE:
            raise RateLimited(
                gettext_noop("%(platform)s allows no more requests at the moment."),
                {"platform": platform},
                retry_after=ticket.wait,
                is_daily=ticket.is_daily,
                was_asked=False,
                detail="held back by our own count",
            )
        sleep(ticket.wait)


def pause(platform: str, seconds: float, sleep: Sleep) -> None:
    """Wait for the next request's turn rather than run into the platform's limit.

    :raises RateLimited: when that takes longer than a worker should sit still.
    """
    if seconds > LONGEST_PAUSE:
        raise RateLimited(
            gettext_noop("%(platform)s asks us to slow down."),
            {"platform": platform},
            retry_after=seconds,
            was_asked=False,
            detail="no request left this minute",
        )
    if seconds > 0:
        sleep(seconds)


def error_for(platform: str, answer: Answer, *, secret: str = "") -> PlatformError:
    """Return the error that an HTTP status means."""
    text = answer.content[:500].decode(errors="replace")
    detail = f"HTTP {answer.status}: {text.replace(secret, '…') if secret else text}"
    match answer.status:
        case httpx.codes.UNAUTHORIZED:
            return AuthorizationRevoked(
                gettext_noop("%(platform)s no longer accepts our authorization."),
                {"platform": platform},
                detail=detail,
            )
        case httpx.codes.FORBIDDEN:
            return PermissionMissing(
                gettext_noop("The authorization at %(platform)s does not cover this data."),
                {"platform": platform},
                detail=detail,
            )
        case httpx.codes.TOO_MANY_REQUESTS:
            return RateLimited(
                gettext_noop("%(platform)s asks us to slow down."),
                {"platform": platform},
                retry_after=retry_after(answer.headers),
                detail=detail,
            )
        case httpx.codes.REQUEST_TIMEOUT:
            return Unreachable(
                gettext_noop("%(platform)s did not answer in time."),
                {"platform": platform},
                detail=detail,
            )
        case status if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return Unreachable(
                gettext_noop("%(platform)s has a problem on its side."),
                {"platform": platform},
                detail=detail,
            )
        case _:
            return Unexpected(
                gettext_noop("%(platform)s gave an answer we do not understand."),
                {"platform": platform},
                detail=detail,
            )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait, from a number or an HTTP date, between none and a day."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[+-]?\d{1,20}(\.\d{1,20})?", value, re.ASCII):
        seconds = float(value)
    else:
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


#: What is asked for is no secret, and explains an answer; anything else might be one.
_OPEN_PARAMS = frozenset(
    {
        *("page", "page_size", "modified_since", "as_of", "from", "to", "fields"),  # the sandbox
        *("pageSize", "offset", "order", "where", "includeArchived"),  # Xero
        *("date", "fromDate", "toDate", "periods", "timeframe"),
        *("query", "entities", "changedSince", "minorversion"),  # QuickBooks Online
        *("start_date", "end_date", "accounting_method", "summarize_column_by"),
    }
)


def redact(url: httpx.URL) -> str:
    """Return the URL fit for a log: no user, no value that might be a secret."""
    params = [
        (name, value if name in _OPEN_PARAMS else "…") for name, value in url.params.multi_items()
    ]
    return str(url.copy_with(userinfo=b"", params=params or None, fragment=None))


class _Redaction(logging.Filter):
    """Keeps what httpx itself logs free of secrets."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                redact(part) if isinstance(part, httpx.URL) else part for part in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_Redaction())


_PASSING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.RemoteProtocolError,
)

_TRANSIENT = (RateLimited, Unreachable)
#: What never left us says nothing about the platform.
_OURS = (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.PoolTimeout)


class _TooLarge(httpx.RequestError):
    """The answer is larger than any page may be."""


def _receive(
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
    exchanges = _exchanges.get()
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


def network_error(platform: str, error: httpx.RequestError, path: str) -> PlatformError:
    """Return the error that a request without an answer means."""
    detail = f"{path}: {type(error).__name__}: {_cause(error) or 'withheld'}"
    if isinstance(error, httpx.TimeoutException):
        return Unreachable(
            gettext_noop("%(platform)s did not answer in time."),
            {"platform": platform},
            detail=detail,
        )
    if isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError)):
        return Unreachable(
            gettext_noop("%(platform)s could not be reached."),
            {"platform": platform},
            detail=detail,
        )
    return Unexpected(
        gettext_noop("%(platform)s gave an answer we do not understand."),
        {"platform": platform},
        detail=detail,
    )


def _cause(error: httpx.RequestError) -> httpx.RequestError | None:
    """Return the error unless it quotes our request: a header that is refused holds the token."""
    return None if isinstance(error, httpx.LocalProtocolError) else error


def _may_pass(status: int) -> bool:
    return status == httpx.codes.TOO_MANY_REQUESTS or _is_failure(status)


def _is_failure(status: int) -> bool:
    return status == httpx.codes.REQUEST_TIMEOUT or status >= httpx.codes.INTERNAL_SERVER_ERROR


def _jitter(attempt: int) -> float:
    return random.uniform(0, min(LONGEST_PAUSE, 2.0**attempt))  # noqa: S311 - spreads, not secret

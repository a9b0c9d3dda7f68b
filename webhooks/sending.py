"""One request to an endpoint: signed, bounded in every direction, and never an exception."""

import asyncio
import http.cookiejar
import time
from datetime import timedelta

import httpx

from connections.addresses import AddressRefused, AsyncPublicTransport, NoSuchHost
from connections.platforms.http import retry_after
from webhooks.claims import Claim, Result
from webhooks.models import Attempt
from webhooks.schedule import Schedule
from webhooks.signing import signature_headers

#: Of an answer: read at most, and kept of that.
_READ_BYTES = 64 * 1024
_KEPT_BYTES = 1024
HIDDEN = "…"

Outcome = Attempt.Outcome


def new_client(*, most: int, allow_private: bool) -> httpx.AsyncClient:
    """Return the client of a relay: no redirects, no proxies, no cookies, no private network."""
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=most // 4)
    transport = None if allow_private else AsyncPublicTransport(limits=limits)
    return httpx.AsyncClient(
        transport=transport,
        limits=limits,
        follow_redirects=False,
        trust_env=False,
        # One client serves every tenant: a cookie of one must not travel with another's message.
        cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
        headers={"User-Agent": "Ledgerport-Webhooks/1", "Accept-Encoding": "identity"},
    )


async def attempt(client: httpx.AsyncClient, claim: Claim, schedule: Schedule) -> Result:
    """Send the message once and tell what came of it."""
    at, started = claim.now(), time.monotonic()
    signed = signature_headers(
        message_id=claim.message_id,
        timestamp=int(at.timestamp()),
        body=claim.body,
        secrets=claim.secrets,
    )
    sent = {"Content-Type": "application/json", **signed}

    def result(
        outcome: Attempt.Outcome,
        message: str = "",
        *,
        status_code: int | None = None,
        answer: str = "",
        wait: float | None = None,
    ) -> Result:
        return Result(
            at=at,
            outcome=outcome,
            message=message,
            status_code=status_code,
            answer=answer,
            milliseconds=round((time.monotonic() - started) * 1000),
            request_headers=sent | dict.fromkeys(claim.headers, HIDDEN),
            retry_after=None if wait is None else timedelta(seconds=wait),
        )

    if claim.problem:
        return result(Outcome.BROKEN, claim.problem)
    within = schedule.answer_within.total_seconds()
    timeout = httpx.Timeout(within, connect=schedule.connect_within.total_seconds())
    late = f"The endpoint did not answer within {within:g} seconds."
    try:
        async with (
            asyncio.timeout(within) as limit,
            client.stream(
                "POST",
                claim.url,
                content=claim.body,
                headers={**claim.headers, **sent},
                timeout=timeout,
            ) as response,
        ):
            answer = await _beginning(response, limit.when())
    except AddressRefused as refused:
        missing = isinstance(refused, NoSuchHost)
        return result(Outcome.UNREACHABLE if missing else Outcome.NOT_ALLOWED, refused.message)
    except (TimeoutError, httpx.TimeoutException):
        return result(Outcome.TIMED_OUT, late)
    except (httpx.NetworkError, OSError) as error:
        return result(Outcome.UNREACHABLE, f"The endpoint could not be reached. {error}")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return result(Outcome.BROKEN, f"The endpoint’s answer makes no sense. {error}")
    outcome, message = _read(response.status_code)
    return result(
        outcome,
        message,
        status_code=response.status_code,
        answer=_fit_to_keep(answer, claim),
        wait=retry_after(response.headers),
    )


async def _beginning(response: httpx.Response, deadline: float | None) -> bytes:
    """Read what an answer begins with; one that drips or never ends is cut, its status counts."""
    found = bytearray()
    try:
        # A little before the time is up altogether.
        async with asyncio.timeout_at(None if deadline is None else deadline - 0.05):
            async for chunk in response.aiter_raw():
                found += chunk
                if len(found) > _READ_BYTES:
                    break
    except (TimeoutError, httpx.HTTPError):
        pass  # what it says besides its status is for people only
    return bytes(found[:_KEPT_BYTES])


def _read(status: int) -> tuple[Attempt.Outcome, str]:
    if httpx.codes.is_success(status):
        return Outcome.OK, ""
    if httpx.codes.is_redirect(status):
        return Outcome.REDIRECTED, (
            f"The endpoint answered {status}. Redirects are not followed: "
            "enter the URL it leads to."
        )
    if status == httpx.codes.GONE:
        return Outcome.REFUSED, "The endpoint answered 410: it wants no more messages."
    phrase = httpx.codes.get_reason_phrase(status)
    return Outcome.REFUSED, f"The endpoint answered {status} {phrase}".rstrip() + "."


def _fit_to_keep(answer: bytes, claim: Claim) -> str:
    """Take out what must not lie in a log: an endpoint may say our own headers back to us."""
    text = answer.decode(errors="replace").replace("\x00", "")
    for value in [*claim.headers.values(), *claim.secrets]:
        text = text.replace(value, HIDDEN)
    return text

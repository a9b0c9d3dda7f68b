"""What a fault does to a request it meets."""

import asyncio
import email.utils
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from sandbox.answers import BrokenOff, Json, Refusal, refuse
from sandbox.faults import Fault
from sandbox.server import server_of

type Answer = Callable[[], Awaitable[Response]]

_REFUSALS = {
    "unauthorized": (401, "The access token is not accepted."),
    "forbidden": (403, "The person who connected may not read this."),
    "rate_limited": (429, "Too many requests."),
    "rate_limited_bare": (429, "Too many requests."),
    "rate_limited_date": (429, "Too many requests."),
    "server_error": (500, "Something went wrong here."),
}
_HUGE, _BOMB = 10_000_000, 100_000_000
_MAINTENANCE = (
    "<!doctype html><html lang=en><title>Maintenance</title><h1>We will be back shortly</h1></html>"
)


async def answer_with(
    fault: Fault | None, request: Request, grant_id: str | None, answer: Answer
) -> Response:
    """Answer as the fault wants it, or plainly when there is none."""
    if fault is None:
        return await answer()
    if fault.kind in _REFUSALS:
        return _refused(fault, request)
    if fault.kind == "html":
        return HTMLResponse(_MAINTENANCE)
    if fault.kind == "hang":
        await _hold(request, fault.pause)
        return BrokenOff()
    if fault.kind == "slow":
        await asyncio.sleep(fault.pause)
    if fault.kind == "token_revoked" and grant_id is not None:
        await run_in_threadpool(server_of(request).grants.revoke, grant_id)
    response = await answer()
    return BrokenOff() if fault.kind == "lost_refresh_answer" else _spoilt(fault, response)


def _refused(fault: Fault, request: Request) -> Response:
    status, message = _REFUSALS[fault.kind]
    code = fault.kind.removesuffix("_bare").removesuffix("_date")
    wait = {
        "rate_limited": str(round(fault.pause)),
        "rate_limited_date": email.utils.formatdate(time.time() + fault.pause, usegmt=True),
    }.get(fault.kind)
    return refuse(request, Refusal(status, code, message, {"Retry-After": wait} if wait else {}))


def _spoilt(fault: Fault, response: Response) -> Response:
    """Return an answer as it should not be."""
    spoil = _SPOILS.get(fault.kind)
    return spoil(bytes(response.body)) if spoil else response


def _plain(body: bytes, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(body, media_type="application/json", headers=named)


@cache
def _bomb() -> bytes:
    """Return 100 MB of nothing in 100 kB."""
    return gzip.compress(b"[" + b" " * _BOMB)


_SPOILS: dict[str, Callable[[bytes], Response]] = {
    "truncated": lambda body: _plain(body[: len(body) // 2]),
    "cut_off": lambda body: _plain(body[: len(body) // 2], content_length=str(len(body))),
    "drip": lambda body: StreamingResponse(_dripping(body), media_type="application/json"),
    "wrong_charset": lambda body: _plain(body.decode().encode("utf-16")),
    "huge_field": lambda body: _plain(body.replace(b'"id":"', b'"id":"' + b"9" * _HUGE, 1)),
    "gzip_bomb": lambda _: _plain(_bomb(), content_encoding="gzip"),
    "empty": lambda body: Json(msgspec.json.decode(body) | {"items": [], "pages": 0, "total": 0}),
}


async def _dripping(body: bytes) -> AsyncIterator[bytes]:
    """Send a byte, wait, send the next."""
    for byte in body:
        yield bytes([byte])
        await asyncio.sleep(0.2)


async def _hold(request: Request, seconds: float) -> None:
    """Hold the connection, but not longer than the client does."""
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return

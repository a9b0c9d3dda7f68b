"""What a fault does to a request it meets."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sandbox.answers import BrokenOff, Refusal, refuse
from sandbox.faults import Fault
from sandbox.server import server_of

type Answer = Callable[[], Awaitable[Response]]

_REFUSALS = {
    "unauthorized": (401, "The access token is not accepted."),
    "forbidden": (403, "The person who connected may not read this."),
    "rate_limited": (429, "Too many requests."),
    "rate_limited_bare": (429, "Too many requests."),
    "server_error": (500, "Something went wrong here."),
}
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
    return BrokenOff() if fault.kind == "lost_refresh_answer" else _cut(fault, response)


def _refused(fault: Fault, request: Request) -> Response:
    status, message = _REFUSALS[fault.kind]
    code = fault.kind.removesuffix("_bare")
    wait = {"Retry-After": str(round(fault.pause))} if fault.kind == "rate_limited" else {}
    return refuse(request, Refusal(status, code, message, wait))


def _cut(fault: Fault, response: Response) -> Response:
    if fault.kind != "truncated":
        return response
    body = bytes(response.body)
    return Response(body[: len(body) // 2], media_type=response.media_type)


async def _hold(request: Request, seconds: float) -> None:
    """Hold the connection, but not longer than the client does."""
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return

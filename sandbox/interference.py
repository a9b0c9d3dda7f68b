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
    "unauthorized": Refusal(401, "unauthorized", "The access token is not accepted."),
    "forbidden": Refusal(403, "forbidden", "The person who connected may not read this."),
    "rate_limited_bare": Refusal(429, "rate_limited", "Too many requests."),
    "server_error": Refusal(500, "server_error", "Something went wrong here."),
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
        return refuse(request, _REFUSALS[fault.kind])
    if fault.kind == "rate_limited":
        wait = str(max(0, round(fault.pause)))
        refusal = Refusal(429, "rate_limited", "Too many requests.", {"Retry-After": wait})
        return refuse(request, refusal)
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
    if fault.kind == "lost_refresh_answer":
        return BrokenOff()
    if fault.kind == "truncated":
        body = bytes(response.body)
        return Response(body[: len(body) // 2], media_type="application/json")
    return response


async def _hold(request: Request, seconds: float) -> None:
    """Hold the connection, but not longer than the client does."""
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return

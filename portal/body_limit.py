"""Refuses bodies that are larger than any form of ours, before they fill the disk.

Django writes a request's body to a temporary file before anybody looks at it, whoever sent it.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

type Message = Mapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

FORM = 4 * 1024 * 1024
#: Twenty files of 10 MB, and what is written around them.
UPLOAD = 210 * 1024 * 1024
_UPLOADS = re.compile(r"/files/?$")
_REFUSAL = b"The request is too large."


def limit_bodies(application: Application) -> Application:
    async def limited(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        limit = UPLOAD if _UPLOADS.search(scope["path"]) else FORM
        if _announced(scope) > limit:
            await _refuse(send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            # To Django it looks as if the sender hung up: it drops what it has.
            return message if received <= limit else {"type": "http.disconnect"}

        await application(scope, counted, send)
        if received > limit:
            await _refuse(send)

    return limited


def _announced(scope: dict[str, Any]) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


async def _refuse(send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 413,
            "headers": [(b"content-type", b"text/plain"), (b"connection", b"close")],
        }
    )
    await send({"type": "http.response.body", "body": _REFUSAL})

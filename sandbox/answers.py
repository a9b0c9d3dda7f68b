"""Responses: JSON, the API's and OAuth's errors, and answers that break off."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Json(Response):
    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return msgspec.json.encode(content)


class Refusal(Exception):
    """What the API answers instead of the data."""

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def refuse(request: Request, refusal: Refusal) -> Response:
    """Word the refusal as OAuth or as the API does, by where it was asked."""
    if request.url.path.startswith("/oauth/"):
        body: object = {"error": refusal.code, "error_description": refusal.message}
    else:
        body = {"error": {"code": refusal.code, "message": refusal.message}}
    return Json(body, status_code=refusal.status, headers=refusal.headers)


class BrokenOff(Response):
    """Promises a body and never sends it: the server then drops the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

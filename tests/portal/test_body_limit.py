"""Nobody fills the disk with a request that no form of ours could make."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync

from portal import body_limit
from portal.body_limit import limit_bodies


def send(path: str, pieces: list[bytes], *, announced: int | None = None) -> tuple[int, int]:
    """Send a body in pieces; return the status, and how much of it was read."""
    waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})
    answers: list[dict[str, Any]] = []
    read = 0

    async def application(scope, receive, send):
        nonlocal read
        while (message := await receive())["type"] == "http.request":
            read += len(message["body"])
            if not message["more_body"]:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                return

    async def receive():
        return waiting.pop(0)

    async def sent(message):
        answers.append(message)

    headers = [] if announced is None else [(b"content-length", str(announced).encode())]
    scope = {"type": "http", "path": path, "headers": headers}
    async_to_sync(limit_bodies(application))(scope, receive, sent)
    return answers[0]["status"], read


MEGABYTE = bytes(1024 * 1024)


@pytest.mark.parametrize("path", ["/link/token/files/", "/o/harbour/companies/1/files/"])
def test_uploads_may_be_large(path):
    assert send(path, [MEGABYTE] * 5) == (200, 5 * len(MEGABYTE))


@pytest.mark.parametrize("path", ["/accounts/login/", "/link/token/", "/files/x"])
def test_other_forms_may_not(path):
    status, read = send(path, [MEGABYTE] * 9)

    assert status == 413
    assert read <= body_limit.FORM


def test_a_large_body_that_is_announced_is_not_read_at_all():
    assert send("/accounts/login/", [], announced=body_limit.FORM + 1) == (413, 0)
    assert send("/link/token/files/", [], announced=body_limit.UPLOAD + 1) == (413, 0)

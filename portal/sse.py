"""Server-Sent Events on the wire."""

from collections.abc import AsyncIterator

from django.http import StreamingHttpResponse

KEEP_ALIVE = ": keep-alive\n\n"


def message(data: str, *, event: str = "", id: str = "") -> str:  # noqa: A002 - the wire's word
    """Encode one message; htmx swaps unnamed ones and dispatches named ones as DOM events."""
    lines = [f"id: {id}"] if id else []
    lines += [f"event: {event}"] if event else []
    lines += [f"data: {line}" for line in data.splitlines() or [""]]
    return "\n".join(lines) + "\n\n"


def stream(messages: AsyncIterator[str | bytes]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        messages,
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )

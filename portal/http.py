"""What our views know about a request, and how they answer with what is too large to hold."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.http import HttpRequest


def wants_fragment(request: HttpRequest) -> bool:
    """Tell whether htmx asks for a part of the page.

    Boosted links and history restores are htmx requests that want whole pages.
    """
    return bool(request.headers.get("HX-Request-Type") == "partial")


class Streamed:
    """Hands on what is read piece by piece: an async server would collect a plain iterator."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await sync_to_async(self._next, thread_sensitive=False)():
            yield piece

    def _next(self) -> bytes:
        return next((piece for piece in self._pieces if piece), b"")

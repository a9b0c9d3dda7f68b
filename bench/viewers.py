"""Browsers that keep a page open, as the server sees them: a connection each, and what comes over.

They read the stream of a page as htmx opens it. Of what arrives they look for one thing, the number
of the newest change that is shown.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

#: Written where a pull says what happens, and found again in what arrives.
CHANGE = "Change {} of the benchmark"
_SHOWN, _SHOWN_END = b"Change ", b" of the benchmark"
_MARK = b"\nid: "
_LONGEST = 100
_LOOK_SECONDS = 0.02
_BEGUN_AT_ONCE = 20
_PATIENCE_SECONDS = 300.0


class NotShown(Exception):
    """A page was not opened, or not told of what happened."""


@dataclass
class Stream:
    """Where a page's stream is, and whose cookie it is asked for with."""

    url: str
    cookie: str


@dataclass
class Viewer(asyncio.Protocol):
    """One page; `shown` tells of each change when it, or a later one, was there."""

    stream: Stream
    mark: bytes = b""
    newest: int = -1
    messages: int = 0
    shown: dict[int, float] = field(default_factory=dict)
    #: Set once the page has been shown how things are, or was refused.
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    _rest: bytes = b""
    _refused: bytes = b""
    _transport: asyncio.Transport | None = None

    def __hash__(self) -> int:
        return id(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._rest = transport, b""
        self.begun.clear()
        parts = urlsplit(self.stream.url)
        headers = [
            f"GET {parts.path}?{parts.query} HTTP/1.1",
            f"Host: {parts.netloc}",
            f"Cookie: {self.stream.cookie}",
            "Accept: text/html, text/event-stream",
            "HX-Request: true",
            "HX-Request-Type: partial",
        ]
        if self.mark:
            headers.append(f"Last-Event-ID: {self.mark.decode()}")
        transport.write("\r\n".join([*headers, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        now = time.time()
        if not self.begun.is_set() and data.startswith(b"HTTP/1.1") and b" 200 " not in data[:20]:
            self._refused = data[:200]
            self.begun.set()
        data = self._rest + data
        ends = 0
        while (place := data.find(_MARK, ends)) >= 0 and (end := data.find(b"\n", place + 5)) >= 0:
            self.mark, ends = data[place + len(_MARK) : end], end
            self.messages += 1
            self.begun.set()
        if (place := data.rfind(_SHOWN_END)) >= 0:
            number = int(data[data.rindex(_SHOWN, 0, place) + len(_SHOWN) : place])
            for each in range(self.newest + 1, number + 1):
                self.shown[each] = now
            self.newest = max(self.newest, number)
        # What was found must not be found again with what comes.
        self._rest = data[max(ends, len(data) - _LONGEST) :]

    def connection_lost(self, _exc: Exception | None) -> None:
        self.begun.set()
        self._transport = None

    def leave(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def require(self) -> None:
        """:raises NotShown: with what the server said instead."""
        if self._refused:
            raise NotShown(self._refused.decode(errors="replace"))


async def open_all(viewers: Sequence[Viewer]) -> None:
    """Open all pages, a few at a time, until each is shown how things are.

    :raises NotShown: when one is not.
    """
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(_BEGUN_AT_ONCE)

    async def opened(viewer: Viewer) -> None:
        parts = urlsplit(viewer.stream.url)
        async with gate:
            await loop.create_connection(lambda: viewer, parts.hostname or "", parts.port or 80)
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await viewer.begun.wait()
        viewer.require()

    await asyncio.gather(*map(opened, viewers))


async def until_shown(viewers: Sequence[Viewer], change: int, *, within: float) -> None:
    """Wait until every page shows a change, or a later one, or the time is over."""
    for _ in range(int(within / _LOOK_SECONDS)):
        if all(viewer.newest >= change for viewer in viewers):
            return
        await asyncio.sleep(_LOOK_SECONDS)

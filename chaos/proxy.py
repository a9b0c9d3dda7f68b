"""A TCP port in front of a server, at which the way there can be cut, held up or slowed."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import uvloop

_CHUNK = 1 << 16
_HOST = "127.0.0.1"


@dataclass
class Proxy:
    """Passes on what comes, as long as nothing is wrong with the way."""

    #: A socket in the file system, or a port of this machine.
    upstream: Path | int
    port: int = 0
    #: Of every chunk, either way.
    delay: float = 0
    _refuses: bool = False
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(
            target=uvloop.run, args=(self._serve(started),), daemon=True
        )
        self._thread.start()
        if not started.wait(10):
            raise TimeoutError("the proxy did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._stop.set)
        if self._thread is not None:
            self._thread.join(10)

    def cut(self) -> None:
        """Reset every connection there is; new ones may come at once."""
        self._call(self._abort_all)

    def refuse(self) -> None:
        """Reset what there is and all that comes, until `mend`."""
        self._refuses = True
        self.cut()

    def hold(self) -> None:
        """Let nothing through either way, as a network that swallows packets, until `mend`."""
        self._call(self._flowing.clear)

    def mend(self) -> None:
        self._refuses, self.delay = False, 0
        self._call(self._flowing.set)

    def _call(self, what: Callable[[], object]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(what)

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._flowing.set()
        server = await asyncio.start_server(self._accept, _HOST, self.port)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stop.wait()
        server.close()
        self._abort_all()

    def _abort_all(self) -> None:
        for writer in self._open:
            _reset(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            _reset(writer)
            return
        self._open.add(writer)
        onward: asyncio.StreamWriter | None = None
        try:
            await self._flowing.wait()
            back, onward = await self._connect()
            self._open.add(onward)
            await asyncio.gather(self._pump(reader, onward), self._pump(back, writer))
        except OSError:
            pass  # either side is gone, which is what the other one learns
        finally:
            for each in filter(None, (writer, onward)):
                self._open.discard(each)
                each.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.upstream, Path):
            return await asyncio.open_unix_connection(str(self.upstream))
        return await asyncio.open_connection(_HOST, self.upstream)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            await self._flowing.wait()
            if self.delay:
                await asyncio.sleep(self.delay)
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close without a word: the other side reads an error instead of an end."""
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
    writer.transport.abort()

"""Running a stand-in: real HTTP on a loopback port, with a log, faults and a clock of its own."""

import socket
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.vendors.clock import Clock
from tests.vendors.log import Asked, RequestLog

START_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What becomes of a request: another answer, or one that gets lost on the way back.

    A lost answer (``is_lost``) is one the server has acted upon; so tokens may be spent by it.
    """

    path: str = "/"
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    is_lost: bool = False


class Front:
    """What stands before a vendor's application: log, ``Date`` header and faults."""

    def __init__(self, app: ASGIApp, *, clock: Clock, log: RequestLog) -> None:
        self.app = app
        self.clock = clock
        self.log = log
        self.faults: deque[Fault] = deque()
        """What happens to the next requests below each fault's path, each once."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        fault = self._fault(scope["path"])
        state = {"status": 0, "size": 0}

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                state["status"] = message["status"]
                headers = [h for h in message["headers"] if h[0].lower() != b"date"]
                headers.append((b"date", self.clock.http_date().encode()))
                message = {**message, "headers": headers}
            else:
                state["size"] += len(message.get("body", b""))
                if not message.get("more_body"):
                    # Before it is sent: whoever has the answer finds the request in the log.
                    self._note(scope, state)
            if fault is None or not fault.is_lost:
                await send(message)

        if fault is None or fault.is_lost:
            await self.app(scope, receive, watch)
        else:
            await _answer(fault, watch)
        if fault is not None and fault.is_lost:
            await _break_off(send)

    def _fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if path.startswith(fault.path):
                self.faults.remove(fault)
                return fault
        return None

    def _note(self, scope: Scope, state: dict[str, int]) -> None:
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        asked = Asked(
            scope["method"], scope["path"], query, headers, state["status"], state["size"]
        )
        self.log.add(asked)


class Running:
    """An application on a free port of this machine, from ``with`` to its end."""

    def __init__(self, app: ASGIApp, *, port: int = 0) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        # An answer that is lost on purpose is nothing to report.
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", date_header=False, loop="asyncio"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        waited = threading.Event()
        for _ in range(START_SECONDS * 100):
            if self._server.started:
                return self
            waited.wait(0.01)
        raise AssertionError("the stand-in did not start")

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        self._socket.close()


async def _answer(fault: Fault, send: Send) -> None:
    headers = {"content-type": "application/json", **fault.headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": fault.status, "headers": raw})
    await send({"type": "http.response.body", "body": fault.body})


async def _break_off(send: Send) -> None:
    """Promise a body and never send it: the server then drops the connection."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})

"""An endpoint that behaves as it is told, on a real socket, and remembers what it was sent."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Received:
    at: float
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Sink:
    """What it answers: a status, or a behaviour by name (`slow`, `drip`, `endless`, `headers`)."""

    answer: int | str = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 5
    says: bytes = b"thank you"
    received: list[Received] = field(default_factory=list)
    most_at_once: int = 0
    url: str = ""
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.received]

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            self.received.append(Received(time.time(), headers, body))
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            answer = self.answer
        try:
            self._say(handler, answer)
        except OSError:
            pass  # whoever asked has gone
        finally:
            with self._lock:
                self._now -= 1

    def _say(self, handler: BaseHTTPRequestHandler, answer: int | str) -> None:
        if answer == "slow":
            time.sleep(self.seconds)
            answer = 200
        handler.send_response(answer if isinstance(answer, int) else 200)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        if answer == "headers":
            for number in range(10_000):
                handler.send_header(f"X-{number}", "x" * 50)
        if answer == "drip":
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            for _ in range(1000):
                handler.wfile.write(b".")
                handler.wfile.flush()
                time.sleep(0.1)
        elif answer == "endless":
            handler.send_header("Content-Length", str(1 << 30))
            handler.end_headers()
            for _ in range(1 << 14):
                handler.wfile.write(b"x" * (1 << 16))
        else:
            handler.send_header("Content-Length", str(len(self.says)))
            handler.end_headers()
            handler.wfile.write(self.says)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        """Say nothing: whoever asks may go."""


@contextmanager
def serving(sink: Sink | None = None) -> Iterator[Sink]:
    found = sink or Sink()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            found.take(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


def refused_url() -> str:
    """Return an address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/hook"

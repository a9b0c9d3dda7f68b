"""A receiver of webhooks that misbehaves when it is told to, and remembers all it took."""

import json
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from standardwebhooks import Webhook, WebhookVerificationError

#: How it can be wrong, besides any status.
MODES = ("slow", "reset", "500", "503", "302")
_SLOW_SECONDS = 20.0


class Sink:
    """One port with a path for each organization."""

    def __init__(self) -> None:
        self.mode = ""
        #: How often each message arrived and was taken, by path.
        self.taken: dict[str, Counter[str]] = defaultdict(Counter)
        #: Of each path, what came again although the answer had said that it was taken.
        self.taken_again: dict[str, set[str]] = defaultdict(set)
        #: Of each event, under which ids it came.
        self.ids_of_event: dict[str, set[str]] = defaultdict(set)
        self.bodies: dict[str, list[bytes]] = defaultdict(list)
        self.forged = 0
        self._secrets: dict[str, str] = {}
        self._confirmed: dict[str, set[str]] = defaultdict(set)
        self._lock = threading.Lock()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                sink._take(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def trust(self, path: str, secret: str) -> None:
        """Expect what comes to the path to be signed with the secret."""
        self._secrets[path] = secret

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        mode = self.mode
        if mode == "slow":
            time.sleep(_SLOW_SECONDS)
        status = int(mode) if mode.isdigit() else 200
        if status == 200:  # noqa: PLR2004 - the one that means taken
            is_confirmed = mode not in ("slow", "reset")
            self._note(handler.path, dict(handler.headers.items()), body, is_confirmed=is_confirmed)
        if mode == "reset":  # after it was processed: it will come again
            handler.close_connection = True
            return
        handler.send_response(status)
        if mode == "302":
            handler.send_header("Location", "http://169.254.169.254/")
        handler.send_header("Content-Length", "0")
        with suppress(OSError):  # whoever asked has gone
            handler.end_headers()

    def _note(self, path: str, headers: dict[str, str], body: bytes, *, is_confirmed: bool) -> None:
        headers = {name.lower(): value for name, value in headers.items()}
        message_id = headers["webhook-id"]
        message: dict[str, Any] = json.loads(body)
        with self._lock:
            try:
                Webhook(self._secrets[path]).verify(body, headers)
            except WebhookVerificationError:
                self.forged += 1
            self.taken[path][message_id] += 1
            if message_id in self._confirmed[path]:
                self.taken_again[path].add(message_id)
            if is_confirmed:
                self._confirmed[path].add(message_id)
            self.ids_of_event[f"{path} {message['id']}"].add(message_id)
            self.bodies[path].append(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        """Say nothing: whoever asks may go."""

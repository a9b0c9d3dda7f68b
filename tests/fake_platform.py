"""A token endpoint that rotates, remembers and fails on demand, on a port of its own."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class FakePlatform:
    """Grants, rotates and revokes tokens for one business; speaks the sandbox's paths.

    `failures` are used up first, one a request: a status, "html", or "lost" (rotates, then hangs
    up without an answer).
    """

    def __init__(self) -> None:
        self.business_id = "biz-1"
        self.expires_in = 1800
        self.slow = 0.0
        self.failures: list[int | str] = []
        self.grace = False
        self.codes: dict[str, str] = {}
        self.requests: list[dict[str, str]] = []
        self.revoked: list[str] = []
        self.reuses = 0
        self._lock = threading.Lock()
        self._serial = 0
        self._current = ""
        self._spent: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> "FakePlatform":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def refreshes(self) -> int:
        return sum(request["grant_type"] == "refresh_token" for request in self.requests)

    @property
    def current(self) -> str:
        return self._current

    def grant(self) -> dict[str, object]:
        if self._current:
            self._spent.add(self._current)
        self._serial += 1
        self._current = f"refresh-{self._serial}"
        return {
            "access_token": f"access-{self._serial}",
            "refresh_token": self._current,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "scope": "accounting.read",
        }

    def token(self, form: dict[str, str]) -> tuple[int, object]:
        time.sleep(self.slow)
        with self._lock:
            self.requests.append(form)
            failure = self.failures.pop(0) if self.failures else None
            if failure == "lost":
                self.grant()
                return 0, None
            if failure == "html":
                return 200, "<html>Maintenance</html>"
            if failure == "invalid_client":
                return 401, {"error": "invalid_client"}
            if isinstance(failure, int):
                return failure, {}
            return self._granted(form)

    def _granted(self, form: dict[str, str]) -> tuple[int, object]:
        if form["grant_type"] == "authorization_code":
            known = self.codes.pop(form["code"], None)
            return (200, self.grant()) if known else (400, {"error": "invalid_grant"})
        offered = form["refresh_token"]
        if offered in self._spent:
            self.reuses += 1
            if not self.grace:
                self._current = ""
        elif offered != self._current:
            return 400, {"error": "invalid_grant"}
        if offered in self._spent and not self.grace:
            return 400, {"error": "invalid_grant"}
        return 200, self.grant()

    def end(self) -> None:
        """The customer takes the authorization back at the platform."""
        self._current = ""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
                scheme, _, registration = self.headers["Authorization"].partition(" ")
                assert scheme == "Basic"
                form["client"] = base64.b64decode(registration).decode()
                if urlsplit(self.path).path == "/oauth/revoke":
                    fake.revoked.append(form["token"])
                    return self.answer(200, {})
                return self.answer(*fake.token(form))

            def do_GET(self) -> None:
                self.answer(
                    200,
                    {
                        "business_id": fake.business_id,
                        "business_name": f"Business {fake.business_id}",
                        "connection_id": "c-1",
                        "scope": "accounting.read",
                    },
                )

            def answer(self, status: int, body: object) -> None:
                if status == 0:
                    self.close_connection = True
                    return
                content = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

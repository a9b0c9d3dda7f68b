"""Books of every business, and a running server with its application and customer."""

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uvicorn

from sandbox.app import create_app
from sandbox.config import Config
from sandbox.ledger import moments
from sandbox.ledger.books import Books
from sandbox.ledger.day import begin_day
from sandbox.ledger.profiles import PROFILES

EPOCH = date(2024, 7, 1)
TODAY = date(2026, 9, 21)
NOON = moments.day_start(TODAY.toordinal()) + 12 * moments.HOUR
REDIRECT_URI = "https://app.example/callback"
VERIFIER = "v" * 60
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]
CLIENT = ("portal", "client secret: 100%")
CONTROL = {"X-Control-Key": "control key"}
FORM = {
    "response_type": "code",
    "client_id": CLIENT[0],
    "redirect_uri": REDIRECT_URI,
    "scope": "accounting.read offline_access",
    "state": "st&te",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def make_books(key: str, moment: int = NOON) -> Books:
    books = Books(PROFILES[key], EPOCH, begin_day)
    books.advance_to(moment)
    return books


@pytest.fixture(scope="session")
def books_of() -> Callable[[str], Books]:
    """Books up to today's noon, made once for all tests that only read them."""
    made: dict[str, Books] = {}

    def books(key: str) -> Books:
        if key not in made:
            made[key] = make_books(key)
        return made[key]

    return books


@pytest.fixture(params=sorted(PROFILES))
def books(request: pytest.FixtureRequest, books_of: Callable[[str], Books]) -> Books:
    return books_of(request.param)


class Visitor:
    """A client of one server, as the application, as its customer, and as the one in control."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def consent(self, business: str = "small", **changes: str) -> httpx.Response:
        form = {**FORM, "business": business, "decision": "allow", **changes}
        return self.http.post("/oauth/authorize", data=form, follow_redirects=False)

    def code(self, business: str = "small", **changes: str) -> str:
        location = self.consent(business, **changes).headers["location"]
        return parse_qs(urlsplit(location).query)["code"][0]

    def token(self, form: dict[str, str], auth: tuple[str, str] = CLIENT) -> httpx.Response:
        return self.http.post("/oauth/token", data=form, auth=encoded(auth))

    def exchange(self, code: str, **changes: str) -> httpx.Response:
        form = {"code": code, "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, **changes}
        return self.token({"grant_type": "authorization_code", **form})

    def refresh(self, token: str) -> httpx.Response:
        return self.token({"grant_type": "refresh_token", "refresh_token": token})

    def connect(self, business: str = "small") -> dict[str, str]:
        """Return the tokens of a new connection."""
        tokens: dict[str, str] = self.exchange(self.code(business)).json()
        return tokens

    def get(self, path: str, tokens: dict[str, str], **params: str | int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        return self.http.get(f"/api/v1/{path}", headers=headers, params=params)

    def grant_id(self, tokens: dict[str, str]) -> str:
        return str(self.get("connection", tokens).json()["grant_id"])

    def control(self, method: str, path: str, **options: object) -> httpx.Response:
        response = self.http.request(
            method,
            f"/control/{path}",
            headers=CONTROL,
            **options,  # type: ignore[arg-type]  # passed on
        )
        assert response.status_code == 200, response.text
        return response

    def fault(self, kind: str, **options: object) -> int:
        return int(self.control("POST", "faults", json={"kind": kind, **options}).json()["id"])

    def advance(self, **duration: int) -> None:
        units = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
        seconds = sum(units[unit] * count for unit, count in duration.items())
        self.control("POST", "clock", json={"advance_seconds": seconds})


def encoded(auth: tuple[str, str]) -> tuple[str, str]:
    """Form-encode the client's id and secret, as the standard wants it."""
    name, secret = (str(httpx.QueryParams({"": part}))[1:] for part in auth)
    return name, secret


def make_config(directory: Path) -> Config:
    return Config(
        directory=directory,
        client_id=CLIENT[0],
        client_secret=CLIENT[1],
        control_key=CONTROL["X-Control-Key"],
        redirect_uris=(REDIRECT_URI, f"{REDIRECT_URI}?from=sandbox"),
    )


@contextmanager
def serving(config: Config) -> Iterator[Visitor]:
    """Run a server behind a real socket, where connections can break."""
    app = create_app(config)
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1, ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield Visitor(client)
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_config(tmp_path)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with serving(make_config(tmp_path_factory.mktemp("running"))) as visitor:
        yield visitor


@pytest.fixture
def visitor(running: Visitor) -> Visitor:
    """A visitor of the server that all tests share: each uses connections of its own."""
    running.control("DELETE", "faults")
    running.control("POST", "served/clear")
    return running

"""The server as its own process: what it needs, and what survives a kill -9."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.sandbox.conftest import CLIENT, CONTROL, REDIRECT_URI, Visitor

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "SANDBOX_CLIENT_ID": CLIENT[0],
    "SANDBOX_CLIENT_SECRET": CLIENT[1],
    "SANDBOX_CONTROL_KEY": CONTROL["X-Control-Key"],
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(port: int, directory: Path) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(port), "--data", str(directory)]
    return [sys.executable, "-m", "sandbox", *where, "--redirect-uri", REDIRECT_URI]


@contextmanager
def process(port: int, directory: Path, end: signal.Signals) -> Iterator[Visitor]:
    """Run the server; end it with the signal, and expect it to be gone soon."""
    with (
        subprocess.Popen(
            command(port, directory),
            env=ENVIRONMENT,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
    ):
        try:
            wait_for(http, server)
            yield Visitor(http)
        finally:
            server.send_signal(end)
            server.wait(timeout=30)


def wait_for(http: httpx.Client, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None
        try:
            if http.get("/health").status_code == 200:
                return
        except httpx.ConnectError:
            time.sleep(0.05)
    raise TimeoutError


def test_state_survives_kill_9(tmp_path: Path):
    port = free_port()
    with process(port, tmp_path, signal.SIGKILL) as visitor:
        tokens = visitor.connect()
        visitor.advance(days=3)
        tokens = visitor.refresh(tokens["refresh_token"]).json()
        invoices = visitor.get("invoices", tokens).json()
        fault_id = visitor.fault("server_error", path="/api/v1/company")
        served = visitor.control("GET", "served").json()
        grants = visitor.control("GET", "grants").json()
        offset = visitor.control("GET", "clock").json()["offset_seconds"]

    with process(port, tmp_path, signal.SIGTERM) as visitor:
        assert visitor.control("GET", "served").json() == served != []
        assert visitor.control("GET", "grants").json() == grants
        assert visitor.control("GET", "clock").json()["offset_seconds"] == offset
        assert visitor.control("GET", "faults").json()[0]["id"] == fault_id
        assert visitor.get("invoices", tokens, as_of=invoices["as_of"]).json() == invoices
        assert visitor.get("company", tokens).status_code == 500
        assert visitor.refresh(tokens["refresh_token"]).status_code == 200


def test_missing_secret_is_named(tmp_path: Path):
    environment = {key: value for key, value in ENVIRONMENT.items() if key != "SANDBOX_CONTROL_KEY"}

    ended = subprocess.run(
        command(free_port(), tmp_path),
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "SANDBOX_CONTROL_KEY is not set" in ended.stderr

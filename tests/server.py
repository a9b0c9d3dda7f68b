"""The whole of Ledgerport as a program: `manage.py up` in a directory of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.environments import ROOT

#: What the tests' own engines set for this process must not reach the portal under test.
_OWN_VARIABLES = ("LEDGERPORT_", "DATABASE_URL", "REDIS_URL", "SANDBOX_", "DJANGO_", "PYTEST_")


@dataclass(frozen=True)
class Portal:
    url: str
    email: str
    password: str
    organization: str
    company_id: str
    sandbox_url: str
    control_key: str
    #: Where it keeps everything.
    data: Path

    def control(self, method: str, path: str, /, **json_body: object) -> httpx.Response:
        """Ask the sandbox platform's control API, as an operator of the platform would."""
        return httpx.request(
            method,
            f"{self.sandbox_url}/control/{path}",
            headers={"X-Control-Key": self.control_key},
            json=json_body or None,
            timeout=10,
        ).raise_for_status()

    def run(self, *command: str | Path) -> str:
        """Run a Python program on the server's side, and return what it printed."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment(LEDGERPORT_DATA=str(self.data)),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout


def environment(**more: str) -> dict[str, str]:
    """Return the environment of somebody who has configured nothing."""
    return {k: v for k, v in os.environ.items() if not k.startswith(_OWN_VARIABLES)} | more


@contextlib.contextmanager
def running(directory: Path, **variables: str) -> Iterator[Portal]:
    """Run Ledgerport with all it needs; the variables are set for it."""
    data, ready, log = directory / "data", directory / "ready.json", directory / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", "0", "--data", data,
             "--ready-file", ready],
            cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=environment(**variables),
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not ready.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        secrets = json.loads((data / "secrets.json").read_text())
        known = json.loads(ready.read_text())
        fields = {name: known[name] for name in Portal.__annotations__ if name in known}
        yield Portal(**fields, control_key=secrets["SANDBOX_CONTROL_KEY"], data=data)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)

"""How long a person waits: for everything to start, for a click to show, for a refresh to end.

The whole of Ledgerport runs as `manage.py up` starts it, with its demo organization and the sandbox
platform, and Chromium is in front of it.
"""

import http.client
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.figures import Findings
from engines import locations
from portal.supervisor.readiness import address, chosen_port

_HOST = "127.0.0.1"
_START_SECONDS = 600.0
_OK = 200
_SIGN_IN = "/accounts/login/"
_OWN_VARIABLES = ("LEDGERPORT_", "DATABASE_URL", "REDIS_URL", "SANDBOX_", "DJANGO_")
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")

#: Presses the button; says when a row stood on the screen that was not there before, and when all
#: that was asked for had ended.
_REFRESH = """
async () => {
  const rows = () => [...document.querySelectorAll('#live-pulls tr[id^="pull-"]')];
  const running = () => document.querySelector('#live-pulls .refreshing');
  const painted = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
  const known = new Set(rows().map((row) => row.id));
  const began = performance.now();
  const until = async (holds) => {
    while (!holds()) {
      if (performance.now() - began > 120000) throw new Error('nothing happened for two minutes');
      await painted();
    }
    await painted();
    return performance.now() - began;
  };
  document.querySelector('[data-refresh]').click();
  const shown = await until(() => rows().some((row) => !known.has(row.id)));
  const complete = await until(() => !running());
  return { shown, complete };
}
"""


@dataclass(frozen=True)
class Plan:
    #: Starts, and clicks.
    rounds: int
    clicks: int

    @classmethod
    def of(cls, options: Namespace) -> "Plan":
        return cls(options.rounds, options.calls)


class NoBrowser(Exception):
    """There is no Chromium, or nothing that drives it."""


class DoesNotStart(Exception):
    """`manage.py up` ended, or shows no page."""


@dataclass(frozen=True)
class _Portal:
    url: str
    email: str
    password: str
    organization: str
    company_id: str
    #: From the command to the first page.
    seconds: float


def run(plan: Plan, tell: Callable[[str], None]) -> Findings:
    """Start it in an empty directory, click, and start it again and again.

    :raises NoBrowser: before anything is started.
    """
    chromium, playwright = _chromium(), _playwright()
    directory = Path(tempfile.mkdtemp(prefix="ledgerport-bench-"))
    found = Findings("Latency")
    try:
        tell("latency: starting in an empty directory")
        with _up(directory) as portal:
            found.add("`manage.py up` in an empty directory to a page", "s", [portal.seconds])
            tell(f"  {portal.seconds:.1f} s")
            shown, complete = _refreshes(playwright, chromium, portal, plan.clicks, tell)
        again = []
        for number in range(1, plan.rounds + 1):
            with _up(directory) as portal:
                again.append(portal.seconds)
            tell(f"  start {number}: {again[-1]:.1f} s")
        found.add("`manage.py up` again to a page", "s", again)
        found.add("Refresh clicked to its first row on the screen", "ms", shown)
        found.add("Refresh clicked to the small company complete", "ms", complete)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return found


def _chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if found is None:
        raise NoBrowser(
            "No Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM."
        )
    return found


def _playwright() -> Any:
    try:
        return importlib.import_module("playwright.sync_api")
    except ImportError as error:
        raise NoBrowser("No Playwright: it is among the development dependencies.") from error


@contextmanager
def _up(directory: Path) -> Iterator[_Portal]:
    """Run everything while the block runs.

    :raises DoesNotStart: with what it said.
    """
    port, ready, log = chosen_port(_HOST, 0), directory / "ready.json", directory / "up.log"
    own = {k: v for k, v in os.environ.items() if not k.startswith(_OWN_VARIABLES)}
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "manage.py", "up", "--host", _HOST, "--port", str(port)),
                *("--data", directory / "data", "--ready-file", ready),
            ],
            cwd=locations.PROJECT,
            env=own,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def wait(holds: Callable[[], bool]) -> float:
        while not holds():
            if process.poll() is not None or time.monotonic() - began > _START_SECONDS:
                raise DoesNotStart(log.read_text()[-3000:])
            time.sleep(0.02)
        return time.monotonic() - began

    try:
        seconds = wait(lambda: _shows(f"{address(_HOST, port)}{_SIGN_IN}"))
        wait(ready.exists)  # the sandbox, a worker, and somebody to sign in as
        told = json.loads(ready.read_text())
        names = ("url", "email", "password", "organization", "company_id")
        yield _Portal(**{name: told[name] for name in names}, seconds=seconds)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _shows(url: str) -> bool:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == _OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _refreshes(
    playwright: Any, chromium: str, portal: _Portal, clicks: int, tell: Callable[[str], None]
) -> tuple[list[float], list[float]]:
    """Return for each click when its first row was there, and when all was complete."""
    shown, complete = [], []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(120_000)
        page.goto(f"{portal.url.rstrip('/')}{_SIGN_IN}")
        page.locator("[name=login]").fill(portal.email)
        page.locator("[name=password]").fill(portal.password)
        page.locator("main button.primary").click()
        page.wait_for_url("**/companies/")
        page.goto(f"{portal.url}o/{portal.organization}/companies/{portal.company_id}/")
        page.locator("[data-live-word]").first.wait_for()
        page.wait_for_function(
            "() => !document.querySelector('#live-pulls .refreshing')", timeout=120_000
        )
        for number in range(1, clicks + 2):
            took = page.evaluate(_REFRESH)
            if number > 1:  # the first one warms up what is idle after a start
                shown.append(took["shown"])
                complete.append(took["complete"])
                tell(f"  click {number - 1}: {took['shown']:.0f} ms, {took['complete']:.0f} ms")
        browser.close()
    return shown, complete

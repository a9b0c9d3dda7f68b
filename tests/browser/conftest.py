"""Everything for real: `manage.py up` in a directory of its own, and Chromium in front of it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.vendors.quickbooks import QuickBooksServer
from tests.vendors.xero import XeroServer

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
#: What the tests' own engines set for this process must not reach the portal under test.
OWN_VARIABLES = ("LEDGERPORT_", "DATABASE_URL", "REDIS_URL", "SANDBOX_", "DJANGO_", "PYTEST_")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(300))


@dataclass(frozen=True)
class Portal:
    url: str
    email: str
    password: str
    organization: str
    company_id: str
    sandbox_url: str
    control_key: str
    data: Path

    def manage(self, *command: str) -> None:
        """Run a command beside the portal, as its operator would."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(OWN_VARIABLES)}
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=PROJECT,
            env=environment | {"LEDGERPORT_DATA": str(self.data)},
            check=True,
            capture_output=True,
            timeout=120,
        )

    def control(self, method: str, path: str, **json_body: object) -> httpx.Response:
        """Ask the sandbox platform's control API, as an operator of the platform would."""
        return httpx.request(
            method,
            f"{self.sandbox_url}/control/{path}",
            headers={"X-Control-Key": self.control_key},
            json=json_body or None,
            timeout=10,
        ).raise_for_status()


@pytest.fixture(scope="session")
def xero() -> Iterator[XeroServer]:
    """A stand-in of Xero with two organizations, where the portal under test looks for Xero."""
    with XeroServer() as server:
        yield server


@pytest.fixture(scope="session")
def quickbooks() -> Iterator[QuickBooksServer]:
    """A stand-in of QuickBooks Online with one company, found by the portal under test."""
    with QuickBooksServer() as server:
        yield server


@pytest.fixture(scope="session")
def portal(tmp_path_factory, xero, quickbooks) -> Iterator[Portal]:
    data = tmp_path_factory.mktemp("portal")
    ready = data / "ready.json"
    log = data / "up.log"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(OWN_VARIABLES)}
    environment |= {"XERO_URL": xero.url, "QUICKBOOKS_URL": quickbooks.url}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", "0", "--data", data / "data",
             "--ready-file", ready],
            cwd=PROJECT, stdout=output, stderr=subprocess.STDOUT, env=environment,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not ready.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        secrets = json.loads((data / "data" / "secrets.json").read_text())
        known = json.loads(ready.read_text())
        fields = {name: known[name] for name in Portal.__annotations__ if name in known}
        yield Portal(**fields, control_key=secrets["SANDBOX_CONTROL_KEY"], data=data / "data")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for one module: while Playwright runs, its event loop forbids Django's database."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking",
                  "--disable-component-update", "--disable-sync", "--no-first-run"],
        )  # fmt: skip
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the browser complained of: blocked by the content security policy, or thrown."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def new_context(browser, complaints):
    """Open a clean browser; complaints of all its pages are collected."""
    contexts: list[BrowserContext] = []

    def open_context(*, width: int = 1440, height: int = 900, **options) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )
        return page

    yield open_context
    for context in contexts:
        context.close()

"""Everything for real: `manage.py up` in a directory of its own, and Chromium in front of it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.server import Portal, running
from tests.vendors.quickbooks import QuickBooksServer
from tests.vendors.xero import XeroServer

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")

#: Chromium reports its own given-up animation between two pages as an error of the page.
NOT_OURS = ("Transition was aborted", "Transition was skipped")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(300))
            if not item.get_closest_marker("journey"):
                item.add_marker(pytest.mark.full)


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
    with running(
        tmp_path_factory.mktemp("portal"), XERO_URL=xero.url, QUICKBOOKS_URL=quickbooks.url
    ) as portal:
        yield portal


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
        page.on(
            "pageerror",
            lambda error: (
                None if str(error).startswith(NOT_OURS) else complaints.append(str(error))
            ),
        )
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

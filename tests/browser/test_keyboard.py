"""Each key does its act on the real pages, and none while one types or a dialog is open."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.checks import check, sign_in

LONG = 180_000


@pytest.fixture
def page(portal, new_context):
    page = new_context()
    sign_in(page, portal)
    return page


def test_keys_of_the_companies_page(page):
    page.keyboard.press("j")
    expect(page.locator(".row-link").first).to_be_focused()
    page.keyboard.press("k")  # no row is above the first
    expect(page.locator(".row-link").first).to_be_focused()

    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="Add new company")
    expect(dialog.get_by_label("Company name")).to_be_focused()
    check(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    page.keyboard.press("?")
    shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(shortcuts).to_be_visible()
    check(page)
    page.keyboard.press("c")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Escape")
    expect(shortcuts).to_be_hidden()

    page.keyboard.press("/")
    search = page.get_by_role("searchbox", name="Search companies")
    expect(search).to_be_focused()
    page.keyboard.type("c?")
    expect(search).to_have_value("c?")
    expect(dialog).to_be_hidden()
    expect(shortcuts).to_be_hidden()


def test_the_jump_dialog_leads_to_pages_and_companies(page, portal):
    page.keyboard.press("Control+k")
    jump = page.get_by_role("dialog", name="Jump to")
    expect(jump.get_by_role("searchbox")).to_be_focused()
    check(page)
    page.keyboard.type("monitor")
    expect(jump.locator("#cmdk-list > li:visible")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(jump.get_by_role("link", name="Monitor")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/monitor/")

    page.keyboard.press("Control+k")
    expect(jump.get_by_role("searchbox")).to_be_focused()
    with page.expect_response(lambda answer: answer.url.endswith("+coffee")) as found:
        page.keyboard.type("harbour & finch coffee")
    assert "Harbour &amp; Finch Coffee" in found.value.text()
    jump.get_by_role("link", name=re.compile("Harbour & Finch Coffee")).click()
    page.wait_for_url(f"**/companies/{portal.company_id}/")


def test_keys_of_a_company(page, portal):
    page.goto(f"{portal.url}o/{portal.organization}/companies/{portal.company_id}/")
    expect(page.locator("table.pulls .row-link").first).to_be_visible(timeout=LONG)

    page.keyboard.press("j")
    expect(page.locator(".row-link").first).to_be_focused()
    with page.expect_request("**/refresh") as asked:
        page.keyboard.press("r")
    assert asked.value.method == "POST"
    expect(page.locator("#toasts .toast")).to_be_visible()

    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/companies/")
    expect(page.get_by_role("dialog")).to_be_hidden()  # "g c" is not "c"


def test_single_keys_can_be_switched_off(page, portal):
    page.goto(f"{portal.url}account/")
    page.get_by_role("switch", name=re.compile("single-key")).locator("xpath=..").click()
    page.goto(f"{portal.url}o/{portal.organization}/companies/")

    page.keyboard.press("c")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Jump to")).to_be_visible()

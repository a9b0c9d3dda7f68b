"""Many companies at once: tick, look, confirm, watch."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import check, sign_in

LONG = 180_000


def add(page: Page, portal, *names: str) -> None:
    for name in names:
        page.goto(f"{portal.url}o/{portal.organization}/companies/")
        page.locator(".sheet [data-open=new-company]").click()
        page.get_by_role("dialog").get_by_label("Company name").fill(name)
        page.get_by_role("dialog").get_by_role("button", name="Add company").click()
        page.wait_for_url(re.compile(r"/companies/[0-9a-f-]{36}/$"))


def tick(page: Page, portal, *names: str) -> None:
    page.goto(f"{portal.url}o/{portal.organization}/companies/")
    expect(page.get_by_role("button", name=re.compile("those ticked"))).to_have_count(0)
    for name in names:
        page.get_by_role("checkbox", name=f"Tick {name}").check()


def row(page: Page, name: str):
    return page.get_by_role("row").filter(has_text=name)


@pytest.mark.parametrize("width", [390, 1440])
def test_refreshing_many_is_looked_at_first_and_followed_live(portal, new_context, width):
    page = new_context(width=width)
    sign_in(page, portal)
    unlinked = f"Saltmarsh Bakery {width}"
    linked = "Harbour & Finch Coffee Roasters"
    add(page, portal, unlinked)

    tick(page, portal, unlinked, linked)
    check(page)
    page.get_by_role("button", name="Refresh those ticked").click()

    # Nothing has happened: it says what would.
    page.wait_for_url("**/jobs/**")
    expect(page.get_by_role("heading", name="Refresh 2 companies")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing has happened yet")).to_be_visible()
    expect(page.get_by_text("1 without one is skipped.")).to_be_visible()
    expect(row(page, linked)).to_contain_text("Waiting")
    check(page)

    page.get_by_role("button", name="Refresh 2 companies").click()
    page.evaluate("window.untouched = true")
    expect(page.get_by_role("heading", name="Finished")).to_be_visible(timeout=LONG)
    expect(row(page, linked)).to_contain_text("Done")
    expect(row(page, unlinked)).to_contain_text("Skipped")
    expect(row(page, unlinked)).to_contain_text("No connection is linked.")
    expect(page.get_by_role("progressbar", name="2 of 2 companies")).to_be_visible()
    assert page.evaluate("window.untouched") is True  # it ended without a reload
    check(page)


def test_deleting_many_asks_for_their_number(portal, new_context):
    page = new_context(color_scheme="dark")
    sign_in(page, portal)
    names = ("Fenland Joinery", "Fenland Ceramics", "Fenland Cycles")
    add(page, portal, *names)

    tick(page, portal, *names)
    page.get_by_role("button", name="Delete those ticked").click()
    page.wait_for_url("**/jobs/**")
    expect(page.get_by_text("This cannot be undone.")).to_be_visible()
    expect(page.get_by_text("It removes 3 companies")).to_be_visible()
    check(page)

    number = page.get_by_label("Type 3 to confirm")
    confirm = page.get_by_role("button", name="Delete 3 companies")
    number.fill("2")
    number.press("Enter")
    expect(confirm).to_be_disabled()
    expect(page.get_by_role("heading", name="Nothing has happened yet")).to_be_visible()

    number.fill("3")
    confirm.click()
    expect(page.get_by_role("heading", name="Finished")).to_be_visible(timeout=LONG)
    for name in names:
        expect(row(page, name)).to_contain_text("Done")
    check(page)

    page.get_by_role("link", name="Back to the companies").click()
    expect(page.get_by_text("Fenland")).to_have_count(0)

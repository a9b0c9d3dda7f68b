"""The main job from end to end, as the people who do it see it.

An administrator signs up, adds a company and sends its Link URL; the owner authorizes on a phone;
the first pull arrives in the administrator's open page; then everything that can happen to a
connection happens.
"""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import check

LONG = 180_000  # milliseconds: a first pull of eighteen data types on a busy machine


@dataclass
class Office:
    """The administrator's browser, in the company at hand."""

    page: Page
    url: str

    def go(self, part: str = "") -> None:
        self.page.goto(f"{self.url}{part}")

    @property
    def link_url(self) -> str:
        self.go("connections/")
        return self.page.get_by_role("textbox", name="Link URL").input_value()


def sign_up(page: Page, portal) -> None:
    page.goto(f"{portal.url}accounts/signup/")
    page.get_by_label("Your name").fill("Noor Haddad")
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill("noor@tidewater.example")
    page.get_by_label("Password", exact=True).fill("correct-horse-battery")
    page.get_by_label("Organization name").fill("Tidewater Capital")
    page.get_by_role("button", name=re.compile("sign up|create", re.IGNORECASE)).click()
    page.wait_for_url("**/o/tidewater-capital/companies/", timeout=LONG)


def add_company(page: Page, portal, name: str) -> Office:
    page.goto(f"{portal.url}o/tidewater-capital/companies/")
    page.get_by_role("button", name="New company").click()
    page.get_by_role("dialog").get_by_label("Company name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    page.wait_for_url(re.compile(r"/companies/[0-9a-f-]{36}/$"))
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    return Office(page, page.url)


def begin_linking(phone: Page, link_url: str) -> None:
    """Open the Link URL and go to the sandbox's consent page."""
    phone.goto(link_url)
    if phone.get_by_role("link", name="Choose your software").count():
        phone.get_by_role("link", name="Choose your software").click()
        phone.get_by_role("button", name="Sandbox").click()
    phone.get_by_role("button", name=re.compile("Continue to|Reconnect")).click()
    expect(phone.get_by_role("button", name="Allow access")).to_be_visible()


def allow(phone: Page, link_url: str, business: str = "Harbour & Finch") -> None:
    begin_linking(phone, link_url)
    phone.get_by_label(re.compile(business)).check()
    phone.get_by_role("button", name="Allow access").click()
    expect(phone.get_by_role("heading", name=re.compile("is linked to Sandbox"))).to_be_visible()


def expect_status(office: Office, word: str) -> None:
    office.go("connections/")
    mark = office.page.locator("section.panel > header .status").first
    expect(mark).to_have_text(re.compile(word))


@pytest.mark.journey
def test_the_main_job(portal, new_context):
    page = new_context()
    sign_up(page, portal)

    # A company is there already, linked to the sandbox, its first pull running or done.
    expect(page.get_by_text("Harbour & Finch Coffee Roasters").first).to_be_visible()
    expect(page.locator("table .status").first).to_have_text(re.compile("Linked"))
    check(page)
    page.get_by_role("link", name="Harbour & Finch Coffee Roasters").click()
    page.get_by_role("link", name="Pull history").click()
    expect(page.locator("table.pulls tbody .status", has_text="Complete")).to_have_count(
        18, timeout=LONG
    )

    office = add_company(page, portal, "Eastgate Roasters")
    check(page)
    link_url = office.link_url
    check(page)

    # The history stays open here while the owner authorizes over there.
    office.go("history/")
    expect(page.get_by_text("Never pulled")).to_be_visible()
    phone = new_context(width=390, height=844, has_touch=True, color_scheme="dark")
    phone.goto(link_url)
    check(phone)
    expect(phone.get_by_text("Tidewater Capital").first).to_be_visible()
    allow(phone, link_url)
    check(phone)

    # Rows arrive and finish without a reload.
    page.evaluate("window.untouched = true")
    expect(page.locator("table.pulls tbody tr")).to_have_count(18, timeout=LONG)
    expect(page.locator("table.pulls tbody .status", has_text="Complete")).to_have_count(
        18, timeout=LONG
    )
    assert page.evaluate("window.untouched") is True
    check(page)
    expect_status(office, "Linked")

    # The figures are there, each with the statement it came from.
    office.go()
    figures = page.get_by_role("region", name="Key figures")
    for name in ("Revenue", "Operating profit", "Equity"):
        expect(figures.get_by_role("link", name=name)).to_be_visible()
    expect(figures.get_by_text(re.compile("£[0-9]{3},[0-9]{3}")).first).to_be_visible()
    check(page)

    # Refresh: a second set of pulls, shown as it happens.
    office.go("history/")
    page.get_by_role("button", name="Refresh data").click()
    expect(page.locator("table.pulls tbody tr").nth(18)).to_be_attached(timeout=LONG)
    expect(page.locator("table.pulls tbody .status", has_text="Complete").nth(18)).to_be_attached(
        timeout=LONG
    )

    # Rename, without touching connections.
    page.get_by_role("link", name="Rename Eastgate Roasters").click()
    page.get_by_label("Company name").fill("Eastgate Coffee")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Eastgate Coffee")).to_be_visible()
    expect_status(office, "Linked")

    # Unlink: grey, and the data stay.
    page.get_by_role("link", name=re.compile("Unlink")).or_(
        page.get_by_role("button", name=re.compile("Unlink"))
    ).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Unlink").click()
    expect_status(office, "Unlinked")
    office.go("data/invoices/")
    expect(page.locator("tbody tr").first).to_be_visible()

    # Link again with the same URL: the same connection turns green.
    allow(phone, link_url)
    expect_status(office, "Linked")
    assert page.locator("section.panel > header .status").count() == 1


def test_a_customer_who_says_no_leaves_the_connection_pending(portal, new_context):
    page = new_context(color_scheme="dark")
    sign_in(page, portal)
    office = add_demo_company(page, portal, "Quiet Quarry")
    link_url = office.link_url

    phone = new_context(width=390, height=844)
    begin_linking(phone, link_url)
    phone.get_by_role("button", name="Deny").click()

    expect(phone.get_by_role("heading", name="Nothing was linked")).to_be_visible()
    expect(phone.get_by_role("button", name="Try again")).to_be_visible()
    check(phone)
    expect_status(office, "Pending")
    expect(page.get_by_text("User cancelled").first).to_be_visible()
    check(page)


def test_access_revoked_at_the_platform_turns_red_and_says_so(portal, new_context):
    page = new_context(width=390, height=844)
    sign_in(page, portal)
    office = add_demo_company(page, portal, "Brackish Brewing")
    before = {grant["id"] for grant in portal.control("GET", "grants").json()}
    phone = new_context(width=390, height=844, java_script_enabled=False)
    allow(phone, office.link_url, business="Northwind")
    (grant,) = {grant["id"] for grant in portal.control("GET", "grants").json()} - before

    portal.control("POST", f"grants/{grant}/revoke")
    office.go("history/")
    expect(page.locator("table.pulls tbody tr").first).to_be_visible(timeout=LONG)
    office.go("connections/")
    mark = page.locator("section.panel > header .status").first
    for _ in range(30):
        if "Deauthorized" in mark.inner_text():
            break
        office.go("history/")
        page.get_by_role("button", name="Refresh data").click()
        page.wait_for_timeout(1000)
        office.go("connections/")
    expect(mark).to_have_text(re.compile("Deauthorized"))
    expect(page.get_by_text(re.compile("401")).first).to_be_visible()
    check(page)


def sign_in(page: Page, portal) -> None:
    page.goto(portal.url)
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(portal.email)
    page.get_by_label("Password", exact=True).fill(portal.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"**/o/{portal.organization}/companies/")


def add_demo_company(page: Page, portal, name: str) -> Office:
    page.get_by_role("button", name="New company").click()
    page.get_by_role("dialog").get_by_label("Company name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    page.wait_for_url(re.compile(r"/companies/[0-9a-f-]{36}/$"))
    return Office(page, page.url)

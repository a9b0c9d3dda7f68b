"""One-time Link URLs and the exit dialog, in both schemes, on phones and large screens."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import check, sign_in
from tests.server import Portal


def switch(office: Page, portal: Portal, name: str) -> None:
    office.goto(f"{portal.url}o/{portal.organization}/settings/link/")
    panel = office.get_by_role("region", name="One-time Link URLs")
    panel.get_by_role("button", name=name).click()
    expect(office.get_by_text("Link URLs open").first).to_be_visible()


@pytest.fixture
def office(portal, new_context) -> Iterator[Page]:
    page = new_context()
    sign_in(page, portal)
    switch(page, portal, "Switch on")
    check(page)
    yield page
    switch(page, portal, "Switch off")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_a_link_opens_once_and_can_be_left(office, portal, new_context, width, scheme):
    office.goto(f"{portal.url}o/{portal.organization}/companies/{portal.company_id}/connections/")
    office.get_by_role("button", name="Make a one-time Link URL").click()
    made = office.get_by_label("One-time Link URL")
    expect(made).to_be_visible()
    check(office)
    url = made.input_value()

    customer = new_context(width=width, color_scheme=scheme)
    customer.goto(url)
    check(customer)
    customer.get_by_role("button", name="Open it here").click()
    expect(customer.get_by_role("heading", name=re.compile("shares its accounts"))).to_be_visible()
    assert "otp" not in customer.url
    customer.goto(url)
    expect(customer.get_by_role("heading", name=re.compile("shares its accounts"))).to_be_visible()

    customer.get_by_role("button", name="Exit").click()
    dialog = customer.get_by_role("dialog", name="Exit this page?")
    expect(dialog).to_be_visible()
    check(customer)
    dialog.get_by_role("button", name="Stay here").click()
    expect(dialog).to_be_hidden()
    customer.get_by_role("button", name="Exit").click()
    dialog.get_by_role("link", name="Exit").click()
    expect(customer.get_by_role("heading", name="All done")).to_be_visible()
    check(customer)

    other = new_context(width=width, color_scheme=scheme)
    other.goto(url)
    expect(other.get_by_role("heading", name="This link was used already")).to_be_visible()
    check(other)
    other.goto(url.partition("?")[0])
    expect(other.get_by_role("heading", name="You need a new link")).to_be_visible()
    check(other)


def test_browsers_without_such_dialogs_exit_by_a_page(portal, office, new_context):
    office.goto(f"{portal.url}o/{portal.organization}/companies/{portal.company_id}/link-url/")
    office.get_by_role("button", name="Make a one-time Link URL").click()
    url = office.get_by_label("One-time Link URL").input_value()

    customer = new_context(width=390, java_script_enabled=False)
    customer.goto(url)
    customer.get_by_role("button", name="Open it here").click()
    customer.goto(f"{url.partition('?')[0]}exit/")
    expect(customer.get_by_role("heading", name="Exit this page?")).to_be_visible()
    customer.get_by_role("link", name="Stay here").click()
    expect(customer.get_by_role("heading", name=re.compile("shares its accounts"))).to_be_visible()

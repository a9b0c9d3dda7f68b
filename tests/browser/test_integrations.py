"""From a registration at a vendor to its customer's first pull, as people see it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import check, sign_in
from tests.server import Portal

LONG = 180_000  # milliseconds: a first pull of every data type on a busy machine


def add_company(page: Page, portal: Portal, name: str) -> tuple[str, str]:
    """Add a company; return the addresses of its page and of its Link."""
    page.goto(f"{portal.url}o/{portal.organization}/companies/")
    page.get_by_role("button", name="New company").click()
    page.get_by_role("dialog").get_by_label("Company name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    page.wait_for_url(re.compile(r"/companies/[0-9a-f-]{36}/$"))
    company = page.url
    page.goto(f"{company}connections/")
    return company, page.get_by_role("textbox", name="Link URL").input_value()


def test_a_vendor_is_registered_offered_and_linked(portal, xero, new_context):
    page = new_context()
    sign_in(page, portal)
    page.get_by_role("link", name="Integrations").click()
    expect(page.get_by_role("switch", name="Offer Sandbox to customers")).to_be_checked()
    check(page)

    page.get_by_role("link", name="Xero", exact=True).click()
    expect(page.get_by_label("Redirect URI")).to_have_value(re.compile("/link/callback/xero$"))
    page.get_by_label("Client ID").fill(xero.client_id)
    page.get_by_label("Client secret").fill("not the secret")
    page.get_by_role("button", name="Save registration").click()
    page.get_by_role("button", name="Test with Xero").click()
    expect(page.get_by_text("Xero refused our registration.").first).to_be_visible()
    check(page)

    page.get_by_label("Client secret").fill(xero.client_secret)
    page.get_by_role("button", name="Save registration").click()
    page.get_by_role("button", name="Test with Xero").click()
    expect(page.get_by_text("Xero knows this client id and secret.").first).to_be_visible()
    assert xero.client_secret not in page.content()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("Offered to customers on their Link page.")).to_be_visible()

    company, link_url = add_company(page, portal, "Westgate Mill")

    phone = new_context(width=390, height=844, color_scheme="dark")
    phone.goto(link_url)
    phone.get_by_role("link", name="Choose your software").click()
    phone.get_by_role("button", name="Xero").click()
    phone.get_by_role("button", name="Continue to Xero").click()
    for organisation in phone.get_by_role("checkbox").all():
        organisation.check()
    phone.get_by_role("button", name="Allow access").click()
    expect(phone.get_by_role("heading", name="Which of these is Westgate Mill?")).to_be_visible()
    check(phone)
    phone.get_by_role("button", name=xero.first().name).click()
    expect(phone.get_by_role("heading", name="Westgate Mill is linked to Xero")).to_be_visible()

    page.goto(company)
    expect(page.get_by_text("finished the first pull: 17 of 17")).to_be_visible(timeout=LONG)
    assert xero.violations == []


def test_one_company_at_quickbooks_is_linked_and_pulled(portal, quickbooks, new_context):
    page = new_context()
    sign_in(page, portal)
    page.goto(f"{portal.url}o/{portal.organization}/settings/integrations/quickbooks/")
    page.get_by_label("Client ID").fill(quickbooks.client_id)
    page.get_by_label("Client secret").fill(quickbooks.client_secret)
    page.get_by_role("button", name="Save registration").click()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("Offered to customers on their Link page.")).to_be_visible()
    check(page)
    company, link_url = add_company(page, portal, "Harbour & Finch")

    phone = new_context(width=390, height=844, color_scheme="dark")
    phone.goto(link_url)
    phone.get_by_role("link", name="Choose your software").click()
    phone.get_by_role("button", name="QuickBooks Online").click()
    phone.get_by_role("button", name="Continue to QuickBooks Online").click()
    phone.get_by_role("radio", name=quickbooks.first().name).check()
    phone.get_by_role("button", name="Connect").click()
    linked = "Harbour & Finch is linked to QuickBooks Online"
    expect(phone.get_by_role("heading", name=linked)).to_be_visible()
    check(phone)

    page.goto(company)
    expect(page.get_by_text("finished the first pull: 17 of 17")).to_be_visible(timeout=LONG)
    assert quickbooks.violations == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_pages_of_integrations_are_accessible_everywhere(portal, new_context, scheme, width):
    page = new_context(width=width, color_scheme=scheme)
    sign_in(page, portal)

    for part in ("", "xero/", "quickbooks/", "tryton/", "sandbox/"):
        page.goto(f"{portal.url}o/{portal.organization}/settings/integrations/{part}")
        check(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_that_asks_for_a_key_says_what_is_wrong(portal, new_context, scheme, width):
    page = new_context()
    sign_in(page, portal)
    page.goto(f"{portal.url}o/{portal.organization}/settings/integrations/tryton/")
    if page.get_by_role("button", name="Switch on").count():
        page.get_by_role("button", name="Switch on").click()
        expect(page.get_by_role("button", name="Switch off")).to_be_visible()
    page.goto(f"{portal.url}o/{portal.organization}/companies/")
    page.get_by_role("button", name="New company").click()
    page.get_by_role("dialog").get_by_label("Company name").fill(f"Southgate {scheme} {width}")
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    page.wait_for_url(re.compile(r"/companies/[0-9a-f-]{36}/$"))
    page.goto(f"{page.url}connections/")
    link_url = page.get_by_role("textbox", name="Link URL").input_value()

    customer = new_context(width=width, color_scheme=scheme)
    customer.goto(f"{link_url}credentials/tryton/")
    check(customer)
    customer.get_by_label("Address").fill(portal.url)
    customer.get_by_label("Database").fill("acme")
    customer.get_by_label("Key").fill("a" * 64)
    customer.get_by_role("button", name="Test and link").click()

    expect(customer.get_by_text("is not a Tryton server")).to_be_visible()
    check(customer)

"""An organization's own Link pages, from its settings to the customer's return to it."""

import gzip
import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, Response, expect

from tests.browser.checks import check, sign_in
from tests.server import Portal

MOST_BYTES = 50_000


def picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (600, 100), "#0f766e").save(written, "PNG")
    return written.getvalue()


def brand(page: Page, portal: Portal) -> str:
    """Give the Link pages the organization's looks and words; return the invite URL."""
    page.goto(f"{portal.url}o/{portal.organization}/settings/link/")
    check(page)
    page.get_by_label("Primary colour").fill("#ffd400")
    expect(page.get_by_text("the text is black")).to_be_visible()
    page.get_by_label("Primary colour").fill("#0f766e")
    page.get_by_label("Display name").fill("Harbour Capital")
    page.get_by_label("Title").fill("Share your books with us")
    page.get_by_label("Purpose").fill("To decide on your loan.")
    page.get_by_label("Address of your terms").fill("https://harbour.example/terms")
    elsewhere = portal.url.replace("127.0.0.1", "localhost")
    page.get_by_label("Address to send customers to").fill(
        f"{elsewhere}live?status={{statusCode}}&ref={{ref}}"
    )
    preview = page.get_by_role("region", name="Preview")
    expect(preview.get_by_text("Share your books with us")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_text("The Link settings are saved").first).to_be_visible()
    page.locator("input[type=file]").set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": picture()}
    )
    page.get_by_role("button", name="Save logo").click()
    expect(page.get_by_role("img", name="Your logo")).to_be_visible()
    check(page)
    page.goto(f"{portal.url}o/{portal.organization}/companies/")
    page.get_by_role("link", name="Invite company").click()
    expect(page.get_by_role("dialog", name="Invite company")).to_be_visible()
    check(page)
    return page.get_by_role("textbox", name="Invite URL").input_value()


def clear(page: Page, portal: Portal) -> None:
    """Leave the settings as other tests expect them."""
    page.goto(f"{portal.url}o/{portal.organization}/settings/link/")
    for label in ("Display name", "Title", "Address to send customers to"):
        page.get_by_label(label).fill("")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_text("The Link settings are saved").first).to_be_visible()


def test_customers_link_on_pages_that_look_like_the_organization(portal, new_context):
    page = new_context()
    sign_in(page, portal)
    invite_url = brand(page, portal)

    phone = new_context(width=390, height=844, has_touch=True, color_scheme="dark")
    phone.goto(f"{invite_url}?ref=A%26B")
    check(phone)
    phone.get_by_label("Your company’s name").fill("Northgate Bakery")
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_role("heading", name="Share your books with us")).to_be_visible()
    expect(phone.get_by_role("img", name="Harbour Capital")).to_be_visible()
    check(phone)
    link_url = phone.url

    phone.get_by_role("link", name="Choose your software").click()
    phone.get_by_role("searchbox").fill("sand")
    phone.get_by_role("searchbox").press("Enter")
    check(phone)
    phone.get_by_role("button", name="Sandbox").click()
    phone.get_by_text("Purpose").click()
    expect(phone.get_by_text("To decide on your loan.")).to_be_visible()
    check(phone)
    phone.get_by_role("button", name="Exit").click()
    expect(phone.get_by_role("dialog", name="Exit without linking?")).to_be_visible()
    check(phone)

    phone.goto(f"{link_url.split('?')[0]}consent/sandbox/")
    phone.get_by_role("button", name="Continue to Sandbox").click()
    phone.get_by_label(re.compile("Northwind")).check()
    phone.get_by_role("button", name="Allow access").click()
    expect(phone.get_by_role("heading", name="Northgate Bakery is linked")).to_be_visible()
    check(phone)
    phone.get_by_role("link", name="See what is linked").click()
    expect(phone.get_by_text("First authorized")).to_be_visible()
    phone.get_by_text("Disconnect Sandbox…").click()
    expect(phone.get_by_role("button", name="Disconnect Sandbox")).to_be_visible()
    check(phone)
    phone.get_by_role("link", name="Return to Harbour Capital").click()
    phone.wait_for_url("**//localhost:*/live?status=200&ref=A%26B")

    clear(page, portal)


def test_the_link_url_is_sent_by_e_mail(portal, new_context):
    page = new_context(width=390, height=844)
    sign_in(page, portal)
    company = f"{portal.url}o/{portal.organization}/companies/{portal.company_id}/"
    page.goto(f"{company}connections/")
    page.get_by_role("link", name="Send by e-mail…").click()
    dialog = page.get_by_role("dialog", name=re.compile("Request data from"))
    dialog.get_by_label("E-mail address").fill("nobody")
    dialog.get_by_role("button", name="Send e-mail").click()
    expect(dialog.get_by_text("Enter a valid email address.")).to_be_visible()
    check(page)

    dialog.get_by_label("E-mail address").fill("ina@eastgate.example")
    dialog.get_by_role("button", name="Send e-mail").click()

    expect(page.get_by_text("on its way to ina@eastgate.example")).to_be_visible()
    expect(dialog.get_by_label("E-mail address")).to_have_value("")
    check(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_pages_of_the_settings_are_accessible_everywhere(portal, new_context, scheme, width):
    page = new_context(width=width, color_scheme=scheme)
    sign_in(page, portal)

    for part in ("settings/link/", "invite/", f"companies/{portal.company_id}/request/"):
        page.goto(f"{portal.url}o/{portal.organization}/{part}")
        check(page)


def test_a_customer_s_first_page_is_light(portal, new_context):
    office = new_context()
    sign_in(office, portal)
    office.goto(f"{portal.url}o/{portal.organization}/invite/")
    invite_url = office.get_by_role("textbox", name="Invite URL").input_value()

    phone = new_context(width=390, height=844, java_script_enabled=False)
    received: list[Response] = []

    def remember(response: Response) -> None:
        received.append(response)

    phone.on("response", remember)
    phone.goto(invite_url, wait_until="networkidle")

    # Static files are served compressed in production.
    assert 0 < sum(len(gzip.compress(each.body())) for each in received) <= MOST_BYTES

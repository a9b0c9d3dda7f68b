"""Team, Organization, Audit log and Account, as people see them."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.checks import check, sign_in


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_a_colleague_is_invited_and_written_down(portal, new_context, width, scheme):
    page = new_context(width=width, color_scheme=scheme)
    sign_in(page, portal)
    page.goto(f"{portal.url}o/{portal.organization}/settings/team/")
    check(page)
    page.get_by_role("button", name="Invite member").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Tom Okafor")
    dialog.get_by_label("E-mail address").fill(portal.email)
    dialog.get_by_role("button", name="Send invitation").click()
    expect(dialog.get_by_text("belongs to Harbour Lending already")).to_be_visible()
    check(page)
    dialog.get_by_label("E-mail address").fill(f"tom{width}@harbour.example")
    dialog.get_by_role("radio", name="Developer").check()
    dialog.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_text("Tom Okafor is invited as Developer.")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile(f"tom{width}@"))).to_contain_text("Sent")
    check(page)

    page.goto(f"{portal.url}o/{portal.organization}/settings/organization/")
    check(page)
    page.goto(f"{portal.url}o/{portal.organization}/settings/audit-log/")
    check(page)
    page.get_by_label("What").select_option(label="Invitation")
    expect(page).to_have_url(re.compile("kind=invitation"))
    expect(page.get_by_role("row", name=re.compile(f"tom{width}@"))).to_contain_text("developer")
    expect(page.get_by_text("Data types changed")).to_have_count(0)
    check(page)


def test_a_passkey_takes_the_place_of_the_password(portal, new_context):
    page = new_context(width=390)
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    url = portal.url.replace("127.0.0.1", "localhost")  # a passkey belongs to a name
    page.goto(f"{url}accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile("Nothing was confirmed. Try again"))
    check(page)
    page.get_by_label("Email").fill(portal.email)
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/companies/")

    page.goto(f"{url}account/")
    check(page)
    page.get_by_role("link", name="Set up the second step and passkeys").click()
    check(page)
    page.get_by_role("link", name="Passkeys and security keys").click()
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Confirm").click()
    check(page)
    page.get_by_label("Instead of the password").check()
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    check(page)

    page.context.clear_cookies()
    page.goto(f"{url}accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/companies/")

    page.goto(f"{url}accounts/sessions/")
    check(page)
    page.goto(f"{url}accounts/2fa/webauthn/")
    check(page)
    page.get_by_role("link", name="Remove Passkey").click()
    if page.get_by_role("heading", name="Confirm it is you").count():
        page.get_by_label("Password").fill(portal.password)
        page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("None yet.")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_times_are_read_as_chosen_without_javascript_too(portal, new_context, width, scheme):
    page = new_context(width=width, color_scheme=scheme, java_script_enabled=False)
    sign_in(page, portal)
    here = f"{portal.url}o/{portal.organization}/companies/{portal.company_id}"
    page.goto(f"{here}/history/?status=complete")
    switch = page.get_by_role("button", name="Absolute times")
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.click()
    expect(page).to_have_url(f"{here}/history/?status=complete")
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(page.locator("main time[data-relative]")).to_have_count(0)

    live = new_context(width=width, color_scheme=scheme)
    sign_in(live, portal)
    live.goto(f"{here}/")
    expect(live.get_by_text("Live", exact=True)).to_be_visible()
    expect(live.locator("#live-pulls tr time[data-relative]")).to_have_count(0)
    expect(live.locator("#live-activity li").first).to_contain_text(re.compile(r":\d\d UTC"))
    check(live)
    live.get_by_role("button", name="Absolute times in activity").click()
    expect(live.locator("#live-activity time[data-relative]").first).to_be_visible()


def test_single_keys_can_be_switched_off(portal, new_context):
    page = new_context()
    sign_in(page, portal)
    shortcuts = page.locator("#shortcuts")
    page.keyboard.press("?")
    expect(shortcuts).to_be_visible()
    page.keyboard.press("Escape")

    page.goto(f"{portal.url}account/")
    page.locator("main label", has_text="Use single-key shortcuts").click()
    expect(page.locator("main").get_by_role("switch")).not_to_be_checked()
    page.goto(f"{portal.url}o/{portal.organization}/companies/")
    page.keyboard.press("?")
    page.keyboard.press("Control+k")  # has a modifier, and stays
    expect(page.locator("#cmdk")).to_be_visible()
    expect(shortcuts).to_be_hidden()

"""The operator's support staff: let in for a reason, seen by those they look at."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import check, sign_in

PASSWORD = "correct-horse-battery"
REASON = "Ticket 4711: invoices are missing"
MOMENT = re.compile(r"\d{1,2} \w{3} \d{4}, \d\d:\d\d:\d\d UTC")
ADD_STAFF = """
from companies.models import User
if not User.objects.filter(email={email!r}).exists():
    User.objects.create_user({email!r}, {password!r}, name="Sam Support", is_staff=True)
"""


@pytest.fixture
def staff(portal, new_context):
    """Sam's browser, signed in and led to the admin."""

    def open_admin(width: int, scheme: str) -> Page:
        email = f"sam{width}{scheme}@operator.example"
        portal.run("manage.py", "shell", "-c", ADD_STAFF.format(email=email, password=PASSWORD))
        page = new_context(width=width, color_scheme=scheme)
        page.goto(f"{portal.url}admin/")
        page.locator("[name=login]").fill(email)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button.primary").click()
        expect(page.get_by_role("heading", name="Find an organization")).to_be_visible()
        return page

    return open_admin


@pytest.fixture
def secrets(portal) -> list[str]:
    """What stands on no page: the installation's keys, and the Link URL's token."""
    kept = json.loads((portal.data / "secrets.json").read_text())
    return [value for name, value in kept.items() if name != "SANDBOX_CLIENT_ID"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_staff_look_inside_for_a_reason_and_are_seen(
    portal, staff, secrets, new_context, width, scheme
):
    page = staff(width, scheme)
    shown: list[str] = []

    def look() -> None:
        check(page)
        shown.append(page.content())

    look()
    page.get_by_role("searchbox").fill(portal.company_id)
    page.get_by_role("button", name="Find").click()
    look()
    page.get_by_role("link", name="Harbour Lending").click()
    page.get_by_label("Reason").fill("because")
    page.get_by_role("button", name="Open access").click()
    expect(page.get_by_label("Reason")).to_have_js_property("validity.valid", False)
    look()
    page.get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Open access").click()
    expect(page.get_by_role("region", name="Support access")).to_contain_text(REASON)
    look()

    for model in (
        "companies/company",
        "connections/connection",
        "connections/linkurl",
        "sync/pull",
        "sync/datastatus",
        "companies/membership",
        "support/supportgrant",
    ):
        page.goto(f"{portal.url}admin/{model}/")
        rows = page.locator("#result_list tbody tr")
        expect(rows.first).to_be_visible()
        look()
        rows.first.locator("th a").click()
        expect(page.locator("#content-main form, #content-main fieldset").first).to_be_visible()
        if model != "sync/datastatus":  # of one that never succeeded and is not due there is none
            expect(page.locator("#content")).to_contain_text(MOMENT)
        assert not re.search(r"\b[ap]\.m\.|noon|midnight", page.locator("#content").inner_text())
        look()

    page.goto(f"{portal.url}admin/connections/connection/")
    page.get_by_role("checkbox", name=re.compile("Select this object")).first.check()
    page.get_by_label("Action:").select_option(label="Refresh data of the company")
    page.get_by_role("button", name=re.compile("^(Go|Run)")).click()
    expect(page.get_by_text("Asked for fresh data")).to_be_visible()
    look()
    page.get_by_role("button", name="End access").click()
    expect(page.get_by_text("Access is given back.")).to_be_visible()
    for html in shown:
        assert not [secret for secret in secrets if secret in html]
        assert "/link/" not in html

    alice = new_context(width=width, color_scheme=scheme)
    sign_in(alice, portal)
    alice.goto(f"{portal.url}o/{portal.organization}/settings/audit-log/?kind=support")
    for action in ("opened access", "asked for fresh data", "ended access"):
        row = alice.get_by_role("row").filter(has_text=f"Support {action}").first
        expect(row).to_contain_text("Sam Support")
    expect(alice.get_by_text(REASON).first).to_be_visible()
    check(alice)

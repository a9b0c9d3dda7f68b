"""The companies list: remembered columns, filters that are addresses, what a row offers."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.checks import check, sign_in

SCREENS = [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture
def page(portal, new_context):
    page = new_context()
    sign_in(page, portal)
    return page


def test_filters_and_search_are_in_the_address(page):
    page.get_by_role("link", name=re.compile("^Unlinked")).click()
    page.wait_for_url("**status=unlinked**")
    expect(page.get_by_role("link", name=re.compile("^Unlinked"))).to_have_attribute(
        "aria-current", "true"
    )
    page.get_by_role("searchbox", name="Search companies").fill("zzyzx")
    page.wait_for_url("**q=zzyzx**")
    expect(page.get_by_role("heading", name="No companies found")).to_be_visible()
    check(page)

    page.reload()  # an address that can be sent to a colleague
    expect(page.get_by_role("searchbox", name="Search companies")).to_have_value("zzyzx")
    page.get_by_role("link", name="Clear filters").click()
    expect(page.get_by_role("link", name="Harbour & Finch Coffee Roasters")).to_be_visible()


def test_columns_are_remembered(page):
    header = page.locator("table.companies thead")
    expect(header.get_by_text("Created")).to_be_visible()
    page.get_by_role("button", name=re.compile("Columns")).click()
    page.get_by_role("checkbox", name="Created").uncheck()
    page.get_by_role("checkbox", name="Description").check()
    check(page)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(header.get_by_text("Description")).to_be_visible()
    expect(header.get_by_text("Created")).to_have_count(0)

    page.reload()
    expect(header.get_by_text("Description")).to_be_visible()
    page.locator("[popovertarget=columns]").click()
    page.get_by_role("button", name="Usual columns").click()
    expect(header.get_by_text("Created")).to_be_visible()


def test_a_row_offers_what_can_be_done(page):
    name = "Harbour & Finch Coffee Roasters"
    page.get_by_role("button", name=f"Actions for {name}").click()
    menu = page.get_by_role("group", name=f"Actions for {name}")
    for act in ("Open", "Request data", "Description and tags…", "Delete company…"):
        expect(menu.get_by_role("link", name=act)).to_be_visible()
    check(page)

    menu.get_by_role("link", name="Request data").click()
    request = page.get_by_role("dialog", name=re.compile("Request data"))
    expect(request.get_by_role("textbox", name="Link URL")).to_have_value(re.compile("/link/"))
    check(page)
    page.keyboard.press("Escape")
    expect(request).to_be_hidden()


def test_the_invitation_is_one_address_for_all(page):
    page.get_by_role("link", name="Invite company").click()
    dialog = page.get_by_role("dialog", name="Invite company")
    expect(dialog.get_by_role("textbox")).to_have_value(re.compile("/link/invite/"))
    check(page)


def test_the_list_can_be_downloaded(page):
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert any("Harbour & Finch Coffee Roasters" in line for line in lines[1:])


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_the_view_is_chosen_and_uploaded_files_show(portal, new_context, width, scheme):
    page = new_context(width=width, color_scheme=scheme)
    sign_in(page, portal)
    here = f"{portal.url}o/{portal.organization}/companies/"
    page.goto(f"{here}{portal.company_id}/files/")
    page.locator("input[type=file]").set_input_files(
        {"name": "books.csv", "mimeType": "text/csv", "buffer": b"date,amount\n2026-01-01,5\n"}
    )
    page.get_by_role("button", name="Upload files").click()
    expect(page.get_by_role("link", name="books.csv").first).to_be_visible()

    page.goto(f"{here}?status=all")
    page.get_by_role("button", name="Columns").click()
    check(page)
    page.get_by_label("Compact rows").check()
    page.get_by_label("Open on Needs attention, if any").check()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("table.compact")).to_be_visible()
    expect(page.get_by_role("link", name="File upload").first).to_be_visible()
    check(page)
    assert page.url == f"{here}?status=all"
    if width > 820:
        row = page.locator("table.compact tbody tr").first.bounding_box()
        assert row
        assert row["height"] == pytest.approx(40, abs=2)

    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Compact rows").uncheck()
    page.get_by_label("Open on Needs attention, if any").uncheck()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("table.compact")).to_have_count(0)

"""The data tab in a browser: ask, look at a record, fold a statement, take a file home."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.checks import check, sign_in

#: How many seconds the demo's first pull may take on a busy machine.
FIRST_PULL = 60
SCREENS = [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture
def open_data(portal, new_context):
    def run(data_type, width=1440, scheme="light", **options):
        page = new_context(width=width, color_scheme=scheme, **options)
        sign_in(page, portal)
        here = f"{portal.url}o/{portal.organization}/companies/{portal.company_id}/data"
        export = page.get_by_role("link", name="Export CSV")
        for _ in range(FIRST_PULL):
            page.goto(f"{here}/{data_type}/")
            if export.count():
                break
            page.wait_for_timeout(1000)
        expect(export).to_be_visible()
        return page

    return run


def test_a_query_is_answered_as_it_is_typed_and_its_mistakes_are_shown(open_data):
    page = open_data("invoices")
    search = page.get_by_role("searchbox", name="Search invoices")

    search.fill("totalAmount > 9000 && status = pa")
    expect(page.get_by_role("alert")).to_contain_text("status is never pa")
    check(page)
    search.press_sequentially("id")

    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="found")).to_be_visible()
    expect(page.locator(".records .status").first).to_have_text("Paid")
    assert "q=totalAmount" in page.url
    expect(search).to_be_focused()


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_table_help_and_record_are_accessible_on_every_screen(open_data, width, scheme):
    page = open_data("invoices", width, scheme)
    page.get_by_text("Search by property").click()
    page.get_by_text("All properties of invoices").click()
    check(page)

    page.locator(".records .row-link").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("heading", name="History")).to_be_visible()
    check(page)

    drawer.get_by_role("link", name="as it was then").first.click()
    expect(page.get_by_text("As it was after the pull")).to_be_visible()
    check(page)


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_the_past_of_a_table_and_the_way_back_are_accessible_on_every_screen(
    open_data, width, scheme
):
    page = open_data("invoices", width, scheme)
    page.get_by_role("button", name="As it was…").click()
    expect(page.get_by_text("At a date and time")).to_be_visible()
    check(page)

    page.locator("#past a").first.click()
    expect(page.get_by_text("As it was on")).to_be_visible()
    check(page)
    if width > 820:
        page.get_by_role("link", name="Amount due").click()
        expect(page.get_by_role("columnheader", name="Amount due")).to_have_attribute(
            "aria-sort", "descending"
        )
    assert "asOf=" in page.url

    page.goto(re.sub(r"\?.*", "", page.url) + "?asOf=2020-01-01")
    expect(page.get_by_role("heading", name="None then")).to_be_visible()
    check(page)
    page.get_by_role("link", name="Back to now").first.click()
    expect(page.get_by_text("As it was on")).to_have_count(0)
    page.goto(re.sub(r"invoices/.*", "profitAndLoss/?asOf=2020-01-01", page.url))
    expect(page.get_by_role("heading", name="No statement then")).to_be_visible()
    check(page)


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_a_statement_scrolls_inside_itself_and_folds(open_data, width, scheme):
    page = open_data("profitAndLoss", width, scheme)
    page.get_by_role("link", name="12 periods").click()
    wages = page.get_by_role("row", name=re.compile("Wages"))
    expect(wages).to_be_visible()
    check(page)

    statement = page.get_by_role("region", name="Profit and loss")
    columns = statement.locator("table").first.locator("thead th").all()
    sums = page.locator(".group > summary").first.locator("span").all()
    assert len(sums) == 13
    for heading, amount in zip(columns, sums, strict=True):
        assert heading.bounding_box()["x"] == pytest.approx(amount.bounding_box()["x"], abs=2)

    page.locator("summary", has_text="Staff costs").click()
    expect(wages).to_be_hidden()
    check(page)


def test_without_javascript_everything_is_reached_by_links_and_forms(open_data):
    page = open_data("invoices", java_script_enabled=False)
    search = page.get_by_role("searchbox", name="Search invoices")
    search.fill("status = Paid")
    search.press("Enter")
    expect(page.locator(".records .status").first).to_have_text("Paid")

    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert re.fullmatch(
        r"Harbour & Finch .+ invoices [\d-]+\.csv", download.value.suggested_filename
    )

    page.locator(".records .row-link").first.click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()

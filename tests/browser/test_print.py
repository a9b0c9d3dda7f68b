"""Pages on paper: light, without what one clicks on, and with moments that stay true."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import sign_in

FIRST_PULL = 60
A4 = {"width": 794, "height": 1123}
#: What paper has no use for; an ID that a click copies is read there, too.
CLICKED = (
    "nav, button:not(.id), .btn, header > .more, input, select, [role=search], .toasts, "
    ".livetag, dialog, [popover]"
)
APPENDED = """() => [...document.querySelectorAll('main time[data-relative]')]
  .filter((each) => each.checkVisibility())
  .map((each) => [each.title, getComputedStyle(each, '::after').content])"""
GROUNDS = """() => [document.body, document.querySelector('main')]
  .map((each) => getComputedStyle(each).backgroundColor)"""


@pytest.fixture
def printed(portal, new_context):
    def run(path: str) -> Page:
        page = new_context(color_scheme="dark")
        sign_in(page, portal)
        here = f"{portal.url}o/{portal.organization}/companies/{portal.company_id}/"
        for _ in range(FIRST_PULL):  # the demo's first pull runs
            page.goto(f"{here}data/profitAndLoss/")
            if page.get_by_role("link", name="Export CSV").count():
                break
            page.wait_for_timeout(1000)
        page.goto(here + path)
        for _ in range(2):  # to light, and to dark by choice
            page.locator("[data-theme-toggle]").first.evaluate("button => button.click()")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.emulate_media(media="print")
        page.set_viewport_size(A4)
        return page

    return run


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("", "Revenue and operating profit"),
        ("history/", "Pulls, newest first"),
        ("data/profitAndLoss/", "Profit and loss, pulled"),
    ],
    ids=["company", "pull history", "statement"],
)
def test_paper_is_light_and_has_neither_menus_nor_buttons(printed, path, content):
    page = printed(path)

    expect(page.locator("main")).to_contain_text(content)
    seen = [each for each in page.locator(CLICKED).all() if each.is_visible()]
    assert [each.evaluate("e => e.outerHTML.slice(0, 120)") for each in seen] == []
    for ground in page.evaluate(GROUNDS):
        assert re.fullmatch(r"rgba\(0, 0, 0, 0\)|rgb\(2[45]\d, 2[45]\d, 2[45]\d\)", ground)
    moments = page.evaluate(APPENDED)
    assert moments
    for title, appended in moments:
        assert re.search(r"\d{4}, \d\d:\d\d:\d\d \w+", title)
        assert "attr(title)" in appended or title in appended
    for part in page.locator(".freshlist li").all():
        beside, last = part.locator("> .num"), part.locator("> small")
        ends = beside.bounding_box()["x"] + beside.bounding_box()["width"]
        assert ends <= last.bounding_box()["x"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.pdf(format="A4").startswith(b"%PDF")

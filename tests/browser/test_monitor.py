"""The monitor keeps itself up to date."""

import re

from playwright.sync_api import expect

from tests.browser.checks import check, sign_in


def test_the_monitor_follows_without_a_reload(portal, new_context):
    page = new_context()
    sign_in(page, portal)
    page.goto(f"{portal.url}o/{portal.organization}/monitor/")
    expect(page.get_by_role("heading", name="Monitor", exact=True)).to_be_visible()
    for name in ("Running", "Waiting for a worker", "Waiting for a platform", "Due now"):
        expect(page.get_by_role("region", name="Pulls now").get_by_text(name)).to_be_visible()
    # The part about Link pages comes after the page itself.
    expect(page.get_by_role("region", name=re.compile("Link pages"))).to_be_visible()
    check(page)

    page.evaluate("window.untouched = true")
    with page.expect_response(
        lambda answer: answer.url.endswith("/monitor/") and answer.request.resource_type == "fetch"
    ) as again:
        pass
    assert again.value.ok
    assert "<html" not in again.value.text()
    expect(page.get_by_text("Alive")).to_be_visible()
    assert page.evaluate("window.untouched") is True

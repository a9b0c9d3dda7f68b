"""Developers → Webhooks, with a real endpoint that first refuses and then takes."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.checks import check, sign_in
from tests.webhooks.sink import Sink, serving


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_an_endpoint_is_added_fails_and_is_mended(portal, new_context, width, scheme):
    page = new_context(width=width, color_scheme=scheme)
    sign_in(page, portal)
    home = f"{portal.url}o/{portal.organization}/developers/webhooks/"
    with serving(Sink(answer=410)) as sink:
        page.goto(home)
        check(page)
        page.goto(f"{home}new/")
        check(page)
        page.get_by_label("Endpoint URL").fill(sink.url)
        page.get_by_label("Description").fill(f"Billing {width}")
        page.get_by_label("company.created", exact=True).check()
        page.get_by_role("button", name="Add endpoint").click()
        page.wait_for_url(re.compile(r"webhooks/[0-9a-f-]{36}/$"))
        endpoint = page.url
        check(page)

        page.get_by_role("button", name="Send example").click()
        expect(page.get_by_role("heading", name="company.created")).to_be_visible()
        _until_shown(page, "410")
        check(page)
        page.goto(endpoint)
        expect(page.get_by_text("The endpoint answered 410 Gone")).to_be_visible()
        check(page)

        sink.answer = 200
        page.get_by_role("button", name="Switch on").click()
        page.get_by_role("button", name="Recover failed").click()
        expect(page.get_by_text("1 message on the way")).to_be_visible()
        _until_shown(page, "Succeeded")
        check(page)
        page.get_by_role("button", name="Reveal").click()
        expect(page.get_by_role("textbox", name="Signing secret")).to_have_value(
            re.compile("^whsec_")
        )
        check(page)

    for path in ("messages/", "events/", "alerts/"):
        page.goto(f"{home}{path}")
        check(page)
    page.get_by_label("E-mail addresses").fill("ops@harbour.example")
    page.get_by_role("button", name="Add rule").click()
    expect(page.get_by_text("The rule is added.")).to_be_visible()
    check(page)


def _until_shown(page, text: str) -> None:
    """Look again until the relay has been there."""
    for _ in range(40):
        if page.get_by_role("main").get_by_text(text).count():
            return
        page.wait_for_timeout(500)
        page.goto(page.url)
    raise AssertionError(f"{text} is not shown")

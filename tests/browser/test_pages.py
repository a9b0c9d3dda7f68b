"""Every page that a link of the portal leads to: accessible, in its frame, and quiet."""

from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve

from tests.browser.checks import check, sign_in

#: What a page says when its policy stops something, or a script fails.
LOUD = ("error", "warning")


def links(page) -> list[str]:
    hrefs: list[str] = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    return [href.split("#")[0] for href in hrefs]


def route_of(url: str, portal) -> str | None:
    """Name the route of an address of the organization's, without its query."""
    parts = urlsplit(url)
    if not url.startswith(portal.url) or not parts.path.startswith(
        (f"/o/{portal.organization}/", "/account/", "/accounts/")
    ):
        return None
    try:
        return resolve(parts.path).view_name
    except Resolver404:
        return None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_that_can_be_reached_is_sound(portal, new_context, scheme, width):
    page = new_context(width=width, color_scheme=scheme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in LOUD else None)
    sign_in(page, portal)
    waiting = [f"{portal.url}o/{portal.organization}/companies/"]
    seen: set[str] = set()
    while waiting:
        url = waiting.pop(0)
        route = route_of(url, portal)
        if route is None or route in seen or "logout" in route:
            continue
        seen.add(route)
        if page.request.get(url).headers.get("content-type", "").split(";")[0] != "text/html":
            continue
        page.goto(url)
        check(page)
        assert said == [], (url, said)
        waiting += links(page)

    assert {"companies:list", "sync:summary", "sync:history", "sync:pull", "sync:monitor"} <= seen

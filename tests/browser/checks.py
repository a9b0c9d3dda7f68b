"""What holds for every page, and how one signs in."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_AXE = Axe()

#: A dialog that still fades in has less contrast than it will have. A spinner never ends.
_COME_TO_REST = """() => Promise.allSettled(
  document.getAnimations({subtree: true})
    .filter(animation => animation.effect.getComputedTiming().endTime !== Infinity)
    .map(animation => animation.finished))"""


def check(page: Page) -> None:
    """Accessible, and nothing sticks out sideways."""
    page.evaluate(_COME_TO_REST)
    found = _AXE.run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def sign_in(page: Page, portal) -> None:
    """Sign in as the demo organization's administrator."""
    page.goto(f"{portal.url}accounts/login/")
    page.locator("[name=login]").fill(portal.email)
    page.locator("[name=password]").fill(portal.password)
    page.locator("main button.primary").click()
    page.wait_for_url("**/companies/")

"""Every part in every state: readable for everyone, nothing sideways, nothing refused."""

import pytest
from axe_playwright_python.sync_playwright import Axe


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(1440, "light"), (390, "dark"), (1440, "dark"), (390, "light")],
)
@pytest.mark.parametrize("page", ["styleguide", "styleguide?page=hosted"])
def test_parts_are_accessible_and_fit(portal, new_context, page, scheme, width):
    tab = new_context(width=width, color_scheme=scheme, reduced_motion="reduce")

    tab.goto(f"{portal.url.rstrip('/')}/{page}")

    violations = Axe().run(tab).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_dialogs_and_menus_are_accessible_when_open(portal, new_context):
    tab = new_context(reduced_motion="reduce")
    tab.goto(f"{portal.url.rstrip('/')}/styleguide")

    for name in ("cmdk", "shortcuts", "new-company", "delete", "record"):
        tab.locator(f"#{name}").evaluate("dialog => dialog.showModal()")
        assert Axe().run(tab).response["violations"] == [], name
        tab.keyboard.press("Escape")
    for name in ("organizations", "account", "manage", "row-menu"):
        tab.locator(f"#{name}").evaluate("menu => menu.showPopover()")
        assert Axe().run(tab).response["violations"] == [], name
        tab.keyboard.press("Escape")


def test_typed_confirmation_opens_the_red_button(portal, new_context):
    tab = new_context()
    tab.goto(f"{portal.url.rstrip('/')}/styleguide")
    tab.get_by_role("button", name="Typed confirmation").click()
    delete = tab.locator("#delete").get_by_role("button", name="Delete connection")

    tab.get_by_label("Type Eastgate Roasters to confirm").fill("Eastgate")
    assert delete.is_disabled()

    tab.get_by_label("Type Eastgate Roasters to confirm").fill("Eastgate Roasters")
    assert delete.is_enabled()


def test_keys_search_walk_and_list_themselves(portal, new_context):
    tab = new_context()
    tab.goto(f"{portal.url.rstrip('/')}/styleguide")
    tab.evaluate("document.activeElement.blur()")

    tab.keyboard.press("?")
    assert tab.locator("#shortcuts").is_visible()
    tab.keyboard.press("Escape")
    tab.locator("#shortcuts").wait_for(state="hidden")
    tab.keyboard.press("j")
    tab.keyboard.press("j")
    assert tab.evaluate("document.activeElement.textContent") == "Bramble Kitchen Group"
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.id") == "q"
    tab.keyboard.type("c")  # a letter while one types, not a shortcut
    assert tab.locator("#q").input_value() == "c"
    assert tab.locator("#new-company").is_hidden()

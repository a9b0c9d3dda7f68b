"""Live parts lose their stream, say so, and come back with all that happened meanwhile."""

from playwright.sync_api import expect

from tests.browser.checks import check, sign_in


def history_of(portal):
    return f"{portal.url}o/{portal.organization}/companies/{portal.company_id}/history/"


def test_a_stream_that_breaks_says_so_and_misses_nothing(portal, new_context):
    page = new_context()
    sign_in(page, portal)
    page.goto(history_of(portal))
    word = page.locator("[data-live-word]").first
    expect(word).to_have_text("Live")

    page.context.set_offline(True)
    expect(word).to_have_text("Reconnecting…")
    # Somebody else asks for fresh data while this page cannot hear of it.
    other = new_context()
    sign_in(other, portal)
    other.goto(history_of(portal))
    other.get_by_role("button", name="Refresh data").first.click()
    expect(other.locator("[data-live-word]").first).to_have_text("Live")
    newest = other.locator("#live-pulls tbody tr").first.get_attribute("id")

    page.context.set_offline(False)
    expect(word).to_have_text("Live")
    expect(page.locator(f"#{newest}")).to_be_visible()


def test_a_stream_that_cannot_begin_is_tried_again(portal, new_context):
    page = new_context()
    sign_in(page, portal)
    refused: list[str] = []

    def refuse_once(route):
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.abort()

    page.route("**/history/stream*", refuse_once)
    page.goto(history_of(portal))
    word = page.locator("[data-live-word]").first
    expect(word).to_have_text("Reconnecting…")
    expect(word).to_have_text("Live", timeout=10_000)
    assert refused
    check(page)

"""Developers → API keys and API reference, as people see them."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.checks import check, sign_in


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_key_is_made_used_and_revoked(portal, new_context, width, scheme):
    page = new_context(width=width, color_scheme=scheme)
    sign_in(page, portal)
    keys = f"{portal.url}o/{portal.organization}/developers/api-keys/"
    page.goto(keys)
    check(page)
    name = f"Import {width} {scheme}"
    page.get_by_role("button", name="New API key").click()
    dialog = page.get_by_role("dialog", name="New API key")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("checkbox", name="Read companies").uncheck()
    dialog.get_by_role("button", name="Create key").click()
    expect(dialog.get_by_text("Choose what it may be used for")).to_be_visible()
    check(page)
    dialog.get_by_role("checkbox", name="Read companies").check()
    dialog.get_by_role("button", name="Create key").click()
    key = dialog.get_by_role("textbox", name="API key").input_value()
    header = dialog.get_by_role("textbox", name="Authorization header").input_value()
    check(page)

    url = f"{portal.url}api/companies"
    assert httpx.get(url, auth=(key, "")).status_code == 200
    authorization = header.removeprefix("Authorization: ")
    assert httpx.get(url, headers={"Authorization": authorization}).status_code == 200

    dialog.get_by_role("link", name="I have copied it").click()
    row = page.get_by_role("row", name=re.compile(name))
    expect(row).to_contain_text("Works")
    row.get_by_role("link", name="Revoke").click()
    asked = page.get_by_role("dialog", name=re.compile(f"Revoke {name}"))
    expect(asked).to_be_visible()
    check(page)
    asked.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("programs that use it are refused")).to_be_visible()
    assert httpx.get(url, auth=(key, "")).status_code == 401


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_reference_leads_from_subject_to_schema(portal, new_context, width, scheme):
    page = new_context(width=width, color_scheme=scheme)
    sign_in(page, portal)
    page.goto(f"{portal.url}o/{portal.organization}/developers/api-reference/")
    check(page)
    subjects = page.get_by_role("navigation", name="Subjects")
    subjects.get_by_role("link", name="Connections", exact=True).click()
    expect(page).to_have_url(re.compile("#connections$"))
    page.locator("#create-connection").get_by_role("link", name="ConnectionShape").click()
    expect(page.locator("#schema-ConnectionShape")).to_be_in_viewport()
    with page.expect_download() as download:
        page.get_by_role("link", name="openapi.json").click()
    assert download.value.suggested_filename == "openapi.json"

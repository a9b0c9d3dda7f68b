"""Files on their way from a member and from a customer, as people see them."""

import pytest
from playwright.sync_api import expect

from tests.browser.checks import check, sign_in
from tests.files import samples


def chosen(name: str, content: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


STATEMENT = chosen("Statement, October.csv", samples.CSV)
PROGRAM = chosen("setup.pdf", samples.PROGRAM)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_files_are_uploaded_listed_and_downloaded(portal, new_context, width, scheme):
    page = new_context(width=width, color_scheme=scheme)
    sign_in(page, portal)
    page.goto(f"{portal.url}o/{portal.organization}/companies/{portal.company_id}/")
    page.get_by_role("link", name="Uploaded files").click()
    expect(page.get_by_label("Files")).to_be_visible()
    check(page)

    page.get_by_label("Files").set_input_files([STATEMENT, PROGRAM])
    page.evaluate("window.untouched = true")
    page.get_by_role("button", name="Upload files").click()
    expect(page.get_by_text("1 file refused")).to_be_visible()
    expect(page.get_by_role("link", name=STATEMENT["name"], exact=True).first).to_be_visible()
    assert page.evaluate("window.untouched") is True
    check(page)

    with page.expect_download() as one:
        page.get_by_role("link", name=STATEMENT["name"], exact=True).first.click()
    assert one.value.path().read_bytes() == samples.CSV
    with page.expect_download() as packed:
        page.get_by_role("link", name="Download all").first.click()
    assert packed.value.path().read_bytes().startswith(b"PK")

    page.get_by_role("link", name=f"Delete {STATEMENT['name']}").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Delete file").click()
    expect(page.get_by_text(f"{STATEMENT['name']} is deleted.")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_a_customer_uploads_files_instead(portal, new_context, width, scheme):
    office = new_context()
    sign_in(office, portal)
    office.goto(f"{portal.url}o/{portal.organization}/companies/{portal.company_id}/connections/")
    link_url = office.get_by_role("textbox", name="Link URL").input_value()

    customer = new_context(width=width, color_scheme=scheme)
    customer.goto(f"{link_url}choose/")
    customer.get_by_role("link", name="Upload files instead").click()
    check(customer)
    customer.get_by_label("Files").set_input_files([STATEMENT, PROGRAM])
    customer.get_by_role("button", name="Upload files").click()
    expect(customer.get_by_text("setup.pdf")).to_be_visible()
    check(customer)
    customer.get_by_role("link", name="Go on without the refused ones").click()
    expect(customer.get_by_text(STATEMENT["name"])).to_be_visible()
    check(customer)

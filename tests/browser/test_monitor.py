"""The monitor keeps itself up to date."""

import os
import re

import pytest
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


#: The next pull reads everything again, as one in twenty does.
START_OVER = """
from companies import tenancy
from companies.access import memberships_of
from companies.models import User
from sync.models import DataStatus
(membership,) = memberships_of(User.objects.get(email={email!r}))
with tenancy.entered(membership.organization_id):
    DataStatus.objects.filter(data_type={data_type!r}).update(watermark="")
"""


@pytest.mark.parametrize(
    ("width", "scheme", "data_type"), [(1440, "light", "invoices"), (390, "dark", "bills")]
)
def test_new_fields_of_a_platform_are_told_until_they_are_acknowledged(
    portal, new_context, width, scheme, data_type
):
    page = new_context(width=width, color_scheme=scheme)
    sign_in(page, portal)
    company = f"{portal.url}o/{portal.organization}/companies/{portal.company_id}/"
    script = START_OVER.format(email=portal.email, data_type=data_type)
    portal.run("manage.py", "shell", "-c", script)
    portal.control("POST", "faults", kind="added_field", path=f"/api/v1/{data_type}")
    try:
        page.goto(company)
        page.get_by_role("button", name="Refresh data").click()
        page.goto(f"{portal.url}o/{portal.organization}/monitor/")
        told = page.get_by_role("region", name=re.compile("Sandbox sends .* we do not read yet"))
        expect(told.get_by_text("loyalty_tier")).to_be_visible(timeout=180_000)
    finally:
        portal.control("DELETE", "faults")
    expect(told).to_contain_text("text, first seen")
    check(page)
    if shots := os.environ.get("SHOTS"):
        page.screenshot(path=f"{shots}/drift-{scheme}-{width}.png", full_page=True)

    told.get_by_role("button", name="Acknowledge").click()

    expect(page.get_by_text("Only new ones are shown again.")).to_be_visible()
    expect(told).to_have_count(0)
    check(page)


#: As if there had been something to prune: months, many rows, one row, and nothing.
PRUNED = """
from companies import tenancy
from companies.access import memberships_of
from companies.models import Pruning, User
from django.db.models.functions import Now
(membership,) = memberships_of(User.objects.get(email={email!r}))
with tenancy.entered(membership.organization_id):
    Pruning.objects.update(ended_at={ended_at}, outcome=[
        {{"kind": kind, "rows": rows, "months": months, "seconds": seconds}}
        for kind, rows, months, seconds in (
            ("pulls", 12480, 0, 41.27), ("platform_requests", 0, 1, 0.06), ("events", 0, 2, 0.11),
            ("messages", 1, 0, 0.02), ("attempts", 0, 0, 0),
        )
    ])
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_what_was_pruned_is_told(portal, new_context, width, scheme):
    page = new_context(width=width, color_scheme=scheme)
    sign_in(page, portal)
    portal.run("manage.py", "prune")
    shots = os.environ.get("SHOTS")
    page.goto(f"{portal.url}o/{portal.organization}/monitor/")
    told = page.get_by_role("region", name="Pruning")

    expect(told).to_contain_text("Finished")
    expect(told).to_contain_text("Last run:")
    for ended_at, words in (("Now()", "2 months"), ("None", "Interrupted")):
        script = PRUNED.format(email=portal.email, ended_at=ended_at)
        portal.run("manage.py", "shell", "-c", script)
        page.reload()
        expect(told).to_contain_text(words)
        check(page)
        if shots:
            page.screenshot(
                path=f"{shots}/pruning-{words[:1]}-{scheme}-{width}.png", full_page=True
            )

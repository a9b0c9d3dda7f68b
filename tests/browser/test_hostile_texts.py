"""Whatever people and platforms write stays text, on every page and in every part of one."""

import json
from urllib.parse import urlsplit

import pytest

from tests.test_tenancy import organization_routes

PASSWORD = "correct-horse-battery"
#: None longer than the shortest name there is.
PAYLOADS = {
    "markup": "<i hx-get=/pwned hx-trigger=load><img src=/pwned>",
    "script": "</script><script src=/pwned></script>{{7*7}}",
}
#: What would be there if a text had become markup.
INJECTED = "[hx-get='/pwned'], [src='/pwned']"
#: Words in the names of routes that answer with a file or never end.
NO_PAGE = {"companies:export", "sync:export", "files:download", "stream", "link_portal:logo"}
ADMIN = (
    "admin/", "admin/companies/company/", "admin/connections/connection/", "admin/sync/pull/",
    "admin/companies/membership/", "admin/support/supportgrant/", "admin/sync/unknownfield/",
)  # fmt: skip
FILL = """
import json
from datetime import timedelta
from support.operations import open_grant
from companies.models import User
from tests import estate
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
estate.SECRET = {payload!r}
UserFactory.reset_sequence({first})
user = User.objects.create_user(
    {email!r}, {password!r}, name={payload!r}, is_staff=True
)
organization = OrganizationFactory(name={payload!r}, slug={slug!r})
MembershipFactory(organization=organization, user=user)
open_grant(user, organization.pk, reason={payload!r}, lasts=timedelta(hours=1))
built = estate.build(organization, user)
print("PARAMETERS" + json.dumps({{k: str(v) for k, v in built.parameters.items()}}))
from connections import links
from companies import tenancy
from companies.models import Company
with tenancy.entered(organization.pk):
    company = Company.objects.select_related("organization").get()
    print("LINK" + links.link_url(company))
"""


def fill(portal, name: str, email: str) -> tuple[dict[str, str], str]:
    """Write the payload into every text of an organization of its own."""
    said = portal.run(
        "manage.py", "shell", "-c",
        FILL.format(
            payload=PAYLOADS[name], email=email, password=PASSWORD, slug=f"hostile-{name}",
            first=1000 * len(PAYLOADS[name]),  # people of another call have numbers, too
        ),
    )  # fmt: skip
    lines = said.splitlines()
    parameters = next(line for line in lines if line.startswith("PARAMETERS"))
    link = next(line for line in lines if line.startswith("LINK"))
    return (
        json.loads(parameters.removeprefix("PARAMETERS")),
        portal.url.rstrip("/") + urlsplit(link.removeprefix("LINK")).path,
    )


@pytest.mark.parametrize("name", PAYLOADS)
def test_nothing_that_anybody_wrote_runs(portal, new_context, name):
    email = f"{name}@hostile.example"
    parameters, link = fill(portal, name, email)
    page = new_context()
    happened: list[str] = []

    def dismiss(dialog):
        happened.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on(
        "request",
        lambda request: happened.append(request.url) if "/pwned" in request.url else None,
    )
    page.goto(f"{portal.url}accounts/login/")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button.primary").click()
    page.wait_for_url("**/companies/")

    shown = 0
    routes = [route for route in organization_routes() if not NO_PAGE & set(route.name.split("-"))]
    urls = [portal.url.rstrip("/") + route.url(dict(parameters)) for route in routes]
    parts = [url for url in urls if is_page(page, url)]
    others = [f"{portal.url}{path}" for path in ("account/", "nothing/", *ADMIN)]
    for url in [*parts, *others, link, link + "choose/"]:
        page.goto(url)
        shown += PAYLOADS[name] in page.locator("body").inner_text()
        assert page.locator(INJECTED).count() == 0, url
        assert happened == [], url
    assert shown > 15
    assert len(parts) > 30

    if name == "markup":  # the same as parts of a page, the way htmx puts them in
        page.goto(parts[0])
        for url in parts:
            page.evaluate("url => htmx.ajax('GET', url, {target: 'main', swap: 'innerHTML'})", url)
            assert page.locator(INJECTED).count() == 0, url
        page.wait_for_timeout(300)
        assert happened == []


def is_page(page, url: str) -> bool:
    """Tell pages from addresses that only take forms: Chromium refuses to show an empty answer."""
    answer = page.request.get(url, headers={"Accept": "text/html"})
    return answer.status == 200 and answer.headers["content-type"].startswith("text/html")

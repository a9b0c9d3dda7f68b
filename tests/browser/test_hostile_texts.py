"""Whatever people and platforms write stays text, on every page and in every part of one."""

import json

import pytest

from tests.test_tenancy import organization_routes

PASSWORD = "correct-horse-battery"
#: None longer than the shortest name there is.
PAYLOADS = {
    "picture": "'><img src=/pwned onerror=alert(1)>{{7*7}}",
    "htmx": "<b hx-get=/pwned hx-trigger=load>{% now %}</b>",
    "script": "</script><script src=/pwned></script>",
}
FILL = """
import json
from companies.models import User
from tests import estate
from tests.factories import MembershipFactory, OrganizationFactory
estate.SECRET = {payload!r}
user = User.objects.create_user(
    {email!r}, {password!r}, name={payload!r}, is_staff=True
)
organization = OrganizationFactory(name={payload!r}, slug={slug!r})
MembershipFactory(organization=organization, user=user)
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
        FILL.format(payload=PAYLOADS[name], email=email, password=PASSWORD, slug=f"hostile-{name}"),
    )  # fmt: skip
    lines = said.splitlines()
    parameters = next(line for line in lines if line.startswith("PARAMETERS"))
    link = next(line for line in lines if line.startswith("LINK"))
    return json.loads(parameters.removeprefix("PARAMETERS")), link.removeprefix("LINK")


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

    texts, shown = PAYLOADS[name], 0
    urls = [
        portal.url.rstrip("/") + route.url(parameters)  # type: ignore[arg-type]
        for route in organization_routes()
    ]
    urls = [url for url in urls if is_page(page, url)]
    for url in [*urls, link, link + "choose/", f"{portal.url}account/", f"{portal.url}nothing/"]:
        page.goto(url)
        page.wait_for_load_state("load")
        shown += texts in page.locator("body").inner_text()
        assert page.locator("[hx-get='/pwned'], [src='/pwned']").count() == 0, url
        assert happened == [], url

    # The same as parts of a page, the way htmx puts them in.
    page.goto(urls[0])
    for url in urls:
        page.evaluate(
            "url => htmx.ajax('GET', url, {target: 'main', swap: 'innerHTML'})",
            url,
        )
        page.wait_for_timeout(50)
        assert page.locator("[hx-get='/pwned'], [src='/pwned']").count() == 0, url
    assert happened == []
    assert shown > 15
    assert len(urls) > 30


def is_page(page, url: str) -> bool:
    if "stream" in url or "export" in url or "download" in url:
        return False
    answer = page.request.get(url, headers={"Accept": "text/html"})
    return answer.status == 200 and answer.headers["content-type"].startswith("text/html")

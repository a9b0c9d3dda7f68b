"""Every text can be translated, and no number meant for a program is written for a person.

Pages are read in a language without letters, whose decimals have a comma (tests/wordless.py). What
has letters was not marked, or is data. Templates are read besides as they are written: no page
shows each of their branches.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from babel.messages.pofile import read_po
from django.conf import settings as configured
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation

from companies import people, team, tenancy
from companies.models import Invitation, Membership
from connections import links
from connections.models import Connection, Integration
from connections.platforms import PLATFORMS
from connections.schemas import DataType
from link import invites
from link import settings as link_settings
from portal.styleguide import styleguide
from tests import estate, wordless
from tests.factories import CompanyFactory, MembershipFactory, OrganizationFactory
from tests.fake_platform import FakePlatform
from tests.sync import books
from tests.test_tenancy import BODY, PARTIAL, all_routes, organization_routes

ROOT = Path(configured.BASE_DIR)
TEMPLATES = ROOT / "templates"
PASSWORD = "correct-horse-battery"
FORM = "application/x-www-form-urlencoded"

#: What people and platforms entered, and names: the same in every language.
NAMES = [
    *("Ledgerport", "UTC", "Harbour Lending", "Alice Archer", "Eastgate Roasters", "Taken over"),
    *("INV-1", "Café Zoë", "accounts.csv", "503 Unavailable", "status = Paid"),
    "Business biz-1",
    *(estate.SECRET, f"{estate.SECRET}.csv", "secret-1", "secret-2", "rule", "validator", "other"),
    "orders",
    *PLATFORMS,
    *(platform.name for platform in PLATFORMS.values()),
    *DataType,
]
DATA = re.compile(
    "|".join(
        [
            r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\bmsg_[0-9a-f]+|\blpk_|…abcd\b",
            r"https?://\S+|[\w.+-]+@[\w-]+(\.[\w-]+)+",
            r"\b[a-z]+(\.[a-zA-Z]+)+\b|\{[\w.]+\}",  # event types, placeholders
            r"\b(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Brazil)/[\w/ -]+",
            r"\b(Canada|Chile|Europe|Indian|Mexico|Pacific|US)/[\w/ -]+",
            *(rf"\b{re.escape(name)}\b" for name in sorted(NAMES, key=len, reverse=True)),
        ]
    )
)


@pytest.fixture
def unspoken() -> Iterator[None]:
    with wordless.spoken():
        yield


@pytest.fixture
def harbour(alice, settings) -> estate.Estate:
    """Everything one can own, with figures."""
    settings.SANDBOX_URL = "http://sandbox.test"
    organization = OrganizationFactory(name="Harbour Lending", slug="harbour")
    MembershipFactory(organization=organization, user=alice)
    built = estate.build(organization, alice)
    with tenancy.entered(organization.pk):
        connection = Connection.objects.get(company_id=str(built.parameters["company_id"]))
        books.a_profit_and_loss(connection, months=4)
        books.an_invoice(connection, "INV-1")
    return built


def browser() -> Client:
    return Client(headers={"Accept-Language": wordless.LANGUAGE})


def unmarked(response) -> list[str]:
    """Give what a response says in letters, its toasts with it."""
    assert response.status_code < 500
    said = []
    if response.headers.get("HX-Trigger", "").startswith("{"):
        said.append(json.loads(response.headers["HX-Trigger"]).get("toast", {}).get("text", ""))
    if response.status_code in {302, 303}:
        said += [str(message) for message in get_messages(response.wsgi_request)]
    if "html" in response.headers.get("Content-Type", ""):
        said.append(response.text)
    return [problem for each in said for problem in wordless.Reader(DATA).read(each)]


def listed(found: dict[str, str]) -> str:
    return "\n" + "\n".join(f"{name}: {problem}" for problem, name in found.items())


def read(client: Client, urls: dict[str, str]) -> dict[str, str]:
    """Name each problem of some pages, with the first that has it."""
    found: dict[str, str] = {}
    for name, url in urls.items():
        found = dict.fromkeys(unmarked(client.get(url)), name) | found
    return found


def press(client: Client, urls: dict[str, str]) -> dict[str, str]:
    """Do the same with what pages give htmx and answer to forms; take back what that changed."""
    found: dict[str, str] = {}
    for name, url in urls.items():
        answers = [client.get(url, headers=PARTIAL)]
        for headers in ({}, PARTIAL):
            with transaction.atomic():
                answers.append(client.post(url, BODY, content_type=FORM, headers=headers))
                transaction.set_rollback(True)
        for answer in answers:
            found = dict.fromkeys(unmarked(answer), name) | found
    return found


@pytest.mark.full
def test_every_page_of_an_organization_is_translated(unspoken, harbour, alice):
    client = browser()
    client.force_login(alice)
    urls = {route.name: route.url(harbour.parameters) for route in organization_routes()}
    del urls["api_portal:reference"]  # takes seconds to write: read below

    found = read(client, urls)

    assert not found, listed(found)


@pytest.mark.full
def test_what_pages_answer_is_translated(unspoken, harbour, alice):
    client = browser()
    client.force_login(alice)
    urls = {route.name: route.url(harbour.parameters) for route in organization_routes()}

    found = press(client, urls)

    assert not found, listed(found)


@pytest.mark.full
def test_pages_without_anything_are_translated(unspoken, alice):
    organization = OrganizationFactory(name="Harbour Lending", slug="harbour")
    MembershipFactory(organization=organization, user=alice)
    client = browser()
    client.force_login(alice)
    given: dict[str, str | int | UUID] = {"organization": "harbour"}

    found = read(client, reached(given))
    company = CompanyFactory(organization=organization, name="Eastgate Roasters")
    given |= {"company_id": company.pk, "data_type": "invoices"}
    found |= read(client, reached(given))

    assert not found, listed(found)


def reached(given: dict[str, str | int | UUID]) -> dict[str, str]:
    routes = (route for route in organization_routes() if set(route.parameters) <= set(given))
    return {route.name: route.url(given) for route in routes}


@pytest.mark.full
def test_the_pages_of_ones_own_account_are_translated(unspoken, alice):
    cache.clear()  # attempts are counted from test to test, too
    alice.set_password(PASSWORD)
    alice.save()
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    urls = {
        route.name: reverse(route.name)
        for route in all_routes()
        if re.match("account|mfa|usersessions", route.name) and "<" not in route.path
    }
    client = browser()

    found = read(client, urls) | press(client, urls)
    client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    found |= read(client, urls) | press(client, urls)

    assert not found, listed(found)


def test_what_e_mails_lead_to_is_translated(unspoken, harbour, alice):
    with tenancy.entered(harbour.organization.pk):
        invitation = team.invitation_url(Invitation.objects.get())
        member = Membership.objects.select_related("user", "organization").get(user=alice)
        address = people._url(member, "alice@new.example", member.user)
    urls = {
        "invitation": urlsplit(invitation).path,
        "new-address": urlsplit(address).path,
        "invitation that is none": reverse("invitation", args=["x"]),
        "new address that is none": reverse("new-address", args=["x"]),
    }
    client = browser()

    found = read(client, urls) | press(client, urls)
    client.force_login(alice)
    found |= read(client, urls) | press(client, urls)

    assert not found, listed(found)


@pytest.mark.full
def test_the_link_pages_are_translated(unspoken, organization, company, settings):
    Integration.objects.create(organization=organization, platform="tryton", is_enabled=True)
    steps = ["", "choose/", "consent/sandbox/", "other/", "exit/", "finish/", "files/"]
    steps += ["credentials/tryton/", "open/", "authorize/", "disconnect/"]
    client = browser()
    with FakePlatform() as platform:
        platform.codes["good"] = "good"
        settings.SANDBOX_URL = platform.url
        path = urlsplit(links.link_url(company)).path
        urls = {f"link:{step}": path + step for step in steps}
        urls["invite"] = urlsplit(invites.invite_url(link_settings.stored(organization))).path
        urls["nowhere"] = reverse("link:start", args=["x"])

        found = read(client, urls) | press(client, urls)
        for answer in ({"error": "access_denied"}, {"code": "bad"}, {"code": "good"}):
            away = client.post(f"{path}authorize/", {"platform": "sandbox"})
            state = parse_qs(urlsplit(away.headers["Location"]).query)["state"][0]
            back = client.get(reverse("link:callback", args=["sandbox"]), answer | {"state": state})
            found |= dict.fromkeys(unmarked(client.get(back.headers["Location"])), f"{answer}")
        found |= read(client, urls)
        links.revoke(company, actor=None)
        found |= read(client, {"revoked": path})

    assert not found, listed(found)


def test_refusals_are_translated(unspoken, rf):
    request = rf.get("/")
    request.user = AnonymousUser()
    found: dict[str, str] = {}

    with translation.override(wordless.LANGUAGE):
        for status in ("400", "403", "403_csrf", "404", "429", "500"):
            page = render_to_string(f"{status}.html", {}, request)
            found |= dict.fromkeys(wordless.Reader(DATA).read(page), status)

    assert not found, listed(found)


def test_drawings_keep_the_decimal_point(unspoken, rf, settings):
    settings.ROOT_URLCONF = "tests.portal.part_urls"
    settings.DEVELOPMENT = True
    request = rf.get("/styleguide")
    request.user = AnonymousUser()

    with translation.override(wordless.LANGUAGE):
        page = styleguide(request).content.decode()

    problems = wordless.Reader(DATA).read(page)
    assert '<svg class="chart' in page
    assert "412.000\xa0£" in page  # people read their own language's
    assert [problem for problem in problems if "programs" in problem] == []


_TAG = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
_NOT_WRITTEN = re.compile(
    r"{%\s*blocktranslate\b.*?{%\s*endblocktranslate\s*%}"
    r"|{%\s*comment\b.*?endcomment\s*%}"
    r"|{%\s*block (\w*class)\b.*?endblock( \1)?\s*%}",
    re.DOTALL,
)
_LITERAL = re.compile(r"""(?<!_\()(?:"([^"]*)"|'([^']*)')""")
_LIKE_A_TEXT = re.compile(r"[A-Z][a-z]|[a-z],? [a-z]")
_TAGS_WITHOUT_TEXTS = ("{#", "{% translate", "{% status_mark", "{% if", "{% elif")


def unmarked_in(template: Path) -> list[str]:
    """Give what a template writes outside `translate` and `blocktranslate`, arguments included."""
    source = _NOT_WRITTEN.sub("", template.read_text())
    problems = []
    for tag in _TAG.findall(source):
        texts = ["".join(each) for each in _LITERAL.findall(tag)]
        if re.match(r"{%\s*translate\s+[^\"']", tag) or "|pluralize" in tag:
            problems.append(tag)
        if not tag.startswith(_TAGS_WITHOUT_TEXTS):
            problems += [
                tag for text in texts if _LIKE_A_TEXT.search(text) and text != "Ledgerport"
            ]
    written = _TAG.sub("\ue000", source)
    return problems + wordless.Reader(DATA).read(written)


@pytest.mark.parametrize(
    "folder", sorted({path.parent.relative_to(TEMPLATES) for path in TEMPLATES.rglob("*.*")})
)
def test_every_branch_of_a_template_is_marked(folder):
    found: dict[str, str] = {}

    for template in sorted((TEMPLATES / folder).glob("*.*")):
        if not template.name.startswith("styleguide"):
            found |= dict.fromkeys(unmarked_in(template), template.name)

    assert not found, listed(found)


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "static").glob("*.js")))
def test_scripts_say_nothing_of_their_own(name):
    code = re.sub(r"(?<!:)//.*", "", (ROOT / "static" / name).read_text())

    texts = re.findall(r"""['"`][A-Z][a-z]+(?: [^'"`]*)?['"`]""", code)

    assert set(texts) <= {"'Escape'"}  # a key


@pytest.mark.full
@pytest.mark.skipif(not shutil.which("xgettext"), reason="GNU gettext is not installed")
def test_the_catalogue_has_every_message(tmp_path):
    """Extract in a copy, because texts of templates are written beside them for a while."""
    shutil.copytree(
        ROOT, tmp_path / "project", ignore=shutil.ignore_patterns(".*", "locale", "vendor", "tests")
    )
    (tmp_path / "project/locale").mkdir()
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "--locale", "en_GB"],
        cwd=tmp_path / "project",
        env={**os.environ, "LEDGERPORT_ENV": "test"},
        check=True,
    )

    now, committed = (
        messages(place / "locale/en_GB/LC_MESSAGES/django.po")
        for place in (tmp_path / "project", ROOT)
    )

    advice = "run manage.py makemessages -l en_GB"
    assert (now - committed, committed - now) == (set(), set()), advice


def messages(catalogue: Path) -> set[str]:
    with catalogue.open("rb") as file:
        return {f"{each.context}: {each.id}" for each in read_po(file) if each.id}

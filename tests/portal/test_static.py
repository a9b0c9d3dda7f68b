"""What the browser is given: vendored files as declared, and nothing a strict policy refuses."""

import gzip
import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory

from portal.styleguide import styleguide
from sync import overview

STATIC = Path(settings.BASE_DIR) / "static"
VENDOR = STATIC / "vendor"
APP = Path(settings.BASE_DIR) / "portal"
TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
#: E-mails are no pages: mail programs know no policy, and no styles but those in place.
PAGES = [path for path in TEMPLATES if path.parent.name not in {"emails", "email"}]
ICON = re.compile(r"""{% icon ["']([^"']+)["']""")


def _packages() -> list[dict[str, Any]]:
    with (VENDOR / "MANIFEST.toml").open("rb") as manifest:
        packages: list[dict[str, Any]] = tomllib.load(manifest)["package"]
    return packages


def _files() -> list[dict[str, Any]]:
    return [file for package in _packages() for file in package["file"]]


@pytest.mark.parametrize("file", _files(), ids=lambda file: file["path"])
def test_vendored_file_is_what_was_taken(file):
    assert hashlib.sha256((VENDOR / file["path"]).read_bytes()).hexdigest() == file["sha256"]


def test_joined_file_is_its_parts_in_order():
    [joined] = [file for file in _files() if "joined_from" in file]

    parts = (VENDOR / joined["path"]).read_bytes().split(b"\n")

    assert [hashlib.sha256(part).hexdigest() for part in parts] == [
        part["sha256"] for part in joined["joined_from"]
    ]


def test_every_vendored_file_is_declared_and_has_its_licence():
    declared = {file["path"] for file in _files()} | {each["licence_file"] for each in _packages()}
    present = {
        path.relative_to(VENDOR).as_posix()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "MANIFEST.toml"
    }

    assert present == declared


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_template_compiles_and_names_icons_that_exist(template):
    engines["django"].from_string(template.read_text())

    for name in ICON.findall(template.read_text()):
        assert (VENDOR / "lucide" / f"{name}.svg").is_file(), name


def test_no_icon_lies_unused():
    named = {name for path in TEMPLATES for name in ICON.findall(path.read_text())}
    named |= set(re.findall(r'\bicon\("([^"]+)"', (APP / "templatetags" / "ui.py").read_text()))
    named |= {*overview.ICONS.values(), overview.OTHER_ICON}

    assert {path.stem for path in (VENDOR / "lucide").glob("*.svg")} - named == set()


@pytest.mark.parametrize("template", PAGES, ids=lambda path: path.stem)
def test_template_has_nothing_that_the_policy_refuses(template):
    source = template.read_text()

    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|js:|javascript:", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)
    assert not re.search(r'hx-trigger="[^"]*\[', source)


def test_stylesheet_names_files_that_exist():
    names = re.findall(r"url\(([^)]+)\)", (STATIC / "portal.css").read_text())

    assert names
    for name in names:
        assert (STATIC / name).is_file(), name


def test_important_stays_where_layers_turn_round_on_purpose():
    important = [
        line.strip()
        for line in (STATIC / "portal.css").read_text().splitlines()
        if "!important" in line
    ]

    assert important == [
        "[hidden] { display: none !important; }",
        (
            "position: absolute !important; inline-size: 1px; block-size: 1px; overflow: hidden; "
            "clip-path: inset(50%);"
        ),
        "animation-duration: .01ms !important; animation-iteration-count: 1 !important;",
        "transition-duration: .01ms !important;",
        "display: none !important;",
    ]


def test_first_visit_stays_light():
    scripts = ("portal.js", "theme.js", "vendor/htmx/htmx-with-sse.min.js")

    def size(name: str) -> int:
        return len(gzip.compress((STATIC / name).read_bytes()))

    assert size("portal.css") <= 16_000
    assert sum(map(size, scripts)) <= 20 * 1024


@pytest.fixture
def visit(settings, rf: RequestFactory) -> HttpRequest:
    settings.ROOT_URLCONF = "tests.portal.part_urls"
    request = rf.get("/styleguide")
    request.user = AnonymousUser()
    return request


@pytest.mark.parametrize("page", ["", "hosted"])
def test_style_guide_shows_every_part(visit, settings, page):
    settings.DEVELOPMENT = True
    visit.GET = {"page": page}

    response = styleguide(visit)

    assert response.status_code == 200
    assert b"Harbour Lending" in response.content


def test_style_guide_stays_at_home(visit, settings):
    settings.DEVELOPMENT = False

    with pytest.raises(Http404):
        styleguide(visit)


@pytest.mark.parametrize("status", ["400", "403", "403_csrf", "404", "429", "500"])
def test_error_page_needs_nothing_to_be_shown(status):
    page = render_to_string(f"{status}.html")

    assert "<h1>" in page
    assert 'href="/"' in page


def test_refusal_names_who_can_help():
    page = render_to_string("403.html", {"exception": "Your role, Analyst, cannot do this."})

    assert "Your role, Analyst, cannot do this." in page


def test_shell_without_an_organization_still_stands(visit):
    page = render_to_string("base.html", {}, request=visit)

    assert '<main id="main"' in page
    assert 'id="nav"' not in page


def test_shell_sends_the_token_with_every_htmx_request(visit):
    page = render_to_string("base.html", {}, request=visit)

    assert re.search(r"""hx-headers:inherited='{"X-CSRFToken": "\w{64}"}'""", page)

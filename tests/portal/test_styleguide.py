"""The styleguide shows every part: what a page is made of can be looked at in one place."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
#: E-mails have styles of their own; the support admin has a stylesheet of its own.
ELSEWHERE = {"emails", "email", "admin", "support"}
#: What one page alone has: a picture from elsewhere (`logo`, `qr`), the preview of Link pages
#: (`mock`), the API reference.
ON_ONE_PAGE = {"logo", "qr", "mock", "mock-h", "reference"}


def classes(html: str) -> set[str]:
    """Name the classes in a page or a template, those in branches of its tags included."""
    found: set[str] = set()
    for attribute in re.findall(r'class="([^"]*)"', html):
        words = re.sub(r"{%.*?%}|{{.*?}}", " ", attribute)
        found.update(words.split())
    return found


def test_every_part_of_a_page_is_shown(client, db):
    sheet = re.sub(r"{[^{}]*}", "{}", (ROOT / "static" / "portal.css").read_text())
    styled = set(re.findall(r"\.([a-z][\w-]*)", sheet))
    used = {
        name
        for path in (ROOT / "templates").rglob("*.html")
        if path.parent.name not in ELSEWHERE and not path.name.startswith("styleguide")
        for name in classes(path.read_text())
    }
    shown = classes(client.get("/styleguide").content.decode()) | classes(
        client.get("/styleguide?page=hosted").content.decode()
    )

    assert sorted((used & styled) - shown - ON_ONE_PAGE) == []

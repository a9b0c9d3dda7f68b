"""Do browsers get their styles and scripts? In development they come from the source."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage

from portal.doctor.findings import Answer, error, ok, several

_NAMED = re.compile(r"""{%\s*static\s+["']([^"']+)["']""")
_REMEDY = "python manage.py collectstatic --no-input, with this version's code; then restart web."


def collected() -> Answer:
    storage: Any = staticfiles_storage
    if not isinstance(storage, ManifestFilesMixin):
        return ok("Served from the source, as in development.")
    hashed: dict[str, str] = storage.hashed_files
    place = Path(settings.STATIC_ROOT)
    if not hashed:
        return error(
            f"No static files are collected in {place}.", "Every page answers 500.", _REMEDY
        )
    missing = sorted(
        name for name in set(_needed()) if name not in hashed or not (place / hashed[name]).exists()
    )
    if missing:
        return error(
            f"Templates need what is not collected: {several(missing)}.",
            "Pages that name it answer 500, or come without styles.",
            _REMEDY,
        )
    return ok(f"{len(hashed):,} files are collected, all that templates name among them.")


def _needed() -> Iterator[str]:
    for template in settings.TEMPLATES:
        for directory in template["DIRS"]:
            for path in Path(directory).rglob("*.html"):
                yield from _NAMED.findall(path.read_text())

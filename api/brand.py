"""Pictures of platforms: monograms of our own, since vendors' logos are theirs to give.

Anybody may see them: they stand on pages of organizations, where nobody is signed in here.
"""

import re
import zlib
from typing import Any
from xml.sax.saxutils import escape

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from api.shapes import platform_of
from connections.identifiers import source_id
from connections.platforms.base import Platform

#: The tiles' colours in the portal, by the same number.
_HUES = (
    "#0b6f90",
    "#1f7a1c",
    "#06664a",
    "#3a6ea8",
    "#35536b",
    "#a3460d",
    "#4f49c9",
    "#3b3f46",
)
_INK = "#1b1f24"
_A_DAY = "public, max-age=86400"
_PICTURES = ("full", "square", "button", "button-hover")


def logo_url(platform: type[Platform]) -> str:
    return _url(platform, "square")


def branding(platform: type[Platform]) -> dict[str, Any]:
    def picture(name: str, alt: str) -> dict[str, Any]:
        return {"image": {"src": _url(platform, name), "alt": alt}}

    return {
        "logo": {
            "full": picture("full", platform.name),
            "square": picture("square", platform.name),
        },
        "button": {
            "default": picture("button", f"Connect to {platform.name}"),
            "hover": picture("button-hover", f"Connect to {platform.name}"),
        },
        "sourceId": source_id(platform.code),
    }


@login_not_required
@require_safe
def picture(request: HttpRequest, code: str, name: str) -> HttpResponse:  # noqa: ARG001
    try:
        platform = platform_of(code)
    except KeyError:
        raise Http404 from None
    if name not in _PICTURES:
        raise Http404
    response = HttpResponse(_drawn(platform, name), content_type="image/svg+xml")
    response["Cache-Control"] = _A_DAY
    return response


def _url(platform: type[Platform], name: str) -> str:
    return f"{settings.BASE_URL}{reverse('brand', args=[platform.code, name])}"


def _drawn(platform: type[Platform], name: str) -> str:
    hue = _HUES[zlib.crc32(platform.key.encode()) % len(_HUES)]
    letters = re.findall(r"[^\W_]", platform.key) or ["?"]
    letter, title = escape(letters[0].upper()), escape(platform.name)
    tile = (
        f'<rect width="48" height="48" rx="10" fill="{hue}"/>'
        f'<text x="24" y="33" text-anchor="middle" font-size="26" fill="#fff">{letter}</text>'
    )
    match name:
        case "square":
            width, drawn = 48, tile
        case "full":
            width = 72 + 15 * len(platform.name)
            drawn = f'{tile}<text x="60" y="33" font-size="24" fill="{_INK}">{title}</text>'
        case _:
            title = escape(f"Connect to {platform.name}")
            width = 40 + 11 * len(title)
            shade = ' opacity="0.85"' if name == "button-hover" else ""
            drawn = (
                f'<rect width="{width}" height="48" rx="10" fill="{hue}"{shade}/>'
                f'<text x="{width / 2:g}" y="31" text-anchor="middle" font-size="19" '
                f'fill="#fff">{title}</text>'
            )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 48" width="{width}" '
        f'height="48" role="img" font-family="system-ui, sans-serif" font-weight="600">'
        f"<title>{title}</title>{drawn}</svg>"
    )

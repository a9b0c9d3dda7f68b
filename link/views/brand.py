"""What dresses the Link pages: no secret, the same for everybody, kept by browsers for long."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from link import colours
from link.settings import find_logo

_FOR_LONG = "public, max-age=31536000, immutable"
_NOTHING_ELSE: dict[str, Any] = {
    "default-src": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "sandbox": True,
}


@login_not_required
@require_safe
@csp_override(_NOTHING_ELSE)
def stylesheet(request: HttpRequest, colour: str) -> HttpResponse:  # noqa: ARG001
    try:
        rules = colours.stylesheet(colours.parse(colour))
    except ValueError as error:
        raise Http404 from error
    return _kept(HttpResponse(rules, content_type="text/css"))


@login_not_required
@require_safe
@csp_override(_NOTHING_ELSE)
def logo(request: HttpRequest, settings_id: UUID, digest: str) -> HttpResponse:  # noqa: ARG001
    found = find_logo(settings_id, digest)
    if found is None:
        raise Http404
    response = HttpResponse(found.content, content_type=found.media_type)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # e-mails show it
    return _kept(response)


def _kept(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = _FOR_LONG
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response

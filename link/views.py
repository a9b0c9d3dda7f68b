"""The hosted Link pages, for the company's own people. Nothing changes by GET but the callback."""

import re
from contextlib import suppress
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connections import links, oauth
from connections.models import AuthorizationAttempt
from connections.operations import AlreadyConnected, Deleted, NotLinked
from connections.registration import available_platforms, platform_choices
from link import operations
from link.hosted import (
    Visit,
    browser_of,
    for_visit,
    gone,
    hosted,
    known_or_new_browser,
    remember_browser,
)
from link.sharing import in_plain_words

BAD_REQUEST = 400
CONFLICT = 409
_SEE_OTHER = 303
_LONGEST = 4096
#: RFC 6749 names its errors so; anything else is not repeated.
_ERROR_CODE = re.compile(r"[a-z_]{1,60}")

safe = require_http_methods(["GET", "HEAD"])


@hosted
@safe
@for_visit
def start(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Say who asks for what, or what is linked already."""
    data_types = {kind for platform in available_platforms() for kind in platform.data_types}
    context = {"visit": visit, "shared": in_plain_words(data_types)}
    return render(request, "link/start.html", context)


@hosted
@safe
@for_visit
def choose(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Let the customer find their platform."""
    wanted = request.GET.get("q", "").strip()[:100]
    platforms = platform_choices()
    found = [(key, name) for key, name in platforms if wanted.casefold() in name.casefold()]
    context = {"visit": visit, "platforms": found, "count": len(platforms), "wanted": wanted}
    return render(request, "link/choose.html", context)


@hosted
@require_POST
@for_visit
def authorize(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Leave for the platform's consent page."""
    browser = known_or_new_browser(request)
    try:
        url = operations.start(
            visit.link, platform=request.POST.get("platform", ""), browser=browser
        )
    except KeyError:
        return redirect("link:choose", token=visit.token)
    except AlreadyConnected as refusal:
        context = {"visit": visit, "refusal": str(refusal)}
        return render(request, "link/refused.html", context, status=CONFLICT)
    response = redirect(url)
    response.status_code = _SEE_OTHER
    remember_browser(response, browser)
    return response


@hosted
@require_POST
@for_visit
def disconnect(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Take the authorization back."""
    wanted = request.POST.get("connection", "")
    for connection in visit.linked:
        if str(connection.pk) == wanted:
            with suppress(NotLinked, Deleted):  # somebody else was first: the page shows it
                operations.disconnect(connection)
    return redirect("link:start", token=visit.token)


@hosted
@safe
@for_visit
def result(request: HttpRequest, visit: Visit, attempt_id: UUID) -> HttpResponse:
    """Say what came of the trip to the platform, and what to do next."""
    attempts = AuthorizationAttempt.objects.within(visit.link.organization_id)
    attempt = (
        attempts.filter(pk=attempt_id, link_url=visit.link).select_related("connection").first()
    )
    if attempt is None:
        return gone(request)
    error = attempt.connection.errors.order_by("-errored_at", "-id").first()
    context = {"visit": visit, "attempt": attempt, "error": error, "Outcome": operations.Outcome}
    return render(request, "link/result.html", context)


@hosted
@require_GET
def callback(request: HttpRequest, platform: str) -> HttpResponse:
    """Take the customer back from the platform; a reload only shows the result again."""
    state, code, error = (request.GET.get(name, "") for name in ("state", "code", "error"))
    if not state or not (code or error) or len(state) + len(code) > _LONGEST:
        return _not_ours(request)
    try:
        attempt = oauth.find_attempt(platform=platform, state=state, browser=browser_of(request))
        if oauth.claim(attempt):
            _conclude(attempt, code=code, error=error)
    except oauth.NotOurs:
        return _not_ours(request)
    # Elsewhere, so that neither code nor state stays in the address.
    response = redirect(
        "link:result", token=links.token_of(attempt.link_url_id), attempt_id=attempt.pk
    )
    response.status_code = _SEE_OTHER
    return response


def _conclude(attempt: AuthorizationAttempt, *, code: str, error: str) -> None:
    if error == "access_denied":
        operations.cancel(attempt)
    elif error or not code:
        known = error if _ERROR_CODE.fullmatch(error) else "unknown_error"
        operations.refuse(attempt, error=known)
    else:
        operations.complete(attempt, code=code)


def _not_ours(request: HttpRequest) -> HttpResponse:
    return render(request, "link/not_ours.html", status=BAD_REQUEST)

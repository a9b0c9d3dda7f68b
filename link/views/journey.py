"""The hosted Link pages, for the company's own people. Nothing changes by GET but the callback."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from companies import tenancy
from connections import links, oauth
from connections.models import AuthorizationAttempt
from connections.offers import is_offered
from connections.operations import AlreadyConnected, Deleted, DifferentBusiness, NotLinked
from connections.platforms import PLATFORMS
from connections.platforms.base import CredentialPlatform, Platform
from files import operations as files
from files.forms import UploadForm
from files.models import UploadedFile
from link import choice, operations, redirects, visits
from link.forms import CredentialsForm
from link.hosted import (
    NOT_FOUND,
    Visit,
    browser_of,
    for_visit,
    for_visit_outside_transactions,
    gone,
    hosted,
    known_or_new_browser,
    remember_browser,
)
from link.sharing import in_plain_words

BAD_REQUEST = 400
CONFLICT = 409
UNPROCESSABLE = 422
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
    browser = known_or_new_browser(request)
    if request.method == "GET":
        visits.note_opening(
            visit.link, browser=browser, query=request.GET.dict(), was_linked=bool(visit.linked)
        )
    if visit.settings.shows_landing or visit.known or visit.chosen:
        platforms = choice.asked_for(visit)
        response = render(request, "link/start.html", _asking(visit, platforms))
    else:
        response = redirect("link:choose", token=visit.token)
    remember_browser(response, browser)
    return response


@hosted
@require_http_methods(["GET", "HEAD", "POST"])
@for_visit
def choose(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Let the customer find their platform."""
    if request.method == "POST":
        key = request.POST.get("platform", "")
        if not choice.may_link(visit, key):
            return _not_offered(request, visit)
        visits.note_choice(visit.link, browser=browser_of(request))
        response = redirect("link:consent", token=visit.token, platform=key)
        response.status_code = _SEE_OTHER
        return response
    wanted = request.GET.get("q", "").strip()[:100]
    platforms = [(each.key, each.name) for each in choice.offered(visit)]
    found = [(key, name) for key, name in platforms if wanted.casefold() in name.casefold()]
    context = {"visit": visit, "platforms": found, "count": len(platforms), "wanted": wanted}
    return render(request, "link/choose.html", context)


@hosted
@safe
@for_visit
def consent(request: HttpRequest, visit: Visit, platform: str) -> HttpResponse:
    """Say what is shared, and what the organization says to that, before the customer leaves."""
    if not choice.may_link(visit, platform):
        return _not_offered(request, visit)
    adapter = PLATFORMS[platform]
    context = _asking(visit, [adapter]) | {"platform": platform, "platform_name": adapter.name}
    return render(request, "link/consent.html", context)


@hosted
@safe
@for_visit
def other(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Say what to do with software that is not offered."""
    return render(request, "link/other.html", {"visit": visit})


@hosted
@safe
@for_visit
def ask_exit(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Ask whether the customer means to go; other pages ask the same in a dialog."""
    return render(request, "link/exit.html", {"visit": visit})


@hosted
@safe
@for_visit
def finish(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Send the customer where the organization wants them, or say that this is the end."""
    ending = visits.finish(
        visit.record, visit.connections, is_unsupported=request.GET.get("why") == "unsupported"
    )
    if not visit.settings.redirect_url:
        return render(request, "link/finished.html", {"visit": visit, "ending": ending})
    return redirect(
        redirects.filled(
            visit.settings.redirect_url,
            ending,
            client_id=visit.link.organization_id,
            company_id=visit.company.pk,
            name=visit.company.name,
        )
    )


@hosted
@require_POST
@for_visit
def authorize(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Leave for the platform's consent page, or for our own where it has none."""
    browser = known_or_new_browser(request)
    key = request.POST.get("platform", "")
    if _credential_platform(visit, key):
        response = redirect("link:credentials", token=visit.token, platform=key)
        response.status_code = _SEE_OTHER
        return response
    try:
        url = operations.start(visit.link, platform=key, browser=browser)
    except KeyError:
        return redirect("link:choose", token=visit.token)
    except AlreadyConnected as refusal:
        return _refused(request, visit, refusal)
    response = redirect(url)
    response.status_code = _SEE_OTHER
    remember_browser(response, browser)
    return response


@hosted
@require_http_methods(["GET", "HEAD", "POST"])
@for_visit_outside_transactions
def credentials(request: HttpRequest, visit: Visit, platform: str) -> HttpResponse:
    """Ask for address and key, try them at once, and say what is wrong with them."""
    adapter = _credential_platform(visit, platform)
    if adapter is None:
        return redirect("link:choose", token=visit.token)
    form = CredentialsForm(request.POST or None, platform=adapter)
    try:
        if form.is_valid():
            with form.refusals():
                operations.link_with_credentials(
                    visit.link,
                    platform=adapter,
                    typed_in=form.cleaned_data,
                    browser=browser_of(request),
                )
                response = redirect("link:start", token=visit.token)
                response.status_code = _SEE_OTHER
                return response
    except AlreadyConnected as refusal:
        return _refused(request, visit, refusal)
    except KeyError:  # switched off meanwhile
        return redirect("link:choose", token=visit.token)
    except Deleted:  # the start says so when the company went, too
        return redirect("link:start", token=visit.token)
    except DifferentBusiness:
        form.add_error(
            None,
            _(
                "These are the books of another business than %(company)s linked before, and "
                "two must not be mixed. Type in what opens the books that were linked first."
            )
            % {"company": visit.company.name},
        )
    context = {
        "visit": visit,
        "form": form,
        "platform_name": adapter.name,
        "unfit_for_phones": [] if adapter.works_on_phones else [adapter.name],
    }
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "link/credentials.html", context, status=status)


@hosted
@require_http_methods(["GET", "HEAD", "POST"])
@for_visit
def upload(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Take files instead of an authorization, and say of each refused one why."""
    if not visit.settings.offers_upload:
        return redirect("link:choose", token=visit.token)
    if request.method != "POST":
        return render(request, "link/upload.html", {"visit": visit, "form": UploadForm()})
    form = UploadForm(request.POST, request.FILES)
    context: dict[str, object] = {"visit": visit, "form": form}
    if form.is_valid():
        try:
            stored = files.store(
                visit.company, form.cleaned_data["file"], source=UploadedFile.Source.LINK
            )
        except files.Deleted:
            return gone(request)
        if stored.taken:
            visits.note_upload(visit.link, browser=browser_of(request))
        if not stored.refused:
            response = redirect("link:uploaded", token=visit.token, upload_id=stored.id)
            response.status_code = _SEE_OTHER
            return response
        context |= {"form": UploadForm(), "upload": stored}
    return render(request, "link/upload.html", context, status=UNPROCESSABLE)


@hosted
@safe
@for_visit
def uploaded(request: HttpRequest, visit: Visit, upload_id: UUID) -> HttpResponse:
    """Say what was taken."""
    found = UploadedFile.objects.within(visit.link.organization_id).filter(
        company=visit.company, upload_id=upload_id, source=UploadedFile.Source.LINK
    )
    taken = list(found.newest_first())
    if not taken:
        return gone(request)
    return render(request, "link/uploaded.html", {"visit": visit, "files": taken})


@hosted
@require_POST
@for_visit_outside_transactions
def choose_organization(request: HttpRequest, visit: Visit, attempt_id: UUID) -> HttpResponse:
    """Link one of the organizations that the customer's consent reaches."""
    attempt = _attempt(visit, attempt_id)
    if attempt is None or not oauth.is_from(attempt, browser_of(request)):
        return _not_ours(request)
    try:
        operations.choose(attempt, organization=request.POST.get("organization", ""))
    except oauth.NotOurs:
        return _not_ours(request)
    response = redirect("link:result", token=visit.token, attempt_id=attempt.pk)
    response.status_code = _SEE_OTHER
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
    attempt = _attempt(visit, attempt_id)
    if attempt is None:
        return gone(request)
    error = attempt.connection.errors.order_by("-errored_at", "-id").first()
    context = {
        "visit": visit,
        "attempt": attempt,
        "error": error,
        "Outcome": operations.Outcome,
        "can_add": bool(choice.offered(visit)),
    }
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
            _conclude(attempt, code=code, error=error, callback=request.GET.dict())
    except oauth.NotOurs:
        return _not_ours(request)
    # Elsewhere, so that neither code nor state stays in the address.
    response = redirect(
        "link:result", token=links.token_of(attempt.link_url_id), attempt_id=attempt.pk
    )
    response.status_code = _SEE_OTHER
    return response


def _conclude(
    attempt: AuthorizationAttempt, *, code: str, error: str, callback: dict[str, str]
) -> None:
    if error == "access_denied":
        operations.cancel(attempt)
    elif error or not code:
        known = error if _ERROR_CODE.fullmatch(error) else "unknown_error"
        operations.refuse(attempt, error=known)
    else:
        operations.complete(attempt, code=code, callback=callback)


def _attempt(visit: Visit, attempt_id: UUID) -> AuthorizationAttempt | None:
    with tenancy.entered(visit.link.organization_id):
        attempts = AuthorizationAttempt.objects.within(visit.link.organization_id)
        mine = attempts.filter(pk=attempt_id, link_url=visit.link)
        return mine.select_related("connection").first()


def _credential_platform(visit: Visit, key: str) -> type[CredentialPlatform] | None:
    """Return the adapter, when its customers give us a key and this visitor may link it."""
    platform = PLATFORMS.get(key)
    if platform is None or not issubclass(platform, CredentialPlatform):
        return None
    is_known = any(each.platform == key for each in visit.connections)
    return platform if is_known or is_offered(visit.link.organization_id, key) else None


def _asking(visit: Visit, platforms: Sequence[type[Platform]]) -> dict[str, Any]:
    """Return what a page needs that says what is shared."""
    data_types = {kind for platform in platforms for kind in platform.data_types}
    return {
        "visit": visit,
        "settings": visit.settings,
        "shared": in_plain_words(data_types),
        "unfit_for_phones": [each.name for each in platforms if not each.works_on_phones],
        "can_add": bool(choice.offered(visit)),
    }


def _not_offered(request: HttpRequest, visit: Visit) -> HttpResponse:
    return render(request, "link/not_offered.html", {"visit": visit}, status=NOT_FOUND)


def _refused(request: HttpRequest, visit: Visit, refusal: AlreadyConnected) -> HttpResponse:
    context = {"visit": visit, "refusal": str(refusal)}
    return render(request, "link/refused.html", context, status=CONFLICT)


def _not_ours(request: HttpRequest) -> HttpResponse:
    return render(request, "link/not_ours.html", status=BAD_REQUEST)

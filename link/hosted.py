"""What every hosted page has: its headers, its visitor, and the organization it is entered for."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override

from companies import tenancy
from companies.models import Company
from connections import links, oauth, one_time
from connections.models import Connection, LinkUrl
from connections.registration import consent_origins
from link import rate_limit, redirects, visits
from link.models import LinkSettings, LinkVisit
from link.settings import settings_of

BROWSER_COOKIE = "__Host-ledgerport-link" if settings.SECURE else "ledgerport-link"
_BROWSER_SECONDS = 24 * 60 * 60
FORBIDDEN = 403
NOT_FOUND = 404
GONE = 410
TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Visit:
    """A customer who opened a Link URL that is in force."""

    token: str
    link: LinkUrl
    company: Company
    connections: list[Connection]
    settings: LinkSettings
    #: What this browser brought along; nothing where it refuses cookies.
    record: LinkVisit | None

    @property
    def sender(self) -> str:
        """Who asks, in the customer's eyes."""
        return self.settings.name

    @property
    def is_one_time(self) -> bool:
        """Whether the Link URL opens once only: who comes back needs another."""
        return self.company.organization.uses_one_time_links

    @property
    def has_uploaded(self) -> bool:
        """Whether files were uploaded instead of anything linked."""
        code = self.record.status_code if self.record else None
        return not self.linked and code == redirects.AUTHORIZED

    @property
    def linked(self) -> list[Connection]:
        """What works now, of what this Link URL may touch."""
        return [each for each in self.connections if each.is_linked]

    @property
    def ended(self) -> Connection | None:
        """What worked before and has to be authorized again."""
        if self.linked:
            return None
        return next((each for each in self.connections if each.first_linked_at), None)

    @property
    def known(self) -> list[Connection]:
        """What is linked or was: a returning customer sees it."""
        return [each for each in self.connections if each.first_linked_at or each.is_linked]

    @property
    def chosen(self) -> Connection | None:
        """What the sender has chosen: such a visitor is not asked for a platform."""
        return self.connections[0] if self.link.connection_id else None

    @property
    def to_authorize(self) -> Connection | None:
        """What there is no need to choose."""
        return self.chosen or self.ended


type View = Callable[..., HttpResponse]


def hosted(view: View) -> View:
    """Serve a page outside the portal: no sign-in, no cache, no robots, no frame, no referrer."""

    @login_not_required
    @wraps(view)
    def served(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = csp_override(_policy())(view)(request, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        return response

    return served


def for_visit(view: View) -> View:
    """Find whose Link URL this is and enter that organization; unknown ones all look alike."""
    return _visited(view, is_atomic=True)


def for_visit_outside_transactions(view: View) -> View:
    """Find whose Link URL this is; the view waits for another server, and enters by itself."""
    return _visited(view, is_atomic=False)


def for_opening(view: View) -> View:
    """Find whose Link URL this is, for a browser that has yet to show a code."""
    return _visited(view, is_atomic=True, needs_code=False)


def _visited(view: View, *, is_atomic: bool, needs_code: bool = True) -> View:
    @wraps(view)
    def visited(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        if not rate_limit.allows(request, token):
            response = render(request, "link/too_many.html", status=TOO_MANY)
            response.headers["Retry-After"] = str(rate_limit.WINDOW_SECONDS)
            return response
        link = links.find(token)
        if link is None:
            return gone(request)
        with tenancy.entered(link.organization_id):
            visit = _visit(request, token, link)
            is_closed = (
                needs_code
                and visit.is_one_time
                and not one_time.admits(link, browser=browser_of(request))
            )
            if is_closed:
                response = closed(request, visit, code=one_time.code_in(request.GET.dict()))
            elif is_atomic:
                response = view(request, visit, **kwargs)
        if not is_closed and not is_atomic:
            response = view(request, visit, **kwargs)
        # Browsers send `Origin: null` with forms of a page that allows no referrer at all, and
        # that is refused as cross-site. To other sites this policy tells as little.
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return visited


def gone(request: HttpRequest) -> HttpResponse:
    """Answer for a Link URL that is unknown, expired or revoked, without telling which."""
    return render(request, "link/gone.html", status=NOT_FOUND)


def closed(request: HttpRequest, visit: Visit, *, code: str) -> HttpResponse:
    """Ask a browser that has not used a code to use the one it shows, or say why it cannot."""
    standing = one_time.standing(visit.link, code)
    if standing is one_time.Standing.GOOD:
        query = urlencode(visits.parameters_of(request.GET.dict()))
        context = {"visit": visit, "code": code, "query": query}
        return render(request, "link/open.html", context)
    status = FORBIDDEN if standing is one_time.Standing.MISSING else GONE
    context = {"visit": visit, "standing": standing.name.lower()}
    return render(request, "link/closed.html", context, status=status)


def browser_of(request: HttpRequest) -> str:
    return request.COOKIES.get(BROWSER_COOKIE, "")


def remember_browser(response: HttpResponse, browser: str) -> None:
    """Bind the trip to the platform to this browser; Lax lets the cookie return from there."""
    response.set_cookie(
        BROWSER_COOKIE,
        browser,
        max_age=_BROWSER_SECONDS,
        secure=settings.SECURE,
        httponly=True,
        samesite="Lax",
    )


def known_or_new_browser(request: HttpRequest) -> str:
    return browser_of(request) or oauth.new_browser()


def _visit(request: HttpRequest, token: str, link: LinkUrl) -> Visit:
    company = Company.objects.select_related("organization").get(pk=link.company_id)
    connections = Connection.objects.within(link.organization_id).filter(company=company)
    if link.connection_id:
        connections = connections.filter(pk=link.connection_id)
    return Visit(
        token=token,
        link=link,
        company=company,
        connections=list(connections.order_by("-status_changed_at", "id")),
        settings=settings_of(company.organization),
        record=visits.find(link, browser=browser_of(request)),
    )


def _policy() -> dict[str, Any]:
    """Return the portal's policy, in which forms may also lead to a platform's consent page."""
    forms = [CSP.SELF, *consent_origins()]
    return {**settings.SECURE_CSP, "script-src": [CSP.NONE], "form-action": forms}

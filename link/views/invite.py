"""The page behind the invite URL: a stranger names their company and gets its Link URL."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from companies import tenancy
from link import invites, rate_limit
from link.forms import InviteForm
from link.hosted import TOO_MANY, gone, hosted
from link.visits import parameters_of

UNPROCESSABLE = 422
_SEE_OTHER = 303


@hosted
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the company's name, add it, and lead on to its own Link URL."""
    if not rate_limit.allows(request, token):
        return _too_many(request, rate_limit.WINDOW_SECONDS)
    found = invites.find(token)
    if found is None:
        return gone(request)
    form = InviteForm(request.POST or None)
    with tenancy.entered(found.organization_id):
        if form.is_valid():
            try:
                url = invites.accept(
                    found, name=form.cleaned_data["name"], address=rate_limit.address_of(request)
                )
            except invites.TooMany:
                return _too_many(request, rate_limit.HOUR)
            return _led_on(request, url)
        status = UNPROCESSABLE if form.is_bound else 200
        response = render(
            request, "link/invite.html", {"settings": found, "form": form}, status=status
        )
    # As on the other pages: without it browsers send forms with `Origin: null`.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _led_on(request: HttpRequest, url: str) -> HttpResponse:
    query = request.GET.copy()
    query.clear()
    query.update(parameters_of(request.GET.dict()))
    response = HttpResponse(status=_SEE_OTHER)
    response.headers["Location"] = f"{url}?{query.urlencode()}" if query else url
    return response


def _too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    response = render(request, "link/too_many.html", {"seconds": seconds}, status=TOO_MANY)
    response.headers["Retry-After"] = str(seconds)
    return response

"""A one-time Link URL is opened: by a form, so that programs that follow links do not use it up."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from connections import one_time
from link.hosted import (
    Visit,
    browser_of,
    closed,
    for_opening,
    hosted,
    known_or_new_browser,
    remember_browser,
)
from link.visits import parameters_of

_SEE_OTHER = 303


@hosted
@require_POST
@for_opening
def use_code(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Use the code up and let this browser in; whoever is in already uses up none."""
    browser = known_or_new_browser(request)
    if visit.is_one_time and not one_time.admits(visit.link, browser=browser_of(request)):
        code = one_time.code_in(request.POST.dict())
        if not one_time.use(visit.link, code, browser=browser):
            return closed(request, visit, code=code)
    query = parameters_of(request.GET.dict())
    response = redirect(reverse("link:start", kwargs={"token": visit.token}, query=query or None))
    response.status_code = _SEE_OTHER
    remember_browser(response, browser)
    return response

"""The addresses that the shell names, so that parts can be rendered without the pages."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from portal.styleguide import styleguide


def _page(request: HttpRequest, **_: str) -> HttpResponse:
    return HttpResponse(request.path)


urlpatterns = [
    path("account/", _page, name="account"),
    path("accounts/logout/", _page, name="account_logout"),
    path("styleguide", styleguide, name="styleguide"),
    path(
        "o/<slug:organization>/companies/",
        include(([path("", _page, name="list"), path("find", _page, name="find")], "companies")),
    ),
    path(
        "o/<slug:organization>/data-types/",
        include(([path("", _page, name="data-types")], "sync")),
    ),
]

"""Sign-in that htmx understands, the reader's clock, and static files."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect
from whitenoise.middleware import WhiteNoiseMiddleware

from portal.pool import let_go


class PortalLoginRequiredMiddleware(LoginRequiredMiddleware):
    """Close pages unless they say otherwise; htmx leaves the page instead of filling a cell."""

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        if "text/event-stream" in request.headers.get("Accept", ""):
            return HttpResponse(status=401)  # a page that reconnects would take a form for news
        response = super().handle_no_permission(request, view_func)
        if request.headers.get("HX-Request") == "true" and isinstance(response, HttpResponse):
            return HttpResponseClientRedirect(response["Location"])
        return response


class LettingGoMiddleware:
    """Give the database connection back before a response that is sent while it is made.

    Django does when a request has ended, which for an open page is hours later, and for a file as
    long as a slow reader wants: a handful of them would keep all others from the database.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.streaming:
            let_go()
        return response


class TimezoneMiddleware:
    """Show times in the reader's own zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        zone = request.user.zone if request.user.is_authenticated else UTC
        with timezone.override(zone):
            return self.get_response(request)


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # whitenoise is untyped
    """Serve static files whole: they are small, and an async server cannot stream a plain file."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        found = static_file.get_response(request.method, request.META)
        content = b""
        if found.file is not None:
            with found.file as file:
                content = file.read()
        response = HttpResponse(content, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response

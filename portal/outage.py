"""What people and programs are told while the database is away: come back in a moment."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views import defaults

#: A database that was restarted takes connections again after a few.
RETRY_AFTER_SECONDS = 5
_UNAVAILABLE = 503


def is_outage(error: BaseException | None) -> bool:
    """Tell whether the same request may well succeed soon: nothing of it was kept."""
    return isinstance(error, OperationalError | InterfaceError)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a request that failed; Django calls it with the exception at hand."""
    if not is_outage(sys.exc_info()[1]):
        return defaults.server_error(request)
    page = loader.render_to_string("503.html")
    return HttpResponse(
        page, status=_UNAVAILABLE, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}
    )

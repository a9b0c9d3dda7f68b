"""What our views know about a request."""

from typing import TYPE_CHECKING

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

if TYPE_CHECKING:  # the bottom layer only names them
    from companies.models import Membership, Organization, User


class PortalRequest(HttpRequest):
    """A signed-in member's request inside an organization."""

    htmx: HtmxDetails
    user: "User"
    organization: "Organization"
    membership: "Membership"


def wants_fragment(request: HttpRequest) -> bool:
    """Tell whether htmx asks for a part of the page.

    Boosted links and history restores are htmx requests that want whole pages.
    """
    return bool(request.headers.get("HX-Request-Type") == "partial")

"""What our views know about a request."""

from django.http import HttpRequest


def wants_fragment(request: HttpRequest) -> bool:
    """Tell whether htmx asks for a part of the page.

    Boosted links and history restores are htmx requests that want whole pages.
    """
    return bool(request.headers.get("HX-Request-Type") == "partial")

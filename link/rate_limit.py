"""How often somebody may do what costs us, or others, something."""

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from portal.counting import count

WINDOW_SECONDS = 60
REQUESTS = 60
HOUR, DAY = 60 * 60, 24 * 60 * 60


def allows(request: HttpRequest, token: str) -> bool:
    """Count this opening of a Link URL by one address, and tell whether it may pass."""
    return passes(f"{address_of(request)}|{token}", at_most=REQUESTS, seconds=WINDOW_SECONDS)


def passes(what: str, *, at_most: int, seconds: int) -> bool:
    """Count and tell whether it may pass; without a counter everybody may."""
    # The counter's key names neither the visitor nor the token.
    return count(f"link:{_digest(what)}", seconds=seconds) <= at_most


def address_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _digest(what: str) -> str:
    return salted_hmac("ledgerport.link-rate", what, algorithm="sha256").hexdigest()

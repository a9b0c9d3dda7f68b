"""How often one address may open one Link URL."""

import logging

import redis
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
REQUESTS = 60


def allows(request: HttpRequest, token: str) -> bool:
    """Count this request and tell whether it may pass; without a counter everybody may."""
    visitor = f"{request.META.get('REMOTE_ADDR', '')}|{token}"
    # The counter's key names neither the visitor nor the token.
    key = f"link:{_digest(visitor)}"
    try:
        cache.add(key, 0, timeout=WINDOW_SECONDS)
        return cache.incr(key) <= REQUESTS
    except ValueError:  # it expired between the two
        return True
    except redis.RedisError as error:
        logger.warning("could not count visits to a Link URL: %s", error)
        return True


def _digest(visitor: str) -> str:
    return salted_hmac("ledgerport.link-rate", visitor, algorithm="sha256").hexdigest()

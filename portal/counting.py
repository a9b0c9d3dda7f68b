"""Counts in Redis, or Valkey: how often something happened within a time. No answer is zero."""

import logging
from contextlib import suppress

import redis
from django.core.cache import cache

logger = logging.getLogger(__name__)


def count(key: str, *, seconds: int) -> int:
    """Count one more and return how many that makes since the first, `seconds` ago at most.

    Without Redis it is 0: nobody is refused because nobody can count.
    """
    try:
        cache.add(key, 0, timeout=seconds)
        return int(cache.incr(key))
    except ValueError:  # it expired between the two
        return 1
    except redis.RedisError as error:
        # Not the key: it may name an organization or an address.
        logger.warning("could not count: %s", error)
        return 0


def uncount(key: str) -> None:
    """Take one count back."""
    with suppress(ValueError, redis.RedisError):
        cache.decr(key)

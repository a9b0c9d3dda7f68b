"""Counts in Redis, or Valkey: how often something happened within a time. No answer is zero."""

import logging
from contextlib import suppress

import redis

from portal import valkey

logger = logging.getLogger(__name__)

#: What expired meanwhile must not come back below zero, and for ever.
_UNCOUNT = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECR', KEYS[1]) end"


def count(key: str, *, seconds: int) -> int:
    """Count one more and return how many that makes since the first, `seconds` ago at most.

    Without Redis it is 0: nobody is refused because nobody can count.
    """
    try:
        # One round trip; through Django's cache it were three, each with a client of its own.
        with valkey.asked() as server, server.pipeline() as both:
            both.set(_named(key), 0, ex=seconds, nx=True)
            both.incr(_named(key))
            return int(both.execute()[-1])
    except redis.RedisError as error:
        # Not the key: it may name an organization or an address.
        logger.warning("could not count: %s", error)
        return 0


def uncount(key: str) -> None:
    """Take one count back."""
    with suppress(redis.RedisError), valkey.asked() as server:
        server.eval(_UNCOUNT, 1, _named(key))


def _named(key: str) -> str:
    return f"ledgerport:count:{key}"

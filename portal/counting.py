"""Counts in Redis, or Valkey: how often something happened within a time. No answer is zero."""

import functools
import logging
from contextlib import suppress
from typing import Any

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

_SECONDS = 2.0
#: What expired meanwhile must not come back below zero, and for ever.
_UNCOUNT = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECR', KEYS[1]) end"


def count(key: str, *, seconds: int) -> int:
    """Count one more and return how many that makes since the first, `seconds` ago at most.

    Without Redis it is 0: nobody is refused because nobody can count.
    """
    try:
        # One round trip; through Django's cache it were three, each with a client of its own.
        with _redis().pipeline() as both:
            both.set(_named(key), 0, ex=seconds, nx=True)
            both.incr(_named(key))
            return int(both.execute()[-1])
    except redis.RedisError as error:
        # Not the key: it may name an organization or an address.
        logger.warning("could not count: %s", error)
        return 0


def uncount(key: str) -> None:
    """Take one count back."""
    with suppress(redis.RedisError):
        _uncount()(keys=[_named(key)])


def _named(key: str) -> str:
    return f"ledgerport:count:{key}"


@functools.cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS
    )


@functools.cache
def _uncount() -> Any:
    return _redis().register_script(_UNCOUNT)

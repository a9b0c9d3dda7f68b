"""Valkey, or Redis, for whoever can do without an answer.

One that hangs keeps everybody who asks waiting, again and again: a page that asks five times would
take five times as long. So whoever was left without an answer says so, and for a few seconds nobody
in this process asks. One that refuses, or is not there, costs no time and is asked every time.
"""

import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from django.conf import settings
from django.core.cache.backends.redis import RedisCache

#: It answers within a thousandth of that.
SECONDS = 1.0
_AVOIDED_SECONDS = 5.0
_avoided_until = float("-inf")


class Avoided(redis.TimeoutError):
    """It left somebody without an answer a moment ago, and was not asked."""


@contextmanager
def asked() -> Iterator[redis.Redis]:
    """Open a block that asks it something.

    :raises redis.RedisError: when there is no answer; at once, as `Avoided`, when there was none a
        moment ago.
    """
    with watched():
        yield _client()


@contextmanager
def watched() -> Iterator[None]:
    """Open a block that asks it with a client of its own, and raises as `asked` does."""
    require()
    try:
        yield
    except redis.TimeoutError:
        avoid()
        raise


def require() -> None:
    """:raises Avoided: when it left somebody without an answer a moment ago."""
    if time.monotonic() < _avoided_until:
        raise Avoided("left us without an answer a moment ago, so it was not asked")


def avoid() -> None:
    """Have nobody ask for a while."""
    global _avoided_until  # noqa: PLW0603 - the process's own knowledge
    _avoided_until = time.monotonic() + _AVOIDED_SECONDS


class Cache(RedisCache):
    """Django's cache, which is not asked either while there is no answer."""

    def get(self, *arguments: Any, **named: Any) -> Any:
        with watched():
            return super().get(*arguments, **named)

    def set(self, *arguments: Any, **named: Any) -> None:
        with watched():
            super().set(*arguments, **named)


@functools.cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=SECONDS, socket_connect_timeout=SECONDS
    )

"""Signs of life that long-running processes leave in Valkey, for whoever asks on another machine.

The moment in them is the database's: clocks of machines may differ.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import redis
from django.core.cache import cache

from portal import clock

#: They are left seconds apart; after so long without one, nobody is alive.
LOST_AFTER = timedelta(seconds=60)


def leave(name: str) -> None:
    """Leave a sign of life; Valkey may be down."""
    try:
        cache.set(name, clock.now(), timeout=None)
    except redis.RedisError:
        return


@dataclass(frozen=True, slots=True)
class Heartbeat:
    at: datetime | None
    is_alive: bool

    @classmethod
    def read_as(cls, name: str) -> Self:
        try:
            at = cache.get(name)
        except redis.RedisError:
            at = None
        return cls(at, at is not None and clock.now() - at < LOST_AFTER)

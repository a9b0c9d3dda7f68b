"""So many requests per grant and minute, as accounting platforms allow."""

from threading import Lock

import msgspec

from sandbox.clock import Clock
from sandbox.ledger.moments import MINUTE, SECOND


class Quota(msgspec.Struct, frozen=True):
    limit: int
    remaining: int
    reset: int
    exceeded: bool

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class Throttle:
    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._minute = 0
        self._used: dict[str, int] = {}
        self._lock = Lock()

    def take(self, grant_id: str) -> Quota:
        """Count one request; `reset` is in whole seconds from now."""
        now = self._clock.now()
        with self._lock:
            if now // MINUTE != self._minute:
                self._minute, self._used = now // MINUTE, {}
            used = self._used.get(grant_id, 0) + 1
            self._used[grant_id] = used
        reset = (MINUTE - now % MINUTE) // SECOND + 1
        return Quota(self._limit, max(0, self._limit - used), reset, used > self._limit)

"""How many requests a stand-in allows: in a stretch of time, and at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock

from tests.vendors.clock import Clock


class Allowance:
    """So many requests per key and stretch of time, counted in fixed windows.

    ``limit`` may be changed at any time.
    """

    def __init__(self, clock: Clock, limit: int, window: timedelta) -> None:
        self.limit = limit
        self.window = window
        self._clock = clock
        self._used: dict[str, tuple[datetime, int]] = {}
        self._lock = Lock()

    def take(self, key: str) -> bool:
        """Count one request unless none is left; tell whether it was allowed."""
        with self._lock:
            start, used = self._current(key)
            if used >= self.limit:
                return False
            self._used[key] = (start, used + 1)
            return True

    def remaining(self, key: str) -> int:
        with self._lock:
            return max(0, self.limit - self._current(key)[1])

    def seconds_left(self, key: str) -> int:
        """Return the whole seconds until the window ends."""
        with self._lock:
            start, _ = self._current(key)
        return int((start + self.window - self._clock.now()).total_seconds()) + 1

    def exhaust(self, key: str) -> None:
        """Leave nothing in the current window."""
        with self._lock:
            self._used[key] = (self._current(key)[0], self.limit)

    def _current(self, key: str) -> tuple[datetime, int]:
        now = self._clock.now()
        start, used = self._used.get(key, (now, 0))
        return (now, 0) if now >= start + self.window else (start, used)


class Crowd:
    """So many requests per key at once."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._inside: dict[str, int] = {}
        self._lock = Lock()

    @contextmanager
    def enter(self, key: str) -> Iterator[bool]:
        """Tell whether there is still room."""
        with self._lock:
            inside = self._inside.get(key, 0)
            has_room = inside < self.limit
            self._inside[key] = inside + has_room
        try:
            yield has_room
        finally:
            with self._lock:
                self._inside[key] -= has_room

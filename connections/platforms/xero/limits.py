"""How many requests Xero still allows, learned from its answers.

For each organization 5 at once, 60 a minute and 5,000 a day; for the whole app 10,000 a minute.
https://developer.xero.com/documentation/guides/oauth2/limits/
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

from connections.platforms.errors import PlatformError, RateLimited
from connections.platforms.http import Answer, retry_after

MINUTE = 60.0
TOO_MANY = 429

_PROBLEM = "X-Rate-Limit-Problem"


@dataclass(slots=True)
class _Window:
    """A minute's allowance, counted from the answer that showed more of it than before."""

    began_at: float
    remaining: int

    def wait(self, now: float) -> float:
        return max(0.0, self.began_at + MINUTE - now) if self.remaining <= 0 else 0.0


class Limits:
    """What is left, shared by all of a process: the organization's allowance and the app's."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}
        self._lock = Lock()

    def learn(self, tenant: str, app: str, headers: Mapping[str, str]) -> None:
        self._note(tenant, headers.get("X-MinLimit-Remaining", ""))
        self._note(app, headers.get("X-AppMinLimit-Remaining", ""))

    def wait(self, tenant: str, app: str) -> float:
        """Return how many seconds the next request must wait to be answered."""
        now = self._clock()
        with self._lock:
            windows = [self._windows.get(key) for key in (tenant, app)]
        return max((window.wait(now) for window in windows if window), default=0.0)

    def _note(self, key: str, value: str) -> None:
        if not value.isdecimal():
            return
        remaining, now = int(value), self._clock()
        with self._lock:
            known = self._windows.get(key)
            if known is None or remaining > known.remaining or known.began_at + MINUTE <= now:
                self._windows[key] = _Window(now, remaining)
            else:
                known.remaining = remaining


SHARED = Limits()


def refusal(platform: str, answer: Answer) -> PlatformError | None:
    """Return the error for a day's allowance used up; other limits pass within a minute.

    That none is left of the day also shows in a header before; only the refusal tells until when.
    """
    if answer.status != TOO_MANY or answer.headers.get(_PROBLEM, "").lower() != "day":
        return None
    return RateLimited(
        f"{platform} has answered as often as it does in a day.",
        retry_after=retry_after(answer.headers),
        is_daily=True,
        detail="HTTP 429: the day's limit",
    )

"""How often QuickBooks answers: ten times a second and 500 times a minute for each company.

Its answers do not tell how much is left, so that requests are counted here; other processes may
have used their part, and then a refusal says so.
https://developer.intuit.com/app/developer/qbo/docs/learn/rest-api-features#limits-and-throttles
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock

from connections.platforms.http import LONGEST_PAUSE

SECOND, MINUTE = 1.0, 60.0
PER_SECOND, PER_MINUTE = 10, 500
_MOST_COMPANIES = 1000


class Limits:
    """What was asked of late, shared by all of a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()
        self._shut_until: dict[str, float] = {}
        self._lock = Lock()

    def take(self, company: str) -> float:
        """Count a request in; return how many seconds it must wait to be answered."""
        with self._lock:
            now = self._clock()
            wait = self._wait(company, now)
            if wait <= LONGEST_PAUSE:
                self._note(company, now + wait)
            return wait

    def answered(self, company: str) -> None:
        """Count the last request from now on: it may have been received as late as this."""
        with self._lock:
            if asked := self._asked.get(company):
                asked[-1] = self._clock()

    def shut(self, company: str, seconds: float) -> None:
        """Ask nothing for so long: the platform said that it would not answer."""
        with self._lock:
            self._shut_until[company] = self._clock() + seconds

    def open(self, company: str) -> None:
        """Ask again: the platform answers."""
        with self._lock:
            self._shut_until.pop(company, None)

    def _wait(self, company: str, now: float) -> float:
        asked = self._asked.get(company, ())
        waits = [0.0, self._shut_until.get(company, now) - now]
        if len(asked) >= PER_SECOND:
            waits.append(asked[-PER_SECOND] + SECOND - now)
        if len(asked) >= PER_MINUTE:
            waits.append(asked[-PER_MINUTE] + MINUTE - now)
        return max(waits)

    def _note(self, company: str, at: float) -> None:
        asked = self._asked.setdefault(company, deque(maxlen=PER_MINUTE))
        asked.append(at)
        self._asked.move_to_end(company)
        if len(self._asked) > _MOST_COMPANIES:
            oldest, _ = self._asked.popitem(last=False)
            self._shut_until.pop(oldest, None)


SHARED = Limits()

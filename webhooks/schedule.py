"""When the next attempt is made, and when an endpoint is given up.

All in one value, so that tests can live through five days in seconds.
"""

import random
from dataclasses import dataclass
from datetime import timedelta

#: Each counted from the failure before: at once, then eight attempts over about 28 hours.
_WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
_JITTER = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    waits: tuple[timedelta, ...] = _WAITS
    #: An answer counts within this; connecting and naming included.
    answer_within: timedelta = timedelta(seconds=15)
    connect_within: timedelta = timedelta(seconds=5)
    #: A relay that does not finish an attempt in this time is taken for dead.
    lease: timedelta = timedelta(seconds=60)
    disabled_after: timedelta = timedelta(days=5)
    #: What an endpoint may ask for with Retry-After.
    longest_retry_after: timedelta = timedelta(hours=1)

    @property
    def most_tries(self) -> int:
        return len(self.waits) + 1

    def wait(self, tries: int, asked: timedelta | None = None) -> timedelta | None:
        """Return how long to wait after so many failed tries; None when it was the last one.

        An endpoint that asks for more time gets it, within bounds; it cannot ask for less.
        """
        if tries >= self.most_tries:
            return None
        planned = self.waits[tries - 1]
        spread = planned * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads, not secret
        return max(spread, min(asked or timedelta(), self.longest_retry_after))


SCHEDULE = Schedule()

"""Beat's schedulers: a tick is not sent while many before it wait.

Celery's own way, an expiry in the message, compares the clock of whoever sent it with that of
whoever takes it: a worker whose clock is ahead would throw every tick away.
"""

from typing import Any

import redis
from celery.beat import PersistentScheduler, ScheduleEntry, Scheduler

from portal import valkey

_QUEUE = "clock"
#: So many of each kind may wait, on average: more would only be taken all at once.
_MOST_OF_EACH = 2


class Ticks(Scheduler):
    """Remembers nothing when it ends."""

    def apply_async(self, entry: ScheduleEntry, *arguments: Any, **options: Any) -> Any:
        return None if _is_crowded(self) else super().apply_async(entry, *arguments, **options)


class PersistentTicks(PersistentScheduler):
    """Remembers in a file what ran when."""

    def apply_async(self, entry: ScheduleEntry, *arguments: Any, **options: Any) -> Any:
        return None if _is_crowded(self) else super().apply_async(entry, *arguments, **options)


def _is_crowded(scheduler: Scheduler) -> bool:
    try:
        with valkey.asked() as server:
            waiting = server.llen(_QUEUE)
    except redis.RedisError:
        return False  # who sends it will say so
    assert isinstance(waiting, int)
    return waiting >= _MOST_OF_EACH * len(scheduler.schedule)

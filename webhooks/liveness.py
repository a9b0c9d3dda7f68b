"""The relay's sign of life: that one of them works is seen from other machines."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import DatabaseError, InterfaceError

from portal import heartbeat, pool
from portal.heartbeat import Heartbeat

logger = logging.getLogger(__name__)

_NAME = "relay-heartbeat"
_EVERY_SECONDS = 15.0


class SignOfLife:
    """Called at every look, leaves a sign now and then, in a thread: whoever calls never waits."""

    def __init__(self, leave: Callable[[], None] | None = None) -> None:
        self._leave = leave or _leave
        self._next = float("-inf")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sign-of-life")

    def __call__(self) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY_SECONDS
            self._thread.submit(self._leave)

    def end(self) -> None:
        self._thread.shutdown()


def read() -> Heartbeat:
    return Heartbeat.read_as(_NAME)


def _leave() -> None:
    try:
        heartbeat.leave(_NAME)
    except (DatabaseError, InterfaceError) as trouble:
        logger.debug("no sign of life: %s", trouble)  # the relay says by itself what is wrong
    finally:
        pool.let_go()

"""How workers are told that there is something to do: messages carry ids only."""

import logging
from typing import Any

import redis
from celery import Task
from kombu.exceptions import OperationalError

from portal import tracing, valkey

logger = logging.getLogger(__name__)


def ring(task: Task[Any, Any], *, expires: float | None = None, **ids: object) -> None:
    """Send a task its ids; call it after commit.

    Nobody waits for the broker. When it is down the clock looks again, so every task that is rung
    for is also looked for by a beat.
    """
    lasting: dict[str, Any] = {} if expires is None else {"expires": expires}
    if trace := tracing.carried():
        lasting["headers"] = {"traceparent": trace}
    try:
        valkey.require()
        task.apply_async(
            kwargs={name: str(each) for name, each in ids.items()}, retry=False, **lasting
        )
    except (OperationalError, OSError, redis.RedisError) as error:
        if isinstance(error.__cause__, redis.TimeoutError):
            valkey.avoid()
        told = ", ".join(f"{name} {each}" for name, each in ids.items())
        logger.warning("could not ring for %s (%s): %s", task.name, told, error)

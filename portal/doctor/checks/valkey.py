"""Does Valkey, or Redis, answer, and will it keep what it is given?"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.doctor.findings import Answer, Level, error, graded, ok, warning
from portal.doctor.running import in_words

_SECONDS = 2.0
_OLDEST_REDIS = (6, 2)
_CROWDED, _FULL = 0.8, 0.95
#: More bells than that are not answered soon: 4,000 are an hour of a small worker's.
_MANY_BELLS = 5_000


@contextmanager
def client() -> Iterator[redis.Redis]:
    """Open one that asks once, whether or not others were left without an answer."""
    server = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    with server:
        yield server


def reachable() -> Answer:
    try:
        with client() as server:
            server.ping()
    except (redis.RedisError, OSError, ValueError) as fault:
        return error(
            f"Valkey does not answer: {in_words(fault)}.",
            "Nothing is lost. But the clock reaches no worker: no pull begins, live pages look "
            "every few seconds, vendors are asked at an eighth of the pace.",
            "Start Valkey, and look at REDIS_URL and the way there. In development "
            "`script/server` starts it.",
        )
    return ok("It answers.")


def version() -> Answer:
    info = _info("server")
    if own := info.get("valkey_version"):
        return ok(f"Valkey {own}.")
    number = str(info.get("redis_version", ""))
    if tuple(int(part) for part in number.split(".")[:2]) < _OLDEST_REDIS:
        return error(
            f"Redis {number} is too old.",
            "Ledgerport needs Valkey 8, or Redis 6.2 or newer.",
            "Put a newer server in its place; what the old one holds need not be kept.",
        )
    return ok(f"Redis {number}.")


def eviction() -> Answer:
    info = _info("memory")
    policy, limit = str(info.get("maxmemory_policy", "unknown")), int(info.get("maxmemory", 0))
    if policy == "noeviction":
        return ok("Nothing is thrown away when memory is short (noeviction).")
    found = f"maxmemory-policy is {policy}."
    means = "When memory is short, bells, limits of vendors and signs of life vanish at random."
    remedy = "Set maxmemory-policy noeviction in Valkey's configuration: CONFIG SET, and the file."
    return error(found, means, remedy) if limit else warning(found, means, remedy)


def memory() -> Answer:
    info = _info("memory")
    used, limit = int(info["used_memory"]), int(info.get("maxmemory", 0))
    if not limit:
        return ok(f"{_size(used)} in use, no limit set.")
    share = used / limit
    level = Level.ERROR if share > _FULL else Level.WARNING if share > _CROWDED else Level.OK
    return graded(
        level,
        f"{_size(used)} of {_size(limit)} are in use.",
        "When it is full it refuses bells: pulls begin late, or when the clock looks again.",
        "Raise maxmemory. If a queue is long (valkey.queues), see that workers run.",
    )


def queues() -> Answer:
    with client() as server:
        waiting: dict[str, Any] = {
            queue.name: server.llen(queue.name) for queue in settings.CELERY_TASK_QUEUES
        }
    told = ", ".join(f"{name} {count:,}" for name, count in waiting.items())
    # Beat sends no more ticks than two of each kind; then nobody takes them.
    is_stuck = waiting["clock"] >= 2 * len(settings.CELERY_BEAT_SCHEDULE)
    is_long = any(count > _MANY_BELLS for count in waiting.values())
    return graded(
        Level.WARNING if is_stuck or is_long else Level.OK,
        f"Bells waiting: {told}.",
        "Workers take them slower than they come, or not at all.",
        "See that workers run (processes.worker), and start more of them.",
    )


def _info(section: str) -> dict[str, Any]:
    with client() as server:
        found: Any = server.info(section)
    return dict(found)


def _size(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"

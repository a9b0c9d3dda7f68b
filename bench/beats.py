"""Other schedulers under the same eyes: how late they send what is due, and what that costs."""

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import redis

from bench.figures import Findings, part
from bench.installation import Installation
from bench.peers import BEAT
from engines import broker_url, locations, redis_url

#: Entries; each is due once an hour.
NUMBERS = (1000, 10_000, 50_000)
_QUEUE = "celery"
_PATIENCE_SECONDS = 240.0
_WATCHED_SECONDS = 30.0


@dataclass(frozen=True)
class Beat:
    name: str
    scheduler: str
    #: Writing its entries takes so long; the first are due after that and after its start.
    seconds_an_entry: float


BEATS = (
    Beat("django-celery-beat", "django_celery_beat.schedulers:DatabaseScheduler", 1 / 5000),
    Beat("redbeat", "redbeat.RedBeatScheduler", 1 / 400),
)


def run(installation: Installation, tell: Callable[[str], None]) -> Findings:
    found = Findings("Other schedulers, entries due once an hour")
    with installation.connect() as database:
        database.execute("DROP DATABASE IF EXISTS bench_beat")
        database.execute("CREATE DATABASE bench_beat")
    for number in NUMBERS:
        for beat in BEATS:
            late, cpu = _watch(beat, number)
            tell(f"  {beat.name}, {number:,}: {len(late)} sent")
            of = f"{beat.name}, {number:,} entries"
            found.add(f"{of}: seconds late, p50", "s", [part(late, 0.5)])
            found.add(f"{of}: seconds late, p99", "s", [part(late, 0.99)])
            found.add(f"{of}: a core in use", "%", [cpu * 100])
    return found


def _watch(beat: Beat, number: int) -> tuple[list[float], float]:
    """Return how late each message was, and how much of a core was used."""
    broker = redis.Redis.from_url(redis_url())
    broker.flushdb()
    environment = {
        **{name: each for name, each in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        "PYTHONPATH": str(locations.PROJECT),
        "BENCH_BROKER": broker_url(),
        "BENCH_REDIS": redis_url(),
        "BENCH_DATABASE_HOST": (
            str(locations.postgres_socket_dir()) if beat.name == "django-celery-beat" else ""
        ),
    }
    python = str(BEAT.program("python"))
    app = "bench.contestants.beat_app"
    subprocess.run(
        [python, "-m", app, beat.name, str(number), str(15 + number * beat.seconds_an_entry)],
        env=environment,
        cwd=locations.PROJECT,
        check=True,
    )
    process = subprocess.Popen(
        [
            *(python, "-m", "celery", "-A", app, "beat", "--scheduler", beat.scheduler),
            *("--loglevel", "ERROR", "--pidfile="),
        ],
        env=environment,
        cwd=locations.PROJECT,
    )
    late: list[float] = []
    used = 0.0
    try:
        ends_at = time.time() + _PATIENCE_SECONDS
        while time.time() < ends_at:
            heard = broker.brpop([_QUEUE], timeout=1)
            if not isinstance(heard, list | tuple):
                continue
            now = time.time()
            if not late:
                used = _cpu(process.pid)
                ends_at = now + _WATCHED_SECONDS
            late.append(now - _due(heard[1]))
        used = (_cpu(process.pid) - used) / _WATCHED_SECONDS
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        broker.flushdb()
    if not late:
        raise TimeoutError(f"{beat.name} with {number} entries sent nothing")
    return late, used


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _due(message: bytes | str) -> float:
    """Read the moment that an entry carries from a message of Celery's protocol 2."""
    body = json.loads(base64.b64decode(json.loads(message)["body"]))
    return float(body[1]["due"])

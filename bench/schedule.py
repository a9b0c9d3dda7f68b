"""How soon what is due becomes a pull, with any number of schedules.

The scheduler's own look is called as beat calls it, with a real broker to ring at. Workers are not
there: what they would do comes after.
"""

import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from bench import beats, estate
from bench.figures import Findings
from bench.installation import Installation
from sync import beat

_IDLE_LOOKS = 200
_BURST = 10_000
#: Beat's own pace.
_EVERY_SECONDS = 1.0


@dataclass(frozen=True)
class Plan:
    schedules: int
    rounds: int
    #: How long schedules fall due one after the other, one in a hundred each minute.
    seconds: float
    has_peers: bool

    @classmethod
    def of(cls, options: Namespace) -> "Plan":
        return cls(options.schedules, options.rounds, options.seconds or 60, options.peers)


def size_of(schedules: int) -> estate.Size:
    """Return an estate with about so many schedules."""
    organizations = max(1, min(50, schedules // 1000))
    per_connection = estate.Size(1, 1).schedules
    return estate.Size(organizations, max(1, schedules // organizations // per_connection))


def run(installation: Installation, plan: Plan, tell: Callable[[str], None]) -> list[Findings]:
    with installation.connect() as database:
        size = size_of(plan.schedules)
        tell(f"schedule: {size.schedules:,} schedules of {size.connections:,} connections")
        estate.build(database, size)
        found = Findings(f"Schedule, {size.schedules:,} schedules")
        found.add("a look when nothing is due", "ms", idle())
        due = min(_BURST, size.schedules // 2)
        rates = []
        for number in range(1, plan.rounds + 1):
            rates.append(burst(database, due))
            tell(f"  burst {number}: {rates[-1]:,.0f} pulls/s")
        found.add(f"{due:,} due at once: claimed, made pulls, rung for", "pulls/s", rates)
        late, number = _lateness(database, size, plan.seconds)
        found.add(f"seconds late, {number:,} due within {plan.seconds:g} s: p50", "s", late[:1])
        found.add(f"seconds late, {number:,} due within {plan.seconds:g} s: p99", "s", late[1:])
    return [found, beats.run(installation, tell)] if plan.has_peers else [found]


def idle() -> list[float]:
    """Return how many milliseconds looks take that find nothing."""
    took = []
    for _ in range(_IDLE_LOOKS):
        began = time.perf_counter()
        assert beat.queue_due_pulls() == 0
        took.append((time.perf_counter() - began) * 1000)
    return took


def burst(database: psycopg.Connection, number: int) -> float:
    """Let so many fall due at once; return how many became pulls a second."""
    _forget_pulls(database)
    database.execute(
        "UPDATE sync_datastatus SET next_due_at = now() - interval '1 second' WHERE id IN ("
        "SELECT id FROM sync_datastatus ORDER BY id LIMIT %s)",
        [number],
    )
    began = time.perf_counter()
    queued = 0
    while (more := beat.queue_due_pulls()) > 0:
        queued += more
    seconds = time.perf_counter() - began
    assert queued == number, queued
    return number / seconds


def _lateness(
    database: psycopg.Connection, size: estate.Size, seconds: float
) -> tuple[list[float], int]:
    """Return p50 and p99, and of how many."""
    _forget_pulls(database)
    number = max(1, int(size.schedules / 100 * seconds / 60))
    database.execute("DROP TABLE IF EXISTS bench_due")
    database.execute(
        "CREATE TABLE bench_due AS SELECT connection_id, data_type, "
        "clock_timestamp() + random() * %s * interval '1 second' AS due "
        "FROM sync_datastatus ORDER BY id LIMIT %s",
        [seconds, number],
    )
    database.execute(
        "UPDATE sync_datastatus d SET next_due_at = b.due FROM bench_due b "
        "WHERE d.connection_id = b.connection_id AND d.data_type = b.data_type"
    )
    ends_at = time.monotonic() + seconds + 5
    while time.monotonic() < ends_at:
        began = time.monotonic()
        beat.queue_due_pulls()
        time.sleep(max(0.0, began + _EVERY_SECONDS - time.monotonic()))
    [row] = database.execute(
        "SELECT count(*), percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY "
        "extract(epoch FROM p.requested_at - b.due)) FROM bench_due b JOIN sync_pull p "
        "ON p.connection_id = b.connection_id AND p.data_type = b.data_type"
    ).fetchall()
    assert row[0] == number, row
    return [float(each) for each in row[1]], number


def _forget_pulls(database: psycopg.Connection) -> None:
    database.execute("TRUNCATE sync_pull CASCADE")

"""The kinds of faults: what each does, and what puts it right again.

They have their numbers from a plan: F1 workers, F2 other processes, F3 orderly stops, F4–F6 Valkey,
F7 PostgreSQL, F9 the platform, F10 its tokens, F11 messages, F13 what kills whoever touches it, F15
receivers of webhooks.
"""

import json
import os
import signal
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from celery import current_app

import chaos
from chaos import orders, sink
from chaos.rig import BEATS, RELAYS, SANDBOX, WEB, WORKERS
from engines.locations import ROLE

if TYPE_CHECKING:
    from chaos.control import Control
    from chaos.database import Database
    from chaos.rig import Rig
    from chaos.scenario import Scenario

type Undo = Callable[[], None]
type Apply = Callable[["World"], tuple[str, Undo | None]]

_QUEUES = ("pulls", "clock")
#: Where workers come by; nobody changes keys meanwhile.
_POINTS = [point for point in chaos.POINTS if point.startswith(("pull.", "token."))]
LOST_ANSWER = "answer to a refresh lost"
_WRONG_ANSWERS: Mapping[str, dict[str, Any]] = {
    "server_error": {},
    "rate_limited": {"seconds": 3},
    "rate_limited_bare": {},
    "slow": {"seconds": 4},
    "hang": {"seconds": 6},
    "truncated": {},
    "html": {},
    "repeated_page": {"times": 1},
}
#: Rough seconds that something hangs, or answers wrongly.
_SHORT, _LONG = 2.0, 9.0


@dataclass
class World:
    """All that can be broken."""

    rig: "Rig"
    database: "Database"
    control: "Control"
    scenario: "Scenario"
    sink: sink.Sink
    random: Random

    def while_(self) -> float:
        return self.random.uniform(_SHORT, _LONG)

    def some_grant(self) -> str | None:
        books = self.scenario.books
        return self.random.choice(books).grants[-1] if books else None


@dataclass(frozen=True)
class Kind:
    """A kind of fault, and how often it is among others."""

    name: str
    plan: str
    weight: float
    apply: Apply
    #: What cannot be broken twice at once, nor while it starts.
    touches: str
    #: Whether pulls may fail of it, since the platform answers wrongly.
    excuses: bool = False
    #: Whether pages may fail of it.
    hides_web: bool = False
    #: Seconds until it is put right; none where nothing has to be.
    lasts: bool = False


def _kinds(
    plan: str, touches: str, kinds: Mapping[str, tuple[float, Apply]], **how: bool
) -> Iterator[Kind]:
    for name, (weight, apply) in kinds.items():
        yield Kind(name, plan, weight, apply, touches, **how)


def _kill(names: Iterable[str]) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        name = world.random.choice([*names])
        world.rig.kill(name)
        world.rig.start(name)
        return name, None

    return apply


def _kill_child(world: World) -> tuple[str, Undo | None]:
    name = world.random.choice(WORKERS)
    children = world.rig.children(name)
    if not children:
        return "", None
    with suppress(ProcessLookupError):
        os.kill(world.random.choice(children), signal.SIGKILL)
    return f"a process of {name}", None


def _order(order: str) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        point = world.random.choice(_POINTS)
        orders.give(world.rig.orders, point, order)
        return point, None

    return apply


def _terminate(names: Iterable[str]) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        name = world.random.choice([*names])
        seconds = world.rig.terminate(name)
        world.rig.start(name)
        return f"{name} in {seconds:.0f} s", None

    return apply


def _flush(world: World) -> tuple[str, Undo | None]:
    with world.rig.client() as client:
        client.flushall()
    return "", None


def _read_only(world: World) -> tuple[str, Undo | None]:
    with world.rig.client() as client:
        client.replicaof("127.0.0.1", 1)
    return "", partial(_writable, world)


def _writable(world: World) -> None:
    with world.rig.client() as client:
        client.replicaof("NO", "ONE")


def _full(world: World) -> tuple[str, Undo | None]:
    """Let Valkey have no memory left: it refuses every write."""
    with world.rig.client() as client:
        client.config_set("maxmemory", "1")
    return "", partial(_roomy, world)


def _roomy(world: World) -> None:
    with world.rig.client() as client:
        client.config_set("maxmemory", "0")


def _end_backends(world: World) -> tuple[str, Undo | None]:
    ended = world.database.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE usename = %s AND pid <> pg_backend_pid()",
        ROLE,
    )
    return f"{len(ended)} connections", None


def _freeze(engine: str) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        found = getattr(world.rig, engine)
        world.rig.freeze(found)
        return "", partial(world.rig.thaw, found)

    return apply


def _way(proxy: str, how: str) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        found = getattr(world.rig, proxy)
        getattr(found, how)()
        return "", None if how == "cut" else found.mend

    return apply


def _slow_way(proxy: str) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        found = getattr(world.rig, proxy)
        found.delay = 0.02
        return "", found.mend

    return apply


def _platform(kind: str, *, times: int | None = None, **how: Any) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        grant = world.some_grant()
        if grant is None:
            return "", None
        many = times if times is not None else world.random.randint(1, 4)
        fault = world.control.break_(kind, grant_id=grant, times=many, **how)
        return f"{grant}, {many} times", partial(world.control.mend, fault)

    return apply


def _copy_messages(world: World) -> tuple[str, Undo | None]:
    """Put what waits there a second time, in another order."""
    with world.rig.client() as client:
        waiting = client.lrange("pulls", 0, 20) or _old_messages(world)
        world.random.shuffle(waiting)
        if waiting:
            client.lpush("pulls", *waiting)
        world.rig.messages += waiting
    return f"{len(waiting)} messages", None


def _old_messages(world: World) -> list[bytes]:
    return world.rig.messages[-20:]


def _nonsense(world: World) -> tuple[str, Undo | None]:
    """Put there what no version of ours has ever sent."""
    body = world.random.choice(
        [b"", b"nonsense", b"{}", b"[1, 2]", json.dumps({"body": "!", "headers": {}}).encode()]
    )
    with world.rig.client() as client:
        client.lpush(world.random.choice(_QUEUES), body)
    return repr(body[:20]), None


def _unknown_task(_world: World) -> tuple[str, Undo | None]:
    """Ask for what an older or a newer version may have known."""
    _send("sync.tasks.of_another_version", {"organization_id": str(uuid.uuid4())})
    return "", None


def _unknown_ids(world: World) -> tuple[str, Undo | None]:
    """Ask for connections that do not exist, or are somebody else's."""
    books = world.scenario.books
    tenants = world.scenario.tenants
    named = books and world.random.choice(books).connection_id
    ids = {
        "organization_id": str(world.random.choice(tenants).organization.pk),
        "connection_id": str(named or uuid.uuid4()),
    }
    _send("sync.tasks.run_connection", ids)
    return "", None


def _send(task: str, arguments: dict[str, str]) -> None:
    current_app.send_task(task, kwargs=arguments, queue="pulls", retry=False)


def _receiver(world: World) -> tuple[str, Undo | None]:
    world.sink.mode = world.random.choice(sink.MODES)
    return world.sink.mode, partial(setattr, world.sink, "mode", "")


def _crash(engine: str, *, empty: bool = False) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        world.rig.crash(getattr(world.rig, engine), empty=empty)
        return "", None

    return apply


#: By what they touch, and how often each is among others.
KINDS = (
    *_kinds("F1", "workers", {"kill -9 a worker": (2, _kill(WORKERS))}),
    *_kinds("F1", "children", {"kill -9 a worker's process": (4, _kill_child)}),
    *_kinds(
        "F1",
        "points",
        {
            "kill -9 at a point": (6, _order("kill")),
            "freeze past the lease at a point": (0.3, _order("freeze")),
        },
    ),
    *_kinds("F2", "beats", {"kill -9 beat": (0.8, _kill(BEATS))}),
    *_kinds("F2", "relays", {"kill -9 relay": (0.8, _kill(RELAYS))}),
    *_kinds("F2", "web", {"kill -9 web": (0.4, _kill([WEB]))}, hides_web=True),
    *_kinds("F3", "workers", {"SIGTERM a worker": (0.8, _terminate(WORKERS))}),
    *_kinds("F3", "beats", {"SIGTERM beat": (0.4, _terminate(BEATS))}),
    *_kinds("F3", "relays", {"SIGTERM relay": (0.4, _terminate(RELAYS))}),
    *_kinds(
        "F4",
        "valkey",
        {
            "kill -9 Valkey": (0.8, _crash("valkey")),
            "kill -9 Valkey, all lost": (0.6, _crash("valkey", empty=True)),
        },
    ),
    *_kinds("F5", "valkey", {"FLUSHALL": (2, _flush)}),
    *_kinds(
        "F5",
        "valkey",
        {"Valkey read-only": (0.6, _read_only), "Valkey without memory": (0.6, _full)},
        lasts=True,
    ),
    *_kinds("F6", "valkey", {"way to Valkey cut": (2, _way("to_valkey", "cut"))}),
    *_kinds(
        "F6",
        "valkey",
        {
            "Valkey hangs": (1, _freeze("valkey")),
            "way to Valkey swallows": (0.8, _way("to_valkey", "hold")),
        },
        lasts=True,
    ),
    *_kinds(
        "F7",
        "postgres",
        {
            "database connections ended": (1.5, _end_backends),
            "kill -9 PostgreSQL": (0.5, _crash("postgres")),
            "way to PostgreSQL cut": (1.5, _way("to_database", "cut")),
        },
        hides_web=True,
    ),
    *_kinds(
        "F7",
        "postgres",
        {
            "PostgreSQL hangs": (0.6, _freeze("postgres")),
            "way to PostgreSQL swallows": (0.5, _way("to_database", "hold")),
            "way to PostgreSQL slow": (0.5, _slow_way("to_database")),
        },
        hides_web=True,
        lasts=True,
    ),
    *_kinds(
        "F9",
        "faults",
        {
            f"platform: {kind}": (0.8, _platform(kind, **how))
            for kind, how in _WRONG_ANSWERS.items()
        },
        excuses=True,
        lasts=True,
    ),
    *_kinds(
        "F9",
        "platform",
        {
            "way to the platform cut": (1, _way("to_platform", "cut")),
            "kill -9 the platform": (0.2, _kill([SANDBOX])),
        },
        excuses=True,
    ),
    *_kinds(
        "F9",
        "platform",
        {
            "way to the platform refused": (0.5, _way("to_platform", "refuse")),
            "way to the platform swallows": (0.5, _way("to_platform", "hold")),
        },
        excuses=True,
        lasts=True,
    ),
    *_kinds(
        "F10",
        "faults",
        {"access token refused": (2, _platform("unauthorized", times=1))},
        lasts=True,
    ),
    *_kinds(
        "F10",
        "faults",
        {LOST_ANSWER: (2, _platform("lost_refresh_answer", times=1))},
        excuses=True,
        lasts=True,
    ),
    *_kinds(
        "F11",
        "valkey",
        {
            "messages twice and mixed up": (2, _copy_messages),
            "a message that is none": (1, _nonsense),
            "a message for an unknown task": (0.5, _unknown_task),
            "a message with wrong ids": (1, _unknown_ids),
        },
    ),
    *_kinds(
        "F13",
        "points",
        {
            "segmentation fault at a point": (1.5, _order("crash")),
            "exit at a point": (1.5, _order("exit")),
        },
    ),
    *_kinds("F15", "sink", {"receivers of webhooks fail": (2, _receiver)}, lasts=True),
)


def choose(kinds: list[Kind], random: Random) -> Kind:
    return random.choices(kinds, [kind.weight for kind in kinds])[0]


def selected(names: list[str]) -> list[Kind]:
    """Return the kinds of some parts of the plan (`F1`, `F7`), or all.

    :raises ValueError: when there is no such part.
    """
    unknown = set(names) - {kind.plan for kind in KINDS}
    if unknown:
        known = ", ".join(dict.fromkeys(kind.plan for kind in KINDS))
        raise ValueError(f"{', '.join(sorted(unknown))}: not among {known}")
    return [kind for kind in KINDS if not names or kind.plan in names]

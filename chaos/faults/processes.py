"""F1, F2, F3 and F13: processes are killed, told to stop, or come across what kills them."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress

import chaos
from chaos import orders
from chaos.faults.kinds import Apply, Undo, World, kinds
from chaos.rig import BEATS, RELAYS, WEB, WORKERS

#: Where workers come by; nobody changes keys meanwhile.
_POINTS = [point for point in chaos.POINTS if point.startswith(("pull.", "token."))]


def kill(names: Iterable[str]) -> Apply:
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
        world.rig.send_off(name)
        world.rig.start(name)
        return name, None

    return apply


KINDS = (
    *kinds("F1", "workers", {"kill -9 a worker": (2, kill(WORKERS))}),
    *kinds("F1", "children", {"kill -9 a worker's process": (4, _kill_child)}),
    *kinds(
        "F1",
        "points",
        {
            "kill -9 at a point": (6, _order("kill")),
            "freeze past the lease at a point": (0.3, _order("freeze")),
        },
    ),
    *kinds("F2", "beats", {"kill -9 beat": (0.8, kill(BEATS))}),
    *kinds("F2", "relays", {"kill -9 relay": (0.8, kill(RELAYS))}),
    *kinds("F2", "web", {"kill -9 web": (0.4, kill([WEB]))}, hides_web=True),
    *kinds("F3", "workers", {"SIGTERM a worker": (0.8, _terminate(WORKERS))}),
    *kinds("F3", "beats", {"SIGTERM beat": (0.4, _terminate(BEATS))}),
    *kinds("F3", "relays", {"SIGTERM relay": (0.4, _terminate(RELAYS))}),
    *kinds(
        "F13",
        "points",
        {
            "segmentation fault at a point": (1.5, _order("crash")),
            "exit at a point": (1.5, _order("exit")),
        },
    ),
)

"""F12: a process whose clock is wrong by hours, or by a day."""

from collections.abc import Iterable
from functools import partial
from importlib.util import find_spec

from chaos.faults.kinds import Apply, Undo, World, kinds
from chaos.rig import BEATS, RELAYS, WORKERS

_HOUR, _DAY = 3600, 24 * 3600
#: A process needs some of them to start.
_SECONDS = (15.0, 35.0)

MISSING = "no clock can be set wrong without time-machine, one of the development packages"


def is_possible() -> bool:
    return find_spec("time_machine") is not None


def _skew(names: Iterable[str], seconds: int) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        name = world.random.choice([*names])
        world.rig.send_off(name)
        world.rig.start(name, ahead=seconds)
        return name, partial(_set_right, world, name)

    return apply


def _set_right(world: World, name: str) -> None:
    world.rig.send_off(name)
    world.rig.start(name)


KINDS = (
    *kinds(
        "F12",
        "workers",
        {
            "a worker's clock an hour ahead": (0.4, _skew(WORKERS, _HOUR)),
            "a worker's clock an hour behind": (0.4, _skew(WORKERS, -_HOUR)),
            "a worker's clock a day ahead": (0.3, _skew(WORKERS, _DAY)),
        },
        seconds=_SECONDS,
    ),
    *kinds(
        "F12",
        "beats",
        {
            "beat's clock an hour ahead": (0.3, _skew(BEATS, _HOUR)),
            "beat's clock an hour behind": (0.3, _skew(BEATS, -_HOUR)),
        },
        seconds=_SECONDS,
    ),
    *kinds(
        "F12",
        "relays",
        {
            "a relay's clock an hour ahead": (0.2, _skew(RELAYS, _HOUR)),
            "a relay's clock an hour behind": (0.2, _skew(RELAYS, -_HOUR)),
        },
        seconds=_SECONDS,
    ),
)

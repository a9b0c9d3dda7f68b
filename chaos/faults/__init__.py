"""The kinds of faults: what each does, and what puts it right again.

They have their numbers from a plan: F1 workers, F2 other processes, F3 orderly stops, F4–F6 Valkey,
F7 PostgreSQL, F8 its disk, F9 the platform, F10 its tokens, F11 messages, F12 clocks, F13 what
kills whoever touches it, F15 receivers of webhooks, F16 live pages, F17 changes of the schema.
"""

from random import Random

from chaos.faults import changes, clocks, disk, engines, outside, processes, streams
from chaos.faults.kinds import Kind, Undo, World
from chaos.faults.outside import LOST_ANSWER

__all__ = ["LOST_ANSWER", "Kind", "Undo", "World", "choose", "selected"]

KINDS = (
    *processes.KINDS, *engines.KINDS, *disk.KINDS, *outside.KINDS, *clocks.KINDS, *streams.KINDS,
    *changes.KINDS,
)  # fmt: skip


def choose(kinds: list[Kind], random: Random) -> Kind:
    return random.choices(kinds, [kind.weight for kind in kinds])[0]


def unavailable() -> dict[str, str]:
    """Name the parts of the plan for which something lacks here, and what."""
    return {} if clocks.is_possible() else {"F12": clocks.MISSING}


def selected(names: list[str]) -> list[Kind]:
    """Return the kinds of some parts of the plan (`F1`, `F7`), or the usual ones of all.

    :raises ValueError: when there is no such part, or it cannot be carried out here.
    """
    unknown = set(names) - {kind.plan for kind in KINDS}
    if unknown:
        known = ", ".join(dict.fromkeys(kind.plan for kind in KINDS))
        raise ValueError(f"{', '.join(sorted(unknown))}: not among {known}")
    lacking = unavailable()
    for name in names:
        if name in lacking:
            raise ValueError(f"{name}: {lacking[name]}")
    return [
        kind
        for kind in KINDS
        if (kind.plan in names if names else kind.is_usual and kind.plan not in lacking)
    ]

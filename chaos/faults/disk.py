"""F8: PostgreSQL's disk is full, and later there is room again.

Only where its files may be put on a disk of their own that is small: that takes root's rights.
"""

import errno
from functools import partial
from pathlib import Path

import httpx

from chaos.faults.kinds import Undo, World, kinds

_PAGES = 5
_CHUNK = bytes(1 << 16)


def _fill(world: World) -> tuple[str, Undo | None]:
    disk = world.rig.postgres.cluster
    if not disk.is_mount():  # it would be everybody's disk
        raise OSError("PostgreSQL has no disk of its own")
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(_CHUNK)
        except OSError as full:
            if full.errno != errno.ENOSPC:
                raise
    return f"{_pages(world)} of {_PAGES} pages came", partial(_make_room, world, ballast)


def _pages(world: World) -> int:
    """Count the pages that are served from what is there."""
    tenant = world.scenario.tenants[0]
    came = 0
    for _ in range(_PAGES):
        try:
            answer = httpx.get(
                f"{world.rig.web_url}/api/companies",
                headers={"Authorization": f"Bearer {tenant.api_key}"},
                trust_env=False,
            )
        except httpx.TransportError:
            continue
        came += answer.is_success
    return came


def _make_room(world: World, ballast: Path) -> None:
    ballast.unlink(missing_ok=True)
    world.rig.revive(world.rig.postgres)


KINDS = (
    *kinds(
        "F8",
        "postgres",
        {"PostgreSQL's disk is full": (1, _fill)},
        hides_web=True,
        seconds=(4.0, 12.0),
        is_usual=False,
    ),
)

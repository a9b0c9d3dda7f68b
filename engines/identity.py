"""PostgreSQL refuses to run as root: choose whom it becomes, and make the way there passable."""

import hashlib
import os
import pwd
import shutil
import stat
import sys
from pathlib import Path

from engines.locations import NoEngine
from engines.process import can_become

SHARED = Path("/var/lib/ledgerport")


def postgres_identity() -> str:
    """Choose as whom PostgreSQL runs (see `launch`).

    A user namespace first: it needs no rights on parent directories and leaves every file ours.

    :raises NoEngine: when root may become nobody else.
    """
    if os.geteuid() != 0:
        return "keep"
    if sys.platform == "linux" and can_become("userns"):
        return "userns"
    for name in ("postgres", "nobody"):
        if _exists(name) and can_become(f"setuid:{name}"):
            return f"setuid:{name}"
    raise NoEngine(
        "PostgreSQL does not run as root, and root may not become another user here: "
        "start as an ordinary user, or set DATABASE_URL."
    )


def other_user(identity: str) -> pwd.struct_passwd | None:
    """Give the user that really owns PostgreSQL's files when that is not us."""
    return (
        pwd.getpwnam(identity.removeprefix("setuid:")) if identity.startswith("setuid:") else None
    )


def reachable_programs(bin_dir: Path) -> Path:
    """Give the same programs at a place where every user can go, copied there once if need be."""
    if _passable_for_others(bin_dir):
        return bin_dir
    package = bin_dir.parent.parent
    target = SHARED / f"pg-{hashlib.sha256(str(bin_dir).encode()).hexdigest()[:10]}"
    if not target.exists():
        building = target.with_suffix(".new")
        shutil.rmtree(building, ignore_errors=True)
        shutil.copytree(package, building / package.name, symlinks=True)
        # The wheel's shared libraries lie beside the package and are found relative to it.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, building / libraries.name)
        building.rename(target)
    return target / bin_dir.relative_to(package.parent)


def reachable_data(directory: Path, run_dir: Path) -> Path:
    """Give the directory itself, or one below /var/lib when other users cannot get there."""
    if _passable_for_others(directory):
        return directory
    return SHARED / f"data-{run_dir.name}"


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _passable_for_others(path: Path) -> bool:
    return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents))

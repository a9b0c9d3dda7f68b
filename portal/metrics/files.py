"""Several processes that count as one: each writes files of its own, whoever is asked adds them up.

That is the multiprocess mode of Prometheus' client, in a directory for each service: the web
processes of one server, a worker with its children, a relay, a beat. In place of process ids, which
would leave files behind for every child that a worker replaces (some hundred a day), a process
holds the lowest free *place*, by a lock that the system gives back however it ends. Its successor
counts on in the same files, so there are never more of them than processes at once, and a counter
never falls. A gauge of what a process has open ends with it.
"""

import fcntl
import multiprocessing
import os
import shutil
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

from prometheus_client import values

#: Where Prometheus' client looks for it.
_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_LOCKS = "place-*.lock"
#: A directory so young may belong to a process that has not taken its place yet.
_YOUNG_SECONDS = 60

type _Place = tuple[int, int, int]
#: Process id, number and file descriptor of the place this process holds.
_held: _Place | None = None


class NotOurs(RuntimeError):
    """Somebody else owns the directory that our numbers would go to."""


def directory_of(kind: str, *, base: Path | None) -> Path:
    """Make the directory of this process's service, and clear away those that nobody uses.

    The children of a server with several processes (`uvicorn --workers`) share their parent's.

    :raises NotOurs: when the place for them was made by another user.
    """
    base = base or Path(tempfile.gettempdir()) / f"ledgerport-metrics-{os.getuid()}"
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    if base.is_symlink() or base.stat().st_uid != os.getuid():
        raise NotOurs(f"{base} belongs to somebody else. Set LEDGERPORT_METRICS_DIR.")
    parent = multiprocessing.parent_process()
    own = base / f"{kind}-{os.getpid() if parent is None else parent.pid}"
    for each in base.iterdir():
        if _is_left_behind(each):
            shutil.rmtree(each, ignore_errors=True)
    own.mkdir(mode=0o700, exist_ok=True)
    os.utime(own)
    return own


def _is_left_behind(directory: Path) -> bool:
    with suppress(FileNotFoundError):
        if time.time() - directory.stat().st_mtime < _YOUNG_SECONDS:
            return False
        return not any(_is_held(lock) for lock in directory.glob(_LOCKS))
    return False


def count_in(directory: Path) -> None:
    """Have everything that this process and its children count go to files there."""
    global _held  # noqa: PLW0603 - see _place
    if _held is not None:
        os.close(_held[2])
        _held = None
    os.environ[_VARIABLE] = str(directory)
    values.ValueClass = values.MultiProcessValue(process_identifier=_place)


def directory() -> Path:
    return Path(os.environ[_VARIABLE])


def bury_the_dead() -> None:
    """Forget what processes that have ended had open."""
    for lock in directory().glob(_LOCKS):
        descriptor = _locked(lock)
        if descriptor is not None:
            # Nobody can take the place meanwhile.
            _forget_gauges(_number(lock))
            os.close(descriptor)


def _place() -> int:
    """Return the number of this process's place, taken at the first time; a child takes its own."""
    global _held  # noqa: PLW0603 - the process itself is what is held
    if _held is not None and _held[0] == os.getpid():
        return _held[1]
    if _held is not None:
        os.close(_held[2])  # the parent's: it holds it by a descriptor of its own
    for number in count():
        descriptor = _locked(directory() / f"place-{number}.lock")
        if descriptor is not None:
            _forget_gauges(number)
            _held = (os.getpid(), number, descriptor)
            return number
    raise AssertionError("numbers do not end")


def _locked(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _is_held(lock: Path) -> bool:
    descriptor = _locked(lock)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def _number(lock: Path) -> int:
    return int(lock.stem.partition("-")[2])


def _forget_gauges(number: int) -> None:
    for path in directory().glob(f"gauge_live*_{number}.db"):
        path.unlink(missing_ok=True)

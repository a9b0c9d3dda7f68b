"""What a process does at a point where the rig wants something to go wrong.

An order is a file named after its point. Whichever process comes there first takes it, and carries
it out once. Only development looks for orders at all.
"""

import ctypes
import os
import signal
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import chaos

_TAKEN = "taken"
#: Longer than a pull's lease, so that somebody else goes on meanwhile.
FREEZE_SECONDS = 80.0


def obey(directory: Path) -> None:
    """Have this process carry out the orders in ``directory``."""
    (directory / _TAKEN).mkdir(parents=True, exist_ok=True)
    chaos.arm(partial(_look, directory))


def give(directory: Path, point: str, order: str) -> None:
    """Leave an order (`kill`, `crash`, `exit` or `freeze`) for whoever comes to the point next."""
    if point not in chaos.POINTS or order not in _ORDERS:
        raise ValueError(f"{order} at {point}")
    draft = directory / _TAKEN / f"{point}.draft"
    draft.write_text(order)
    draft.rename(directory / point)


def taken(directory: Path) -> list[str]:
    """Return the points at which an order was carried out, once for each."""
    return [each.name.rpartition("@")[0] for each in (directory / _TAKEN).glob("*@*")]


def withdraw(directory: Path) -> None:
    """Take back what nobody has come by."""
    for point in chaos.POINTS:
        (directory / point).unlink(missing_ok=True)


def _look(directory: Path, point: str) -> None:
    mine = directory / _TAKEN / f"{point}@{os.getpid()}-{time.monotonic_ns()}"
    with suppress(FileNotFoundError):
        (directory / point).rename(mine)
        _ORDERS[mine.read_text()]()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _crash() -> None:
    ctypes.string_at(0)  # a segmentation fault, as of a broken extension


def _exit() -> None:
    os._exit(3)


def _freeze() -> None:
    time.sleep(FREEZE_SECONDS)


_ORDERS = {"kill": _kill, "crash": _crash, "exit": _exit, "freeze": _freeze}

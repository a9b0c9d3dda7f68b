"""Looking at real processes from tests."""

import time
from collections.abc import Callable
from pathlib import Path


def processes_of(data_dir: Path) -> dict[int, str]:
    """Give pid and command line of everything that was started for a data directory (Linux).

    A server that renames itself overwrites its environment, but works in the directory.
    """
    found = {}
    mark = f"LEDGERPORT_DATA={data_dir}".encode()
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            works_there = (directory / "cwd").readlink().is_relative_to(data_dir)
            if works_there or mark in (directory / "environ").read_bytes().split(b"\0"):
                command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(directory.name)] = command.strip()
        except OSError:
            continue  # it ended meanwhile, or is another user's
    return {pid: command for pid, command in found.items() if command}


def until(condition: Callable[[], object], *, seconds: float = 20, every: float = 0.05) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(every)

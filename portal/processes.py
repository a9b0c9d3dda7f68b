"""Which process this is, and whether another one of this machine has ended.

Whoever leases something says with this who has it. When that process is gone, and this machine
knows, nobody need wait until the lease is over.
"""

import os
import tomllib
from functools import cache
from hashlib import blake2b
from pathlib import Path

_kind = "command"
_PROC = Path("/proc")
#: In /proc/PID/stat after the program's name, which may hold anything: proc_pid_stat(5).
_STATE, _BEGAN = 0, 19
_ENDED = {"Z", "X"}


def become(kind: str) -> None:
    """Say what this process is there for; those it forks are there for the same."""
    global _kind  # noqa: PLW0603 - a process is one thing
    _kind = kind


def kind() -> str:
    """Return what this process is there for: web, worker, beat, relay, or else a command."""
    return _kind


@cache
def version() -> str:
    """Return which version of Ledgerport runs."""
    project = Path(__file__).resolve().parent.parent / "pyproject.toml"
    return str(tomllib.loads(project.read_text())["project"]["version"])


def this_process() -> str:
    """Return a name no other process ever has, of at most 50 characters.

    Empty where the system does not tell: then leases are simply waited for.
    """
    pid = os.getpid()
    stat, machine = _stat(pid), _machine()
    return f"{machine}:{pid}:{stat[_BEGAN]}" if stat and machine else ""


def is_gone(name: str) -> bool:
    """Tell whether a process has ended for certain: what ran elsewhere may well be alive."""
    machine, _, process = name.partition(":")
    if not machine or machine != _machine():
        return False
    pid, _, began = process.partition(":")
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it is somebody else's, so it is there
        return False
    stat = _stat(int(pid))
    return bool(stat) and (stat[_STATE] in _ENDED or stat[_BEGAN] != began)


@cache
def _machine() -> str:
    """Name what process ids are unique in: a machine since it was started, or a container in it."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_bytes()
        namespace = (_PROC / "self/ns/pid").readlink()
    except OSError:
        return ""
    return blake2b(boot + bytes(namespace), digest_size=8).hexdigest()


def _stat(pid: int) -> list[str]:
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()

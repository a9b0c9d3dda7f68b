"""Starting, stopping and recognizing processes."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_LAUNCHER = Path(__file__).with_name("launch.py")
_HAS_PROC = Path("/proc/self/cmdline").exists()


def spawn(
    arguments: Sequence[str | Path],
    *,
    identity: str = "keep",
    standard_input: int = subprocess.DEVNULL,
    output: int | IO[bytes] = subprocess.PIPE,
    environment: Mapping[str, str] | None = None,
    directory: Path = Path("/"),
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own whose life ends with ours; from the main thread only.

    Its own session keeps Ctrl-C away from it, so that the order of stopping stays ours. The main
    thread, because to Linux the end of the *thread* that started a child is its parent's death.
    """
    return subprocess.Popen(
        [*_launcher(identity, os.getpid()), *map(str, arguments)],
        stdin=standard_input,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=directory,
        start_new_session=True,
    )


def can_become(identity: str) -> bool:
    """Try out whether this machine lets us take an identity (see `launch`)."""
    probe = subprocess.run([*_launcher(identity, 0), "/bin/true"], capture_output=True, check=False)
    return probe.returncode == 0


def stop(process: subprocess.Popen[bytes], signum: signal.Signals, patience: float) -> None:
    """Ask a child to end and see that it does."""
    if process.poll() is None:
        process.send_signal(signum)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def kill_group(leader: int) -> None:
    """Kill what a child that led its own session left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def stop_stale(pid_file: Path, mark: str, signum: signal.Signals, patience: float = 10) -> None:
    """End a server whose supervisor died first, known by its pid file and by its command line.

    :raises TimeoutError: when it does not end.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    deadline = time.monotonic() + patience
    with contextlib.suppress(ProcessLookupError):
        while mark in _command_line(pid):
            os.kill(pid, signum)
            if time.monotonic() > deadline:
                raise TimeoutError(f"Process {pid} ({mark}) does not end.")
            time.sleep(0.05)


def end_all_in(directory: Path, patience: float = 5) -> None:
    """Wait for the processes that work in a directory to end, then make them (Linux)."""
    deadline = time.monotonic() + patience
    while left := _working_in(directory):
        if time.monotonic() > deadline:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def tail(log: Path, characters: int = 800) -> str:
    """Give the end of a log for an error message."""
    try:
        return log.read_text(errors="replace")[-characters:]
    except FileNotFoundError:
        return "(no log)"


def _launcher(identity: str, parent: int) -> list[str]:
    return [sys.executable, "-I", "-S", str(_LAUNCHER), identity, str(parent)]


def _command_line(pid: int) -> str:
    """Give a process's command line; empty for one that is gone or a zombie."""
    if _HAS_PROC:
        try:
            return (
                Path(f"/proc/{pid}/cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode(errors="replace")
            )
        except (FileNotFoundError, ProcessLookupError):
            return ""
    listing = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout


def _working_in(directory: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == directory:
                found.append(int(process.name))
        except OSError:
            continue  # gone meanwhile, a zombie, or another user's
    return found

"""The processes that make up Ledgerport, each kept alive until told to stop."""

import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from engines import locations, process
from portal.supervisor.console import Console

_QUICK_SECONDS = 30
_MOST_QUICK_DEATHS = 5
_LONGEST_PAUSE = 8.0


class KeepsDying(RuntimeError):
    """A process ends again and again right after its start."""


class Deaths:
    """How often something died right after its start, and how long to wait before the next one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._quick = 0
        self._born = time.monotonic()

    def born(self) -> None:
        self._born = time.monotonic()

    def pause(self) -> float:
        """Count one death and give the seconds to wait.

        :raises KeepsDying: when waiting has not helped.
        """
        lived = time.monotonic() - self._born
        self._quick = self._quick + 1 if lived < _QUICK_SECONDS else 1
        if self._quick > _MOST_QUICK_DEATHS:
            raise KeepsDying(
                f"{self._name} ended {self._quick} times soon after its start; "
                "its lines above say why."
            )
        return min(math.ldexp(0.25, self._quick), _LONGEST_PAUSE)


@dataclass(frozen=True)
class Program:
    """What one process runs, and how it likes to be stopped."""

    name: str
    arguments: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 5

    @classmethod
    def python(
        cls,
        name: str,
        *arguments: str | Path,
        environment: Mapping[str, str] | None = None,
        patience: float = 5,
    ) -> Self:
        return cls(name, (sys.executable, *arguments), environment or {}, patience)


class Guard:
    """Our side of `portal.supervisor.guard`: tells it which groups to end when we cannot."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._leaders: set[int] = set()
        self._process = self._start()

    def watch(self, leader: int) -> None:
        self._leaders.add(leader)
        self._tell(f"+{leader}")

    def forget(self, leader: int) -> None:
        self._leaders.discard(leader)
        self._tell(f"-{leader}")

    def keep_alive(self) -> None:
        """Start it again if somebody ended it."""
        if self._process.poll() is not None:
            self._process = self._start()
            for leader in self._leaders:
                self._tell(f"+{leader}")

    def stop(self) -> None:
        self._process.communicate()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", Path(__file__).with_name("guard.py")],
            stdin=subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
        )

    def _tell(self, message: str) -> None:
        if self._process.stdin is None:
            raise RuntimeError("the guard was started without an input")
        try:
            self._process.stdin.write(f"{message}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            self.keep_alive()


class Child:
    """One program, running or waiting to be started again."""

    def __init__(
        self, program: Program, *, environment: Mapping[str, str], console: Console, guard: Guard
    ) -> None:
        self.name = program.name
        self._program = program
        self._environment = {**environment, **program.environment}
        self._console = console
        self._guard = guard
        self._deaths = Deaths(program.name)
        self._process: subprocess.Popen[bytes] | None = None
        self._start_again_at = 0.0

    @property
    def exit_status(self) -> int | None:
        """What the program ended with; nothing while it runs."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start the program; from the main thread only (see `engines.process.spawn`)."""
        self._process = process.spawn(
            self._program.arguments,
            environment=self._environment,
            directory=locations.PROJECT,
        )
        self._guard.watch(self._process.pid)
        self._deaths.born()
        if self._process.stdout is not None:
            self._console.follow(self.name, self._process.stdout)

    def keep_alive(self) -> None:
        """Notice a death, and start again after a pause that grows.

        :raises KeepsDying: when that has been tried often enough.
        """
        if self._process is None:
            if time.monotonic() >= self._start_again_at:
                self.start()
        elif (status := self._process.poll()) is not None:
            self._clear_away(self._process)
            pause = self._deaths.pause()
            self._console.say(
                "up", f"{self.name} ended ({_in_words(status)}); starting it again in {pause:g} s"
            )
            self._start_again_at = time.monotonic() + pause
            self._process = None

    def ask_to_stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def see_it_stop(self, *, is_hurried: Callable[[], bool] = lambda: False) -> None:
        """Wait for the end that was asked for, and bring it about when it does not come."""
        if self._process is None:
            return
        deadline = time.monotonic() + self._program.patience
        while self._process.poll() is None:
            if is_hurried() or time.monotonic() > deadline:
                self._console.say("up", f"killing {self.name}, which does not end by itself")
                break
            time.sleep(0.02)
        self._clear_away(self._process)
        self._process = None

    def _clear_away(self, ended: subprocess.Popen[bytes]) -> None:
        """Kill what is left of its group too: a killed worker's pool would go on for ever."""
        process.kill_group(ended.pid)
        ended.wait()
        self._guard.forget(ended.pid)


def _in_words(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"

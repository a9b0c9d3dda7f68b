"""Real PostgreSQL and Valkey from wheels, for machines without servers.

`DATABASE_URL` and `REDIS_URL` (or `…_FILE`), when set, each switch one of them off. Only the
standard library is imported here: the settings read their URLs from this package.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Mapping
from typing import IO, Self

from engines.locations import (
    NoEngine,
    broker_url,
    configured,
    data_dir,
    database_url,
    make_run_dir,
    redis_url,
    run_dir,
)
from engines.postgres import Postgres
from engines.valkey import Valkey

__all__ = [
    "AlreadyRunning",
    "Engines",
    "NoEngine",
    "broker_url",
    "configured",
    "data_dir",
    "database_url",
    "redis_url",
]


_LOCK = "lock"
_FOREIGN_PATIENCE = 60


class AlreadyRunning(NoEngine):
    """Another process has the data directory to itself."""


class Engines:
    """The engines that are not configured elsewhere, running from `with` to its end.

    When another process runs those of the same data directory, they are used and left running;
    an `exclusive` user refuses to start then. `forgetful` ones are fast, and empty after a crash.
    `postgres_settings` override those of a small machine.
    """

    def __init__(
        self,
        *,
        exclusive: bool = False,
        forgetful: bool = False,
        postgres_settings: Mapping[str, str] | None = None,
    ) -> None:
        self._exclusive = exclusive
        self._postgres_settings = postgres_settings
        self._forgetful = forgetful
        self._lock: IO[str] | None = None
        self.started: list[Postgres | Valkey] = []

    def __enter__(self) -> Self:
        self.start()
        self.wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start them side by side, without waiting until they answer; from the main thread only.

        :raises AlreadyRunning: when an exclusive user is not the first.
        :raises NoEngine: when one cannot run here.
        """
        kinds = _engines_needed()
        if not kinds and not self._exclusive:
            return
        data_dir().mkdir(parents=True, exist_ok=True)
        make_run_dir()
        if not self._take_lock() and self._uses_foreign(kinds):
            return
        try:
            for kind in kinds:
                engine = (
                    Postgres(forgetful=self._forgetful, settings=self._postgres_settings)
                    if kind is Postgres
                    else Valkey(forgetful=self._forgetful)
                )
                self.started.append(engine)
                engine.start()
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self) -> None:
        """Wait until those started here answer.

        :raises NoEngine: when one does not.
        """
        try:
            for engine in self.started:
                engine.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def restart_dead(self) -> list[str]:
        """Start again those that ended by themselves, and name them; from the main thread only."""
        dead = [
            engine
            for engine in self.started
            if engine.process is not None and engine.process.poll() is not None
        ]
        for engine in dead:
            engine.start()
            engine.wait_until_ready()
        return [engine.name for engine in dead]

    def stop(self) -> None:
        """Stop what was started here, in the opposite order."""
        while self.started:
            self.started.pop().stop()
        if self._lock is not None:
            shutil.rmtree(run_dir(), ignore_errors=True)
            self._lock.close()
            self._lock = None

    def _uses_foreign(self, kinds: list[type[Postgres | Valkey]]) -> bool:
        """Wait until those of the other process answer, or until it is gone and its lock ours."""
        holder = (data_dir() / _LOCK).read_text().strip()
        if self._exclusive:
            raise AlreadyRunning(
                f"Ledgerport already runs on {data_dir()} ({holder}). "
                "Stop it, or choose another directory with --data."
            )
        deadline = time.monotonic() + _FOREIGN_PATIENCE
        while not all(kind().is_ready() for kind in kinds):
            if self._take_lock():
                return False
            if time.monotonic() > deadline:
                raise NoEngine(
                    f"The engines of {data_dir()} do not answer; they belong to {holder}."
                )
            time.sleep(0.1)
        return True

    def _take_lock(self) -> bool:
        lock = (data_dir() / _LOCK).open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        self._lock = lock
        return True


def _engines_needed() -> list[type[Postgres | Valkey]]:
    needed: list[type[Postgres | Valkey]] = []
    if not configured("DATABASE_URL"):
        needed.append(Postgres)
    if not configured("REDIS_URL"):
        needed.append(Valkey)
    return needed

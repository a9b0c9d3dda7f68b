"""Real PostgreSQL and Valkey from wheels, for machines without servers.

`DATABASE_URL` and `REDIS_URL`, when set, each switch one of them off. Only the standard library is
imported here: the settings read their URLs from this package.
"""

import fcntl
from os import environ
from typing import IO, Self

from engines.locations import NoEngine, broker_url, data_dir, database_url, redis_url
from engines.postgres import Postgres
from engines.valkey import Valkey

__all__ = ["Engines", "NoEngine", "broker_url", "data_dir", "database_url", "redis_url"]


class Engines:
    """The engines that are not configured elsewhere, running from `with` to its end.

    When another process runs those of the same data directory, they are used and left running.
    """

    def __init__(self, *, forgetful: bool = False) -> None:
        self._forgetful = forgetful
        self._lock: IO[str] | None = None
        self.started: list[Postgres | Valkey] = []
        self.are_foreign = False

    def __enter__(self) -> Self:
        self.start()
        self.wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start them side by side, without waiting until they answer; from the main thread only.

        :raises NoEngine: when one cannot run here.
        """
        kinds = _engines_needed()
        if not kinds:
            return
        data_dir().mkdir(parents=True, exist_ok=True)
        if not self._take_lock():
            self.are_foreign = True
            return
        try:
            for kind in kinds:
                engine = kind(forgetful=self._forgetful)
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
        dead = [engine for engine in self.started if engine.process is not None and engine.process.poll() is not None]
        for engine in dead:
            engine.start()
            engine.wait_until_ready()
        return [engine.name for engine in dead]

    def stop(self) -> None:
        """Stop what was started here, in the opposite order."""
        while self.started:
            self.started.pop().stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take_lock(self) -> bool:
        lock = (data_dir() / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True


def _engines_needed() -> list[type[Postgres | Valkey]]:
    needed: list[type[Postgres | Valkey]] = []
    if not environ.get("DATABASE_URL"):
        needed.append(Postgres)
    if not environ.get("REDIS_URL"):
        needed.append(Valkey)
    return needed

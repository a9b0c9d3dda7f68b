"""The installation of the drill: as the one that is broken elsewhere, with a relay and commands."""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass

import psycopg

from engines import database_url, locations
from portal.supervisor import programs
from tests.chaos.rig import Rig


@dataclass(frozen=True)
class Said:
    """What a command said, and how long it took."""

    code: int
    text: str
    seconds: float

    def number(self, words: str) -> int:
        """Return the number that stands before these words."""
        found = re.search(rf"([\d,]+) +{re.escape(words)}", self.text)
        assert found, self.text
        return int(found[1].replace(",", ""))


class Installation(Rig):
    """Everything that runs, which can be stopped, emptied and started again."""

    def start_relay(self) -> None:
        ready = self._ready_file("relay")
        self._start(programs.relay(ready=ready))
        self.wait_for("the relay", ready.exists)

    def start_again(self) -> None:
        """Start what `end` killed."""
        for name in self.worker_names:
            self.start_worker(name)
        self._start(programs.beat(ready=self._ready_file("beat")))
        self.start_relay()

    def end(self) -> None:
        """Kill -9 all of ours; the engines and the platform stay."""
        for name in [*self.worker_names, "beat", "relay"]:
            self.kill(name)

    def drop_database(self) -> None:
        """Lose everything that PostgreSQL knew."""
        with psycopg.connect(database_url(), dbname="postgres", autocommit=True) as maintenance:
            maintenance.execute(f"DROP DATABASE {locations.DATABASE} WITH (FORCE)")
            maintenance.execute(f"CREATE DATABASE {locations.DATABASE}")

    def command(self, *arguments: str) -> Said:
        """Run a management command as an operator does."""
        began = time.monotonic()
        answer = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=locations.PROJECT,
            env=os.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Said(answer.returncode, answer.stdout, time.monotonic() - began)

"""The installation of the drill: as the one that is broken elsewhere, with a relay and commands."""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass

import psycopg

from chaos.rig import SANDBOX, Rig
from engines import database_url, locations
from tests.databases import drop_database

_OURS = ("worker-1", "beat-1", "relay-1")


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

    def __init__(self) -> None:
        super().__init__(runs=[SANDBOX, *_OURS])
        # While nobody has used what replaced it, a token before the newest is taken for a day.
        os.environ["SANDBOX_REFRESH_GRACE_SECONDS"] = str(24 * 3600)

    def start_again(self) -> None:
        """Start what `end` killed."""
        for name in _OURS:
            self.start(name)

    def end(self) -> None:
        """Kill -9 all of ours; the engines and the platform stay."""
        for name in _OURS:
            self.kill(name)

    def drop_database(self) -> None:
        """Lose everything that PostgreSQL knew."""
        with psycopg.connect(database_url(), dbname="postgres", autocommit=True) as maintenance:
            drop_database(maintenance, locations.DATABASE)
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

"""Where contestants meet: their processes, the database between them, and what they must store."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from bench.installation import Installation
from bench.peers import Peer
from bench.race import Contestant, Measurement
from engines import locations


class WrongResult(Exception):
    """A contestant did not store what it was given."""


class Contest:
    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    @property
    def peers_url(self) -> str:
        """The database as a URL for those who read none of our settings."""
        host = str(locations.postgres_socket_dir()).replace("/", "%2F")
        return f"postgresql://postgres:unused@{host}:5432/{locations.DATABASE}"

    def contestant(
        self,
        module: str,
        *arguments: object,
        peer: Peer | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Contestant:
        """Start a module of `bench.contestants`, with a peer's Python or with ours."""
        python = Path(sys.executable) if peer is None else peer.program("python")
        return Contestant(
            [python, "-m", f"bench.contestants.{module}", *map(str, arguments)],
            installation=self.installation,
            environment={
                **os.environ,
                "PYTHONPATH": str(locations.PROJECT),
                **(environment or {}),
            },
            directory=locations.PROJECT,
        )

    def carried_out(
        self,
        name: str,
        contestant: AbstractContextManager[Contestant],
        records: int,
        phases: Sequence[str],
    ) -> Iterator[tuple[str, str, Measurement]]:
        with contestant as running:
            for phase in phases:
                yield name, phase, running.run(phase, records)

    def scratch(self, name: str) -> Path:
        """Return a directory for what a contestant leaves lying about."""
        directory = self.installation.directory / name
        directory.mkdir(exist_ok=True)
        return directory

    def sql(self, statement: str) -> None:
        with self.installation.connect() as database:
            database.execute(statement.encode())

    def number(self, question: str) -> int:
        with self.installation.connect() as database:
            [found] = database.execute(question.encode()).fetchone() or [0]
        return int(found)

    def require(self, expected: int, question: str) -> None:
        """:raises WrongResult: when the answer is another one."""
        if (found := self.number(question)) != expected:
            raise WrongResult(f"{question}: {found} instead of {expected}")

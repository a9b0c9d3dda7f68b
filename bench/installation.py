"""Engines of a benchmark's own, with an empty database that is as durable as a real one."""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from engines import Engines, data_dir, database_url, locations
from engines.postgres import Postgres
from portal.supervisor.environment import use_development_environment

#: A server's, not a laptop's. What makes a commit last stays as PostgreSQL has it.
_SETTINGS = {
    "shared_buffers": "2GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "track_io_timing": "on",
}


@dataclass(frozen=True)
class Installation:
    """Where everything of it lies, and the server's first process."""

    directory: Path
    postmaster: int

    def connect(self) -> psycopg.Connection:
        """Connect as the superuser; every statement commits by itself."""
        return psycopg.connect(database_url(), user="postgres", autocommit=True)


@contextmanager
def installation(**postgres_settings: str) -> Iterator[Installation]:
    """Have one while the block runs; Django is not set up yet, but may be.

    What a benchmark sets for PostgreSQL goes before what all have.
    """
    directory = Path(tempfile.mkdtemp(prefix="ledgerport-bench-"))
    for name in [each for each in os.environ if each.startswith(("LEDGERPORT_", "SANDBOX_"))]:
        del os.environ[name]
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ["LEDGERPORT_DATA"] = str(directory)
    os.environ["LEDGERPORT_ENV"] = "development"
    use_development_environment(data_dir())
    try:
        with Engines(exclusive=True, postgres_settings=_SETTINGS | postgres_settings) as engines:
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0"],
                check=True,
                cwd=locations.PROJECT,
            )
            yield Installation(directory, _postmaster(engines))
    finally:
        shutil.rmtree(locations.run_dir(), ignore_errors=True)
        shutil.rmtree(directory, ignore_errors=True)


def set_up_django() -> None:
    """Make models importable in this process."""
    importlib.import_module("django").setup()


def _postmaster(engines: Engines) -> int:
    [server] = [each for each in engines.started if isinstance(each, Postgres)]
    assert server.process is not None
    return server.process.pid

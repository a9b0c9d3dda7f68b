"""Each kind of process, started as people start it: its numbers, and the lines it writes."""

import json
import os
import re
import signal
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector import Collector, collecting
from tests.portal.conftest import RunningUp, StartUp
from tests.processes import until

pytestmark = pytest.mark.full
WORKER = "celery_process -A portal --quiet --skip-checks worker"
TOKEN = "a-token-for-scrapers"


def free_ports(number: int) -> int:
    """Return the first of several in a row that nobody has."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port: int = first.getsockname()[1]
        try:
            for each in range(port, port + number):
                socket.create_server(("127.0.0.1", each)).close()
        except OSError:
            continue
        return port


@pytest.fixture(scope="module")
def metrics_port() -> int:
    return free_ports(3)


@pytest.fixture(scope="module")
def metrics_dir(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("metrics")


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def up(start_up: StartUp, metrics_port: int, metrics_dir: Path, collector: Collector) -> RunningUp:
    running = start_up(
        environment={
            "LEDGERPORT_METRICS_TOKEN": TOKEN,
            "LEDGERPORT_METRICS_PORT": str(metrics_port),
            "LEDGERPORT_METRICS_DIR": str(metrics_dir),
            "LEDGERPORT_LOG_FORMAT": "json",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
    )
    running.wait_until_ready()
    return running


def refresh(up: RunningUp) -> None:
    ready = up.ready
    request = urllib.request.Request(
        f"{ready['api_url']}/companies/{ready['company_id']}/data/all",
        headers={"Authorization": f"Bearer {ready['api_key']}"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 204


def value(url: str, name: str) -> float:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        text = response.read().decode()
    return sum(
        float(each) for each in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, flags=re.MULTILINE)
    )


def test_web_counts_pages_and_asks_the_database(up: RunningUp) -> None:
    url = f"{up.ready['url']}metrics"
    for _ in range(3):
        up.status_of("/accounts/login/")

    assert value(url, "ledgerport_page_requests_total") >= 3
    assert value(url, "ledgerport_database_up") == 1
    assert value(url, "ledgerport_build_info") == 1


def test_a_worker_answers_for_its_children_and_for_those_that_were_killed(
    up: RunningUp, metrics_port: int, metrics_dir: Path
) -> None:
    url = f"http://127.0.0.1:{metrics_port}/metrics"
    until(lambda: value(url, "ledgerport_tasks_total") > 3, seconds=60)
    refresh(up)
    until(lambda: value(url, "ledgerport_pulls_total") > 0, seconds=60)
    until(lambda: len(up.pids_of(WORKER)) == 3, seconds=60)  # with two children
    workers = sorted(up.pids_of(WORKER))
    files = {path.name for path in metrics_dir.glob("worker-*/*.db")}

    os.kill(workers[-1], signal.SIGKILL)
    counted = value(url, "ledgerport_tasks_total")

    until(lambda: value(url, "ledgerport_tasks_total") > counted + 3, seconds=60)
    until(lambda: len(up.pids_of(WORKER)) == len(workers))
    assert {path.name for path in metrics_dir.glob("worker-*/*.db")} <= files | {
        f"{kind}_{len(workers) - 1}.db" for kind in ("counter", "histogram")
    }


@pytest.mark.parametrize("offset", [1, 2])
def test_beat_and_relay_answer_too(up: RunningUp, metrics_port: int, offset: int) -> None:
    url = f"http://127.0.0.1:{metrics_port + offset}/metrics"

    assert value(url, "ledgerport_build_info") == 1


def test_a_trace_goes_on_from_process_to_process(up: RunningUp, collector: Collector) -> None:
    refresh(up)

    def belong(name: str, service: str) -> bool:
        asked = [each for each in collector.spans if each.name == "POST refresh_all"]
        return any(
            (each.name, each.service) == (name, service)
            and each.parent in {request.id for request in asked}
            for each in collector.spans
        )

    until(lambda: belong("task sync.tasks.run_connection", "ledgerport-worker"), seconds=60)
    until(lambda: belong("pull", "ledgerport-worker"), seconds=60)


def written(up: RunningUp, name: str) -> list[str]:
    """Return the lines that a process wrote, as the supervisor shows them."""
    shown = re.findall(rf"^ *{name} │ (.*)$", up.log.read_text(), flags=re.MULTILINE)
    return [line for line in shown if line]


@pytest.mark.parametrize("name", ["web", "worker", "relay"])
def test_every_line_of_a_process_is_one_object(up: RunningUp, name: str) -> None:
    """Without Valkey everybody has something to say."""
    if not written(up, name):
        for pid in up.pids_of("valkey-server"):
            os.kill(pid, signal.SIGKILL)
        up.status_of("/no-such-page/")
        until(lambda: written(up, name), seconds=60)
    up.status_of("/link/some-key-that-nobody-may-find/")

    for line in written(up, name):
        found = json.loads(line)
        assert found["process"] == name, line
        assert found["logger"] != "uvicorn.access"
        assert "some-key-that" not in line

"""What monitoring is told, by how many processes it may be, and what it is never told."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import DatabaseError

from engines import locations
from portal import metrics, scrape
from portal.metrics import files, scraping
from portal.metrics.instruments import Counter, Histogram
from tests.measured import measured  # noqa: F401
from tests.processes import until
from webhooks import measures as of_webhooks

TOKEN = "a-token-for-scrapers"


@pytest.fixture
def stranger(client):
    client.logout()
    return client


@pytest.fixture
def asked_for(measured, settings, monkeypatch):
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(scrape, "_kept", (float("-inf"), {}))


def ask(client, token=TOKEN):
    return client.get("/metrics", headers={"Authorization": f"Bearer {token}"})


# Who may ask


def test_without_a_token_set_there_is_no_such_page(stranger):
    assert ask(stranger, "").status_code == 404


@pytest.mark.parametrize("authorization", ["", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "é"])
def test_whoever_comes_without_the_token_is_refused(stranger, asked_for, authorization):
    response = stranger.get("/metrics", headers={"Authorization": authorization})

    assert response.status_code == 401
    assert b"ledgerport_" not in response.content


def test_members_need_the_token_too(client, asked_for):
    assert client.get("/metrics").status_code == 401


def test_a_scrape_asks_the_database_four_things_and_the_next_one_nothing(
    stranger, asked_for, django_assert_num_queries
):
    with django_assert_num_queries(12):  # around two pairs: a savepoint, a role, and both back
        first = ask(stranger)
    with django_assert_num_queries(0):
        second = ask(stranger)

    for response in (first, second):
        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/plain; version=")
        assert b"\nledgerport_database_up 1.0\n" in response.content
        assert b'\nledgerport_pulls_active{state="waiting"} 0.0\n' in response.content
        assert b"\nledgerport_webhook_backlog 0.0\n" in response.content


def test_without_the_database_the_rest_is_told(stranger, asked_for, monkeypatch):
    def unreachable():
        raise DatabaseError("gone")

    monkeypatch.setattr(of_webhooks, "read", unreachable)
    metrics.PULLS.add("Sandbox", "invoices", "Complete")

    response = ask(stranger)

    assert b"\nledgerport_database_up 0.0\n" in response.content
    assert b"\nledgerport_pulls_total{" in response.content


# What is counted


def test_pages_are_told_apart_by_their_routes(client, organization, measured):
    client.get("/o/harbour/companies/")
    client.get("/o/harbour/no-such-page/")
    client.get(f"{django_settings.STATIC_URL}no-such-file.css")

    count = "ledgerport_page_requests_total"
    assert measured.value(count, route="companies:list", method="GET", status="200") == 1
    assert measured.value(count, route="none", status="404") == 1
    assert measured.value("ledgerport_page_request_duration_seconds_count") == 3
    assert measured.value(count, route="static", status="404") == 1
    assert "no-such" not in measured.text


def test_api_requests_are_told_apart_by_their_operations(stranger, db, measured):
    stranger.get("/api/companies")
    stranger.generic("BREW", "/api/companies/secret-pot")

    count = "ledgerport_api_requests_total"
    assert measured.value(count, method="GET", status="401") == 1
    assert measured.value(count, operation="none", method="other", status="401") == 1
    assert "secret-pot" not in measured.text


def test_nothing_is_counted_unless_switched_on(client, organization, monkeypatch):
    monkeypatch.setattr(metrics.PAGE_REQUESTS, "_of", lambda *_: pytest.fail("counted"))

    client.get("/o/harbour/companies/")

    assert not metrics.is_on()


# Several processes

_CHILD = """
import os, sys, time
from pathlib import Path
from portal import metrics
metrics.switch_on("worker", directory=Path({directory!r}))
def child():
    if pid := os.fork():
        return pid
    metrics.TASKS.add("sync", "succeeded")
    with metrics.STREAMS.held():
        os.write(1, f"{{os.getpid()}}\\n".encode())
        time.sleep(60)
    os._exit(0)
for _ in range(2):
    child()
while line := sys.stdin.readline():
    if line.startswith("scrape"):
        from portal.metrics import scraping
        print(repr(scraping.text().decode()), flush=True)
    else:
        os.waitpid(int(line), 0)
        child()
"""


class Parent:
    """A process whose children count, die and are replaced, as a worker's do."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CHILD.format(directory=str(directory))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=locations.PROJECT,
            text=True,
        )
        self.children = {int(self._line()), int(self._line())}

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def replace_one(self) -> None:
        pid = self.children.pop()
        os.kill(pid, signal.SIGKILL)
        self.say(str(pid))
        self.children.add(int(self._line()))

    def value(self, name: str) -> float:
        self.say("scrape")
        found = re.search(rf"\\n{name}(?:{{[^}}]*}})? ([\d.e+]+)\\n", self._line())
        return float(found[1]) if found else 0.0

    def files(self) -> set[str]:
        return {path.name for path in self.directory.rglob("*.db")}


@pytest.fixture
def parent(tmp_path):
    parent = Parent(tmp_path)
    yield parent
    for pid in parent.children:
        os.kill(pid, signal.SIGKILL)
    parent.process.communicate(timeout=10)


def test_what_children_counted_outlives_them_and_what_they_held_does_not(parent):
    assert parent.value("ledgerport_tasks_total") == 2
    assert parent.value("ledgerport_live_streams") == 2

    for number in range(3, 10):
        parent.replace_one()
        assert parent.value("ledgerport_tasks_total") == number
        assert parent.value("ledgerport_live_streams") == 2


def test_children_that_are_replaced_leave_no_files_behind(parent):
    before = parent.files()

    for _ in range(5):
        parent.replace_one()

    assert parent.files() == before


def test_what_a_dead_child_had_open_is_closed_before_there_is_another(parent):
    os.kill(next(iter(parent.children)), signal.SIGKILL)

    until(lambda: parent.value("ledgerport_live_streams") == 1)
    assert parent.value("ledgerport_tasks_total") == 2
    parent.children.pop()


def test_directories_that_nobody_uses_are_cleared_away(tmp_path, measured):
    used = files.directory()
    left = used.with_name("web-1")
    left.mkdir()
    (left / "place-0.lock").touch()
    for each in (used, left):
        os.utime(each, (0, 0))

    files.directory_of("other", base=used.parent)

    assert used.exists()
    assert not left.exists()


def test_a_directory_of_somebody_else_is_not_used(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "base").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(files.NotOurs):
        files.directory_of("web", base=tmp_path / "base")


# Ports of their own


def fetch(port: int, path: str = "/metrics", token: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


@pytest.fixture
def serve():
    servers = []

    def start(port=0, token=""):
        servers.append(scraping.serve("127.0.0.1", port, token=token))
        return servers[-1]

    yield start
    for server in filter(None, servers):
        server.shutdown()
        server.server_close()


def test_a_process_without_pages_answers_at_a_port_of_its_own(measured, serve):
    metrics.TASKS.add("sync.tasks.run_connection", "succeeded")

    status, text = fetch(serve().server_port)

    assert status == 200
    assert (
        'ledgerport_tasks_total{outcome="succeeded",task="sync.tasks.run_connection"} 1.0' in text
    )
    assert "ledgerport_build_info{" in text


def test_that_port_asks_for_the_token_where_there_is_one(measured, serve):
    port = serve(token=TOKEN).server_port

    assert fetch(port)[0] == 401
    assert fetch(port, token=TOKEN)[0] == 200
    assert fetch(port, "/", token=TOKEN)[0] == 404


def test_a_port_that_is_taken_keeps_nobody_from_work(measured, serve, caplog):
    taken = serve().server_port

    assert serve(taken) is None
    assert f"port {taken}" in caplog.text


# What is said of it

DASHBOARD = locations.PROJECT / "deploy/grafana/ledgerport.json"
GUIDE = locations.PROJECT / "docs/operate.md"
BUILD_INFO = "ledgerport_build_info"


def names() -> set[str]:
    return {each.name for each in metrics.instruments()} | {BUILD_INFO}


def test_names_and_labels_keep_to_the_conventions():
    for each in metrics.instruments():
        assert re.fullmatch(r"ledgerport(_[a-z]+)+", each.name)
        assert each.name.endswith("_total") == isinstance(each, Counter)
        assert each.name.endswith("_seconds") or not isinstance(each, Histogram)
        assert not {"organization", "company", "id", "url", "path", "user"} & set(each.labels)


def test_the_guide_explains_every_metric():
    section = GUIDE.read_text().partition("\n## Metrics\n")[2].partition("\n## ")[0]

    explained = set(re.findall(r"^\| `(ledgerport_\w+)`", section, flags=re.MULTILINE))
    assert explained == names()
    for each in metrics.instruments():
        row = next(line for line in section.splitlines() if f"`{each.name}`" in line)
        assert {f"`{label}`" for label in each.labels} <= set(re.findall(r"`\w+`", row)), each.name


def test_the_dashboard_asks_for_nothing_that_is_not_measured():
    dashboard = json.loads(DASHBOARD.read_text())
    panels = dashboard["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    asked = set(re.findall(r"ledgerport_\w+", " ".join(queries)))

    known = names() | {
        f"{each.name}_{part}"
        for each in metrics.instruments()
        if isinstance(each, Histogram)
        for part in ("bucket", "sum", "count")
    }
    assert asked <= known
    rows = {panel["title"] for panel in panels if panel["type"] == "row"}
    assert rows == {"Pulls", "Schedules", "Platforms", "Tokens", "API", "Pages", "Webhooks"}
    labels = {label for each in metrics.instruments() for label in each.labels}
    grouped = re.findall(r"by \(([^)]*)\)", " ".join(queries))
    assert {one.strip() for each in grouped for one in each.split(",")} <= labels | {"le"}

"""What deploy/ starts, and what it sets, is what the application knows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.deploy.commands import DEPLOY, KINDS, Command, all_commands
from tests.environments import ROOT

COMMANDS = all_commands()
OURS = [each for each in COMMANDS if each.kind != "sandbox"]
#: What the others read: Celery, the unit itself, the images of PostgreSQL and their first start.
OTHERS_READ = {
    "REMAP_SIGTERM",
    "WORKER_PROCESSES",
    "POSTGRES_PASSWORD",
    "POSTGRES_INITDB_ARGS",
    "POSTGRES_WEB_PASSWORD",
    "LEDGERPORT_PASSWORD",
}
#: What docs/operate.md calls no matter of taste, and what a worker is to be started with.
NEEDED = {
    "web": ("--timeout-graceful-shutdown", "--no-proxy-headers", "--no-access-log"),
    "worker": ("--without-mingle", "--without-gossip"),
}
#: As in docs/operate.md: a worker's 40 seconds; a web process waits 10 for what it has begun.
STOPS_WITHIN = {"web": 15, "worker": 40, "beat": 5, "relay": 10}

#: Without those that are started elsewhere in just the same way.
DIFFERENT = list(
    {
        (Path(each.arguments[0]).name, *each.arguments[1:]): each for each in reversed(COMMANDS)
    }.values()
)


def test_every_kind_of_process_is_in_each_place():
    for place in ("docker-compose.yml", "deploy/systemd", "deploy/kubernetes/base"):
        kinds = {each.kind for each in OURS if each.where.startswith(place)}
        assert kinds == set(KINDS), place


@pytest.mark.parametrize("command", OURS, ids=lambda each: each.where)
def test_what_is_no_matter_of_taste_is_there(command: Command):
    for option in NEEDED.get(command.kind, ()):
        assert option in command.arguments
    assert command.stop_seconds >= STOPS_WITHIN.get(command.kind, 0)
    if command.kind == "worker":
        # Beat inside of a worker survives that worker's crash.
        assert not {"-B", "--beat"} & set(command.arguments)
        assert command.variables["REMAP_SIGTERM"] == "SIGQUIT"


def test_somebody_takes_every_queue():
    known = {queue.name for queue in settings.CELERY_TASK_QUEUES}
    for place in ("docker-compose.yml", "deploy/compose", "deploy/kubernetes/base"):
        taken = [_queues(each) for each in OURS if _is_worker(each, place)]
        # A worker that names none takes all of them.
        assert set().union(*(each or known for each in taken)) == known, place
    assert set().union(*(_queues(each) for each in OURS if each.kind == "worker")) <= known


def test_every_variable_is_one_that_is_read():
    named: dict[str, set[str]] = {}
    for path in DEPLOY.rglob("*"):
        if path.is_file() and path.suffix != ".json":
            for name in _names_in(path.read_text()):
                named.setdefault(name, set()).add(str(path.relative_to(ROOT)))

    read = _read_by_the_application() | OTHERS_READ
    assert {name: where for name, where in named.items() if name not in read} == {}
    assert {"LEDGERPORT_SECRET_KEY", "DATABASE_URL_FILE", "LEDGERPORT_EXTRA_HOSTS"} <= set(named)


@pytest.mark.full
@pytest.mark.parametrize("command", DIFFERENT, ids=lambda each: each.where)
def test_a_command_exists_and_knows_its_options(command: Command):
    """Ask each command for its help with all its options before: an unknown one is an error."""
    programs = Path(sys.executable).parent
    program, *arguments = command.arguments

    answer = subprocess.run(
        [programs / Path(program).name, *arguments, "--help"],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "LEDGERPORT_ENV": "test"},
        text=True,
        timeout=110,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    assert "usage" in answer.stdout.lower()


def test_both_poolers_are_set_up_alike():
    """Kustomize takes no file from elsewhere, so there are two; only the server differs."""
    compose = (DEPLOY / "pgbouncer" / "pgbouncer.ini").read_text()
    cluster = (DEPLOY / "kubernetes" / "overlays" / "scaled" / "pgbouncer.ini").read_text()

    assert cluster.replace("host=postgres.example.com", "host=postgres") == compose


def _is_worker(command: Command, place: str) -> bool:
    return command.kind == "worker" and command.where.startswith(place)


def _queues(command: Command) -> set[str]:
    if "--queues" not in command.arguments:
        return set()
    return set(command.arguments[command.arguments.index("--queues") + 1].split(","))


def _names_in(text: str) -> set[str]:
    """Find what is set (`NAME=`, `NAME:`, `name: NAME`) or asked for (`${NAME}`)."""
    return {
        name
        for pattern in (
            r"^\s*(?:# |Environment=)?([A-Z][A-Z0-9]*_[A-Z0-9_]+)[=:]",
            r"name: ([A-Z][A-Z0-9]*_[A-Z0-9_]+)$",
            r"\$\{?([A-Z][A-Z0-9]*_[A-Z0-9_]+)",
        )
        for name in re.findall(pattern, text, re.MULTILINE)
    }


def _read_by_the_application() -> set[str]:
    read = set()
    for package in ("portal", "engines", "sandbox", "webhooks"):
        for path in (ROOT / package).rglob("*.py"):
            read |= set(re.findall(r'"([A-Z][A-Z0-9]*_[A-Z0-9_]+)"', path.read_text()))
    secrets = re.findall(r'_secret\(\s*"(\w+)"', (ROOT / "portal" / "settings.py").read_text())
    return read | {f"{name}_FILE" for name in secrets}

"""The Compose file's commands, started by hand in production before real engines."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.deploy.commands import manifests
from tests.deploy.installation import Installation, have_told, program, signed_in

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

#: As the Compose file says, less than which nobody should need.
STOPS_WITHIN = {"web": 20, "worker": 40, "beat": 10, "relay": 15}


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with Installation(pooled=False) as found:
        for name in STOPS_WITHIN:
            found.start([name], f"docker-compose.yml {name}")
        yield found


def test_what_the_compose_file_starts_does_its_work(installation):
    installation.wait_for("web answers", installation.is_ready)
    demo = installation.seed()
    with program(installation, demo) as api:
        have_told(api, installation.sink.url)
        api.post("/companies", json={"name": "Eastgate Roasters"}).raise_for_status()
    installation.wait_for(
        "the worker carries out all pulls",
        lambda: (
            not installation.number("SELECT count(*) FROM sync_pull WHERE status <> 'Complete'")
            and installation.number("SELECT count(*) FROM sync_pull")
        ),
        seconds=240,
    )
    installation.wait_for("the relay delivers", lambda: installation.sink.received)

    before = installation.number("SELECT count(*) FROM sync_pull")
    installation.ask("UPDATE sync_datastatus SET next_due_at = now() WHERE data_type = 'invoices'")
    installation.wait_for(
        "beat has what is due pulled",
        lambda: installation.number(
            "SELECT count(*) FROM sync_pull WHERE trigger = 'schedule' AND status = 'Complete'"
        ),
    )
    assert installation.number("SELECT count(*) FROM sync_pull") == before + 1
    assert installation.dead() == []


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed here")
def test_the_proxy_hands_on_pages_and_streams_as_they_come(installation):
    installation.wait_for("web answers", installation.is_ready)
    demo = installation.seed()
    company = f"/o/{demo['organization']}/companies/{demo['company_id']}"
    with (
        signed_in(installation, demo, at=installation.start_proxy()) as browser,
        browser.stream("GET", f"{company}/history/stream") as live,
    ):
        assert next(line for line in live.iter_lines() if "hx-partial" in line)
    assert installation.log("nginx") == ""


def test_in_a_cluster_nobody_begins_before_the_database_is_migrated(installation):
    """What the manifests of worker, beat and relay wait with."""
    waits = {
        tuple(container["command"])
        for _, document in manifests()
        for container in document.get("spec", {})
        .get("template", {})
        .get("spec", {})
        .get("initContainers", [])
    }
    [(shell, option, waiting)] = waits
    command = [shell, option, waiting.replace("/tmp/plan", str(installation.directory / "plan"))]

    taken = installation.ask(
        "DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations)"
        " RETURNING id, app, name, applied"
    )
    with pytest.raises(subprocess.TimeoutExpired):
        installation.run(command, seconds=20)
    installation.ask("INSERT INTO django_migrations VALUES (%s, %s, %s, %s)", *taken[0])
    installation.run(command, seconds=60)


@pytest.mark.parametrize("name", STOPS_WITHIN)
def test_each_stops_in_the_time_it_is_given(installation, name):
    seconds = installation.terminate(name)
    # The other tests come in any order, and want it.
    installation.start([name], f"docker-compose.yml {name}")

    assert seconds < STOPS_WITHIN[name]

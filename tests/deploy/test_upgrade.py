"""A new version takes over under load: nobody is refused, no pull is lost or done twice.

The processes of deploy/ are replaced one after the other while a migration of the next version is
carried out on tables in use; those of this version go on meanwhile on the next one's schema.
"""

import shutil
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import httpx
import pytest

from tests.deploy.installation import Installation, have_told, program, signed_in
from tests.environments import ROOT

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed here"),
]

#: Expands, as CONTRIBUTING.md has it: nothing that this version would stumble over.
MIGRATION = """
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sync", "{latest}")]
    operations = [
        migrations.AddField("pull", "next_note", models.TextField(default="", db_default="")),
        AddIndexConcurrently("pull", models.Index(fields=["next_note"], name="pull_next_note")),
        AddConstraintNotValid(
            "pull",
            models.CheckConstraint(condition=models.Q(attempts__gte=0), name="pull_next_check"),
        ),
        ValidateConstraint("pull", name="pull_next_check"),
    ]
"""
UNFINISHED = "SELECT count(*) FROM sync_pull WHERE completed_at IS NULL"


@pytest.fixture
def installation() -> Iterator[Installation]:
    with Installation(pooled=False) as found:
        found.start(["web-1", "web-2"], "docker-compose.yml web")
        found.start(["worker-1", "worker-2"], "docker-compose.yml worker")
        found.start(["beat"], "docker-compose.yml beat")
        found.start(["relay"], "docker-compose.yml relay")
        for name in ("web-1", "web-2"):
            found.wait_for(f"{name} answers", partial(found.is_ready, name))
        yield found


@pytest.fixture
def next_version(tmp_path) -> dict[str, str]:
    """Return the environment of a version that has one migration more."""
    package = tmp_path / "next_migrations"
    package.mkdir()
    ours = ROOT / "sync" / "migrations"
    latest = max(each.stem for each in ours.glob("0*.py"))
    (package / "__init__.py").write_text(f"__path__.append({str(ours)!r})\n")
    number = int(latest[:4]) + 1
    (package / f"{number:04}_next.py").write_text(MIGRATION.replace("{latest}", latest))
    (tmp_path / "next_settings.py").write_text(
        textwrap.dedent(
            """
            from portal.settings import *  # noqa: F403

            MIGRATION_MODULES = {"sync": "next_migrations"}
            """
        )
    )
    return {"DJANGO_SETTINGS_MODULE": "next_settings", "PYTHONPATH": f"{tmp_path}:{ROOT}"}


class Load:
    """Several who read and write all the time, and what they were answered."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self.made: list[str] = []
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def keep(self, what: str, ask: Callable[[], httpx.Response], *, every: float) -> None:
        thread = threading.Thread(target=self._keep, args=(what, ask, every), name=what)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(60)

    def _keep(self, what: str, ask: Callable[[], httpx.Response], every: float) -> None:
        while not self._stopped.wait(every):
            began = time.monotonic()
            try:
                answer = ask()
            except httpx.TransportError as error:
                self.failures.append(f"{what}: {error!r}")
                continue
            self.answers[what] += 1
            if answer.is_error:
                seconds = time.monotonic() - began
                self.failures.append(f"{what}: {answer.status_code} after {seconds:.1f} s")


def test_a_new_version_takes_over_and_nobody_is_refused(
    installation, next_version, record_property
):
    demo = installation.seed()
    proxy = installation.start_proxy("web-1", "web-2")
    company = f"/o/{demo['organization']}/companies/{demo['company_id']}"
    load = Load()
    with (
        signed_in(installation, demo, at=proxy) as reader,
        signed_in(installation, demo, at=proxy) as writer,
        program(installation, demo, at=proxy) as api,
        program(installation, demo, at=proxy) as maker,
    ):
        have_told(api, installation.sink.url)

        def make() -> httpx.Response:
            name = f"Bakery {len(load.made)}"
            load.made.append(name)
            return maker.post("/companies", json={"name": name})

        load.keep("page", lambda: reader.get(f"{company}/history/"), every=0.2)
        load.keep("api", lambda: api.get(f"/companies/{demo['company_id']}"), every=0.1)
        load.keep("make", make, every=0.2)
        load.keep("refresh", lambda: writer.post(f"{company}/refresh"), every=1.0)
        try:
            time.sleep(3)
            installation.manage("migrate", "--verbosity", "0", **next_version)
            time.sleep(1)
            _replace(installation, next_version)
            time.sleep(3)
        finally:
            load.stop()
    installation.wait_for("all pulls end", lambda: not installation.number(UNFINISHED), seconds=240)

    record_property("summary", f"{dict(load.answers)}, failed: {len(load.failures)}")
    assert load.failures == [], installation.log("nginx")[-4000:]
    assert min(load.answers[each] for each in ("page", "api", "make", "refresh")) > 0
    made = installation.ask("SELECT name FROM companies_company WHERE name LIKE 'Bakery %'")
    assert Counter(name for (name,) in made) == Counter(load.made)
    assert installation.ask("SELECT DISTINCT status FROM sync_pull") == [("Complete",)]
    # Of what was asked for at once each data type is pulled once.
    assert installation.ask(
        "SELECT batch, connection_id, data_type FROM sync_pull GROUP BY 1, 2, 3 HAVING count(*) > 1"
    ) == []  # fmt: skip
    # What a pull says it stored is there, once.
    assert installation.ask(
        "SELECT connection_id, data_type FROM (SELECT connection_id, data_type, sum(added) AS told "
        "FROM sync_pull GROUP BY 1, 2) p FULL JOIN (SELECT connection_id, data_type, count(*) AS "
        "stored FROM sync_record GROUP BY 1, 2) r USING (connection_id, data_type) "
        "WHERE coalesce(told, 0) <> coalesce(stored, 0)"
    ) == []  # fmt: skip
    installation.wait_for(
        "every company is told", lambda: len(set(installation.sink.ids)) >= len(load.made)
    )
    assert len(set(installation.sink.ids)) == len(load.made)
    assert installation.dead() == []


def _replace(installation: Installation, next_version: dict[str, str]) -> None:
    """Stop one process, start its successor, and go on when that is ready."""
    for name, kind in (
        ("web-1", "web"),
        ("web-2", "web"),
        ("worker-1", "worker"),
        ("worker-2", "worker"),
        ("relay", "relay"),
        ("beat", "beat"),
    ):
        installation.terminate(name)
        installation.start([name], f"docker-compose.yml {kind}", **next_version)
        if kind == "web":
            installation.wait_for(f"{name} answers", partial(installation.is_ready, name))

"""The command as an operator types it, beside an installation that runs, sound and broken."""

import base64
import json
import os
import subprocess
import sys
import time

import psycopg
import pytest

from engines import locations
from portal.doctor.register import CHECKS
from tests.processes import until

pytestmark = pytest.mark.full

OTHER_KEY = base64.b64encode(b"another-key-of-thirty-two-bytes!").decode()
PASSWORD = "a-password-that-nobody-may-read"


class Doctor:
    """Run it with an installation's data directory, and keep what it said."""

    def __init__(self, data_dir, secrets):
        self.data_dir = data_dir
        self.secrets = secrets

    def __call__(self, *arguments, **environment):
        ours = ("LEDGERPORT_", "SANDBOX_", "DJANGO_", "PYTEST_", "DATABASE_", "REDIS_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        began = time.monotonic()
        self.ended = subprocess.run(
            [sys.executable, str(locations.PROJECT / "manage.py"), "doctor", *arguments],
            env={**inherited, "LEDGERPORT_DATA": str(self.data_dir), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        self.seconds = time.monotonic() - began
        said = self.ended.stdout + self.ended.stderr
        assert "Traceback" not in said, said
        assert self.ended.stderr == ""
        for secret in (*self.secrets, OTHER_KEY, PASSWORD):
            assert secret not in said
        return self.ended

    def findings(self, **environment):
        """Return what is told as JSON, by id; the text must tell the same."""
        document = json.loads(self("--json", **environment).stdout)
        self.status = self.ended.returncode
        assert self.seconds < 20
        found = {each["id"]: each for each in document["findings"]}
        covered = {check.id for check in CHECKS}
        assert all(any(i == c or i.startswith(f"{c}.") for c in covered) for i in found)
        assert self.status == {"error": 2, "warning": 1}.get(document["worst"], 0)
        return found

    def errors(self, **environment):
        found = self.findings(**environment)
        return {key for key, each in found.items() if each["level"] == "error"}


@pytest.fixture(scope="module")
def up(start_up):
    running = start_up()
    running.wait_until_ready()
    return running


@pytest.fixture(scope="module")
def secrets(up):
    values = json.loads((up.data_dir / "secrets.json").read_text())
    del values["SANDBOX_CLIENT_ID"]
    keys = values["LEDGERPORT_ENCRYPTION_KEYS"].partition(":")[2]
    return [keys, *values.values(), *map(up.ready.get, ["password", "api_key"])]


@pytest.fixture
def doctor(up, secrets):
    return Doctor(up.data_dir, secrets)


@pytest.fixture
def owner(up, monkeypatch):
    monkeypatch.setenv("LEDGERPORT_DATA", str(up.data_dir))
    login = f"postgresql://ledgerport@/ledgerport?host={locations.postgres_socket_dir()}"
    with psycopg.connect(login, autocommit=True) as session:
        yield session


def test_a_healthy_installation(doctor):
    until(lambda: doctor.errors() == set(), seconds=60)

    found = doctor.findings()
    text = doctor()

    assert {each["level"] for each in found.values()} <= {"ok", "note"}
    assert found["processes.relay"]["level"] == "ok"
    assert found["processes.worker.pulls"]["level"] == "ok"
    assert text.returncode == 0
    assert "✓ ok      database.isolation" in text.stdout
    assert "0 warnings, 0 errors" in text.stdout


def test_without_valkey(doctor, closed_port):
    address = f"redis://:{PASSWORD}@127.0.0.1:{closed_port}/0"
    found = doctor.findings(**development(doctor), REDIS_URL=address)
    text = doctor(**development(doctor), REDIS_URL=address)

    assert doctor.status == text.returncode == 2
    assert found["valkey.reachable"]["level"] == "error"
    assert found["processes.worker"] == {
        "id": "processes.worker",
        "level": "note",
        "asked": False,
        "found": "Not asked: see valkey.reachable.",
        "means": "",
        "remedy": "",
    }
    assert "✗ error   valkey.reachable" in text.stdout
    assert "Do: Start Valkey" in text.stdout


def development(doctor):
    """What `manage.py` takes from the data directory, unless an address is configured."""
    return json.loads((doctor.data_dir / "secrets.json").read_text()) | {
        "LEDGERPORT_ENV": "development"
    }


def test_when_everything_hangs(doctor, silent_port):
    errors = doctor.errors(
        **development(doctor),
        REDIS_URL=f"redis://:{PASSWORD}@127.0.0.1:{silent_port}/0",
        DATABASE_URL=f"postgresql://ledgerport:{PASSWORD}@127.0.0.1:{silent_port}/ledgerport",
    )

    assert {"valkey.reachable", "database.reachable"} == errors


def test_with_a_pending_migration(doctor, owner):
    (row,) = owner.execute(
        "DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations "
        "WHERE app = 'webhooks') RETURNING app, name, applied"
    ).fetchall()
    try:
        found = doctor.findings()
        text = doctor()
    finally:
        owner.execute("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", row)

    assert doctor.status == text.returncode == 2
    assert found["database.migrations"]["level"] == "error"
    assert found["database.migrations"]["remedy"].endswith("python manage.py migrate")
    assert found["work.waiting"]["found"] == "Not asked: see database.migrations."
    assert f"Not applied: webhooks {row[1]}" in " ".join(text.stdout.split())


def test_with_row_level_security_off(doctor, owner):
    owner.execute("ALTER TABLE sync_record DISABLE ROW LEVEL SECURITY")
    try:
        errors = doctor.errors()
        text = doctor()
    finally:
        owner.execute("ALTER TABLE sync_record ENABLE ROW LEVEL SECURITY")

    assert errors == {"database.isolation"}
    assert text.returncode == 2
    assert "sync_record does not force row-level security" in " ".join(text.stdout.split())


def test_with_nobody_at_work(doctor):
    """Another logical database of the same Valkey: nobody has left or answers anything there."""
    errors = doctor.errors(LEDGERPORT_REDIS_DB="9")
    text = doctor("--fail-on", "error", LEDGERPORT_REDIS_DB="9")

    assert errors == {
        "processes.scheduler",
        "processes.relay",
        "processes.worker.pulls",
        "processes.worker.work",
        "processes.worker.clock",
    }
    assert text.returncode == 2
    assert "celery -A portal beat" in text.stdout
    assert "python manage.py relay" in text.stdout


def test_with_another_ring_of_keys(doctor):
    errors = doctor.errors(LEDGERPORT_ENCRYPTION_KEYS=f"other:{OTHER_KEY}")

    assert errors == {"keys.in_use"}


@pytest.mark.parametrize("keys", [OTHER_KEY, f"{OTHER_KEY}:%other", f"k1:{OTHER_KEY[:20]}"])
def test_with_a_ring_that_does_not_parse(doctor, keys):
    found = doctor.findings(LEDGERPORT_ENCRYPTION_KEYS=keys)

    assert found["keys.ring"]["level"] == "error"
    assert found["keys.in_use"]["found"] == "Not asked: see keys.ring."
    assert found["database.isolation"]["level"] == "ok"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "LEDGERPORT_BASE_URL is not set"),
        (
            {"LEDGERPORT_ENV": "development", "DATABASE_URL": f"postgresql://u:{PASSWORD}/@h/d"},
            "ValueError at settings.py",
        ),
        (
            {"LEDGERPORT_ENV": "development", "LEDGERPORT_WEBHOOK_PORTS": PASSWORD},
            "ValueError at settings.py",
        ),
        (
            {"LEDGERPORT_ENV": "development", "DATABASE_URL_FILE": "/nowhere"},
            "FileNotFoundError at settings.py",
        ),
    ],
)
def test_with_settings_that_cannot_be_read(doctor, environment, words):
    found = doctor.findings(**{"LEDGERPORT_ENV": "production"} | environment)

    assert doctor.status == 2
    assert words in found["settings.read"]["found"]
    assert found.keys() == {check.id for check in CHECKS}
    assert found["database.reachable"]["found"] == "Not asked: see settings.read."


def test_where_nothing_was_ever_started(doctor, tmp_path):
    doctor.data_dir = tmp_path / "data"

    errors = doctor.errors()

    assert errors == {"database.reachable", "valkey.reachable"}
    assert not doctor.data_dir.exists()

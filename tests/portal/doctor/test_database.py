"""PostgreSQL as it should be says nothing; each thing that is wrong with it is a finding."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from companies import tenancy
from connections import sealing
from connections.platforms.base import Credentials
from portal import clock
from portal.doctor.checks import database
from portal.doctor.findings import Level
from portal.doctor.register import CHECKS
from sync.models import PlatformRequest
from tests.factories import ConnectionFactory, PullFactory
from tests.parts import make_months, put_back
from tests.portal.doctor.conftest import connecting, owning

ASKED_OF_DATABASE = [check.id for check in CHECKS if check.lane == "database"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_is_wrong_with_what_is_sound(ask):
    found = {check_id: ask(check_id) for check_id in ASKED_OF_DATABASE}

    assert {each.level for each in found.values()} == {Level.OK}, found


def test_a_login_that_owns_nothing_can_ask_everything(ask, member_login):
    found = {check_id: ask(check_id) for check_id in ASKED_OF_DATABASE}

    assert {each.level for each in found.values()} == {Level.OK}, found
    assert member_login in found["database.login"].found


def test_a_database_that_is_not_there(ask):
    with connecting(HOST="/nowhere"):
        answer = ask("database.reachable")

    assert answer.level == Level.ERROR
    assert "/nowhere" in answer.found
    assert answer.remedy


@pytest.mark.full
def test_a_database_of_no_name(ask):
    with connecting(NAME=""):
        assert ask("database.reachable").level == Level.ERROR


def test_an_old_server(ask, monkeypatch):
    monkeypatch.setattr(database, "_OLDEST", 99)

    answer = ask("database.version")

    assert answer.level == Level.ERROR
    assert "99 or newer" in answer.means


def test_a_role_that_is_not_there(ask):
    with connecting(OPTIONS={"options": "-c role=nobody_there"}):
        answer = ask("database.role")

    assert answer.level == Level.ERROR
    assert "manage.py migrate" in answer.remedy


def test_connections_that_do_not_take_on_the_role(ask):
    with connecting(OPTIONS={"options": ""}):
        answer, owner = ask("database.role"), ask("database.owner")

    assert answer.level == owner.level == Level.ERROR
    assert "instead of ledgerport_app" in answer.found
    assert "sync_record" in owner.found or "more" in owner.found


def test_a_superuser_as_login(ask, superuser):
    with connecting(USER="postgres"):
        answer, isolation = ask("database.login"), ask("database.isolation")

    assert (answer.level, isolation.level) == (Level.ERROR, Level.ERROR)
    assert "postgres is a superuser" in answer.found


@pytest.mark.full
def test_a_login_above_row_level_security(ask, superuser):
    superuser.execute("CREATE ROLE doctor_above LOGIN BYPASSRLS")
    superuser.execute("GRANT ledgerport_app TO doctor_above")
    try:
        with connecting(USER="doctor_above"):
            answer = ask("database.login")
    finally:
        superuser.execute("DROP ROLE doctor_above")

    assert answer.level == Level.ERROR
    assert "doctor_above has BYPASSRLS" in answer.found
    assert "ALTER ROLE doctor_above" in answer.remedy


def test_a_migration_that_is_pending(ask):
    with owning() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations "
            "WHERE app = 'webhooks') RETURNING name, applied"
        )
        name, applied = cursor.fetchone()
    try:
        answer = ask("database.migrations")
    finally:
        with owning() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('webhooks', %s, %s)",
                [name, applied],
            )

    assert answer.level == Level.ERROR
    assert f"webhooks {name}" in answer.found
    assert "manage.py migrate" in answer.remedy


@pytest.mark.full
def test_a_migration_of_a_newer_version(ask):
    with owning() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('sync', '9999_new', now())"
        )
    try:
        answer = ask("database.migrations")
    finally:
        with owning() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '9999_new'")

    assert answer.level == Level.WARNING
    assert "sync 9999_new" in answer.found


@pytest.mark.parametrize(
    ("spoil", "mend", "check_id", "words"),
    [
        (
            "ALTER TABLE sync_record DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE sync_record ENABLE ROW LEVEL SECURITY",
            "database.isolation",
            "sync_record does not force row-level security",
        ),
        (
            "ALTER TABLE sync_record NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE sync_record FORCE ROW LEVEL SECURITY",
            "database.isolation",
            "sync_record does not force row-level security",
        ),
        (
            "GRANT DELETE ON companies_auditentry TO ledgerport_app",
            "REVOKE DELETE ON companies_auditentry FROM ledgerport_app",
            "database.rights",
            "ledgerport_app has DELETE on companies_auditentry",
        ),
    ],
)
@pytest.mark.full
def test_a_wall_that_was_taken_down(ask, spoil, mend, check_id, words):
    with owning() as cursor:
        cursor.execute(spoil)
    try:
        answer = ask(check_id)
    finally:
        with owning() as cursor:
            cursor.execute(mend)

    assert answer.level == Level.ERROR
    assert words in answer.found


@pytest.fixture
def bare(transactional_db):
    """An empty database of the same server, as before the first `migrate`."""
    name = f"{connection.settings_dict['NAME']}_bare"
    with owning() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    with connecting(NAME=name):
        yield name
    with owning() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.full
def test_an_empty_database(ask, bare):
    assert ask("database.reachable").level == Level.OK
    assert ask("database.migrations").level == Level.ERROR
    answer = ask("database.extension")
    assert answer.level == Level.ERROR
    assert "CREATE EXTENSION pg_trgm" in answer.remedy


@pytest.mark.parametrize(("limit", "level"), [("_CROWDED", Level.WARNING), ("_FULL", Level.ERROR)])
def test_few_connections_left(ask, monkeypatch, limit, level):
    monkeypatch.setattr(database, limit, 0.0)

    answer = ask("database.connections")

    assert answer.level == level
    assert " connections are in use" in answer.found


@pytest.mark.full
def test_an_index_that_was_not_finished(ask, superuser):
    superuser.execute("CREATE TABLE twice (n int)")
    superuser.execute("INSERT INTO twice VALUES (1), (1)")
    try:
        with pytest.raises(psycopg.errors.UniqueViolation):
            superuser.execute("CREATE UNIQUE INDEX CONCURRENTLY twice_n ON twice (n)")
        answer = ask("database.indexes")
    finally:
        superuser.execute("DROP TABLE twice")

    assert answer.level == Level.WARNING
    assert answer.remedy.endswith("REINDEX INDEX CONCURRENTLY twice_n")


@pytest.mark.parametrize(
    ("limits", "level"),
    [(("_MANY_TRANSACTIONS",), Level.WARNING),
     (("_MANY_TRANSACTIONS", "_TOO_MANY_TRANSACTIONS"), Level.ERROR)],
)  # fmt: skip
def test_transaction_ids_that_run_out(ask, monkeypatch, limits, level):
    for limit in limits:
        monkeypatch.setattr(database, limit, 1)

    assert ask("database.transactions").level == level


def sealed():
    connection_ = ConnectionFactory()
    with tenancy.entered(connection_.organization_id):
        sealing.store(connection_, Credentials(access_token="a", refresh_token="b"))
    return connection_


@pytest.mark.parametrize("login", ["owner", "member"])
@pytest.mark.full
class TestKeys:
    @pytest.fixture(autouse=True)
    def _login(self, login, request):
        if login == "member":
            request.getfixturevalue("member_login")

    def test_a_key_that_is_missing(self, ask, ring):
        ring("old")
        sealed()
        ring("new")

        answer = ask("keys.in_use")

        assert answer.level == Level.ERROR
        assert "not on the ring: old" in answer.found
        assert "LEDGERPORT_ENCRYPTION_KEYS" in answer.remedy

    def test_an_old_key_that_is_in_use(self, ask, ring):
        ring("old")
        sealed()
        ring("new", "old")

        answer = ask("keys.in_use")

        assert answer.level == Level.NOTE
        assert answer.remedy == "python manage.py rekey"

    def test_an_old_key_that_nothing_hangs_on(self, ask, ring):
        ring("new", "old")
        sealed()

        answer = ask("keys.in_use")

        assert answer.level == Level.NOTE
        assert "Nothing hangs on old any more" in answer.found

    def test_the_only_key(self, ask, ring):
        ring("new")
        sealed()

        assert ask("keys.in_use").level == Level.OK


@pytest.fixture
def mended():
    yield
    put_back()


def test_next_months_part_is_missing(ask, monkeypatch):
    later = timezone.now() + timedelta(days=100)
    monkeypatch.setattr(clock, "now", lambda: later)

    answer = ask("database.partitions")

    assert answer.level == Level.WARNING
    assert "companies_event has no part for" in answer.found
    assert "manage.py prune" in answer.remedy


def test_rows_that_found_no_month(ask, mended):
    pull = PullFactory()
    with tenancy.entered(pull.organization_id):
        PlatformRequest.objects.create(
            organization_id=pull.organization_id,
            pull=pull,
            at=timezone.now() + timedelta(days=800),
            method="GET",
            url="/",
            status=200,
            milliseconds=1,
            size=1,
        )

    answer = ask("database.partitions")

    assert answer.level == Level.WARNING
    assert "sync_platformrequest_default" in answer.found


def test_months_that_nobody_drops(ask, monkeypatch, mended):
    later = timezone.now() + timedelta(days=170)
    make_months(later)
    monkeypatch.setattr(clock, "now", lambda: later)

    answer = ask("database.partitions")

    assert answer.level == Level.WARNING
    assert "still there: sync_platformrequest_first" in answer.found

"""`manage.py verify` finds nothing where nothing is wrong, and names what is."""

import datetime as dt
from contextlib import contextmanager
from hashlib import blake2b
from uuid import uuid4

import pytest
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import connection as database
from django.utils import timezone

from companies import events, tenancy
from companies.models import EventType
from connections import sealing
from connections.models import StoredCredentials
from connections.platforms.base import Credentials
from portal import verification
from portal.owner import as_owner, as_reader
from sync.models import Pull, PullStatus, Record, StagedPage, StagedRecord
from sync.models.pull import RUNNING
from tests.factories import (
    ConnectionFactory,
    DataStatusFactory,
    PullFactory,
    UploadedFileFactory,
)
from tests.sync.books import a_record
from webhooks import operations
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sound():
    """A connection with a record, credentials and a file, as pulls leave them."""
    connection = ConnectionFactory()
    DataStatusFactory(connection=connection, record_count=1)
    PullFactory(
        connection=connection,
        status=PullStatus.COMPLETE,
        completed_at=timezone.now(),
        fetched=1,
        added=1,
    )
    with tenancy.entered(connection.organization_id):
        pull = Pull.objects.get()
        told(pull)
        record = a_record(connection, "invoices", "1")
        set_hash(record)
        sealing.store(connection, Credentials(access_token="a", refresh_token="b"))
    UploadedFileFactory(company=connection.company)
    return connection


def told(pull):
    events.record(
        EventType.PULL_FINISHED,
        organization_id=pull.organization_id,
        company_id=pull.company_id,
        connection_id=pull.connection_id,
        summary="ended",
        payload={"pullId": str(pull.pk)},
    )


def set_hash(record):
    record.hash = blake2b(record.body.encode(), digest_size=16).digest()
    record.save(update_fields=["hash"])


def violations():
    return {each.name: each.told for each in verification.verify() if each.violations}


@contextmanager
def owning():
    with as_owner(), database.cursor() as cursor:
        yield cursor


def test_nothing_is_wrong_with_what_is_sound(sound, capsys):
    call_command("verify")

    lines = {
        line[:28].strip(): line[28:].split() for line in capsys.readouterr().out.splitlines()[1:]
    }
    assert all(found[1] == "0" for found in lines.values())
    for what in ("record bodies", "credentials", "uploaded files", "records and pull counters"):
        assert lines[what] == ["1", "0"], what


def test_everything_that_is_wrong_is_named(sound):
    organization = sound.organization
    running = PullFactory(connection=sound, data_type="bills", status=RUNNING[0])
    consumer = operations.create_consumer(
        organization, url="https://sink.example/", event_types=["company.created"], actor=None
    )
    with tenancy.entered(organization.pk):
        Record.objects.update(body='{"id": "another"}')
        Pull.objects.filter(status=PullStatus.COMPLETE).update(fetched=2, added=2)
        stored = StoredCredentials.objects.get()
        StoredCredentials.objects.update(access_token=bytes(stored.access_token)[:-1] + b"x")
        StagedRecord.objects.create(
            organization=organization, pull_id=uuid4(), source_id="1", hash=b"h"
        )
        StagedPage.objects.create(
            organization=organization, pull_id=uuid4(), number=1, unchanged=[]
        )
        delivery = Delivery.objects.create(
            organization=organization,
            consumer=consumer,
            event_type="company.created",
            attempts=3,
            next_attempt_at=timezone.now() + dt.timedelta(hours=1),
        )
    storages["files"].delete(UploadedFileFactory(company=sound.company).path)

    found = violations()

    (lease,) = found["pulls under way"]
    assert f"{running.pk} (bills) runs without a lease" in lease
    assert any("staged records are left" in each for each in found["pulls"])
    assert any("staged pages are left" in each for each in found["pulls"])
    assert "is not what its hash says" in found["record bodies"][0]
    assert "pulls added 2 records, 1 are stored" in found["records and pull counters"][0]
    assert "does not open" in found["credentials"][0]
    assert f"message {delivery.pk} counts 3 attempts, 0 are on record" in found["webhook messages"]
    assert "is not on the disk" in found["uploaded files"][0]
    with pytest.raises(SystemExit) as ended:
        call_command("verify")
    assert ended.value.code == 1


@pytest.mark.parametrize(
    ("spoil", "mend", "check", "words"),
    [
        (
            "ALTER TABLE sync_record NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE sync_record FORCE ROW LEVEL SECURITY",
            "tables kept apart",
            "sync_record does not force row-level security",
        ),
        (
            "ALTER POLICY record_isolation ON sync_record RENAME TO other",
            "ALTER POLICY other ON sync_record RENAME TO record_isolation",
            "tables kept apart",
            "sync_record has other policies than it should: other, record_isolation",
        ),
        (
            "GRANT DELETE ON companies_auditentry TO ledgerport_app",
            "REVOKE DELETE ON companies_auditentry FROM ledgerport_app",
            "rights on tables",
            "ledgerport_app has DELETE on companies_auditentry",
        ),
        (
            "ALTER TABLE companies_event_first NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE companies_event_first FORCE ROW LEVEL SECURITY",
            "tables kept apart",
            "companies_event_first does not force row-level security",
        ),
        (
            "CREATE POLICY odd ON companies_event_first USING (true)",
            "DROP POLICY odd ON companies_event_first",
            "tables kept apart",
            "companies_event_first has policies of its own, beside those of companies_event",
        ),
        (
            "GRANT SELECT ON companies_event_first TO ledgerport_app",
            "REVOKE SELECT ON companies_event_first FROM ledgerport_app",
            "rights on tables",
            "ledgerport_app has SELECT on companies_event_first",
        ),
        (
            "CREATE TABLE loose (organization_id uuid)",
            "DROP TABLE loose",
            "tables kept apart",
            "loose names organizations, and nothing keeps them apart",
        ),
    ],
)
@pytest.mark.full
def test_a_wall_that_was_taken_down_is_found(transactional_db, spoil, mend, check, words):
    with owning() as cursor:
        cursor.execute(spoil)
    try:
        found = violations()
    finally:
        with owning() as cursor:
            cursor.execute(mend)

    assert found == {check: [words]}


def test_it_cannot_write(transactional_db):
    ConnectionFactory()
    with as_reader(), database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM connections_connection")
        assert cursor.fetchone() == (1,)
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind = 'r' AND (has_table_privilege(oid, 'INSERT') "
            "OR has_table_privilege(oid, 'UPDATE') OR has_table_privilege(oid, 'DELETE'))"
        )
        assert cursor.fetchone() == (0,)

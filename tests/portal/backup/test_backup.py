"""Backups are whole, private and refused in plain words where they would not help."""

import json
import stat
import subprocess
import zipfile
from datetime import timedelta

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from companies import tenancy
from companies.models import Company
from connections import sealing
from connections.platforms.base import Credentials
from files.models import UploadedFile
from portal import crypto
from portal.backup import programs, taking
from sync.models import Pull, PullStatus, RejectedRecord, StagedPage, StagedRecord
from tests.factories import (
    CompanyFactory,
    ConnectionFactory,
    PullFactory,
    UploadedFileFactory,
    UserFactory,
)
from webhooks import operations
from webhooks.models import Delivery, DeliveryStatus

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def backup(tmp_path):
    return tmp_path / "monday.backup"


def manifest_of(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("manifest.json"))


def rewrite(path, **changes):
    """Change what a backup says of itself."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | changes).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_what_was_backed_up_comes_back_in_an_empty_database(backup, elsewhere):
    mine, foreign = UploadedFileFactory(content=b"a,b\n"), CompanyFactory()
    call_command("backup", backup)
    storages["files"].delete(mine.path)

    with elsewhere():
        call_command("restore", backup)

        with tenancy.entered(mine.organization_id):
            assert [company.pk for company in Company.objects.all()] == [mine.company_id]
        with tenancy.entered(foreign.organization_id):
            assert [company.pk for company in Company.objects.all()] == [foreign.pk]
        assert Company.objects.count() == 0
        CompanyFactory()
    with storages["files"].open(mine.path) as stored:
        assert stored.read() == b"a,b\n"


@pytest.mark.full
def test_every_right_and_every_policy_comes_back(backup, elsewhere):
    rights = (
        "SELECT relname, relacl::text, relrowsecurity, relforcerowsecurity, reloptions, ("
        "  SELECT array_agg((polname, polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid),"
        "                    pg_get_expr(polwithcheck, polrelid))::text ORDER BY polname)"
        "  FROM pg_policy WHERE polrelid = c.oid), ("
        "  SELECT array_agg((attname, attacl::text)::text ORDER BY attname)"
        "  FROM pg_attribute WHERE attrelid = c.oid AND attacl IS NOT NULL)"
        "FROM pg_class c WHERE relnamespace = 'public'::regnamespace ORDER BY relname"
    )

    def all_of_them():
        with connection.cursor() as cursor:
            cursor.execute(rights)
            found = cursor.fetchall()
            cursor.execute(
                "SELECT nspowner::regrole, (SELECT array_agg(each::text ORDER BY each::text) "
                "FROM unnest(nspacl) each) FROM pg_namespace WHERE nspname = 'public'"
            )
            return found + cursor.fetchall()

    before = all_of_them()
    call_command("backup", backup)

    with elsewhere():
        call_command("restore", backup)
        assert all_of_them() == before

        call_command("restore", backup, replace=True)
        assert all_of_them() == before


def test_a_backup_is_for_its_owner_only_and_never_overwritten(backup):
    call_command("backup", backup)

    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with pytest.raises(CommandError, match="there already"):
        call_command("backup", backup)


@pytest.mark.full
def test_nothing_is_left_of_one_that_failed(backup, settings, monkeypatch):
    monkeypatch.setenv("LEDGERPORT_PG_BIN", str(backup.parent))

    with pytest.raises(CommandError, match="pg_dump of PostgreSQL"):
        call_command("backup", backup)

    assert not any(each.is_file() for each in backup.parent.iterdir())


@pytest.mark.full
def test_the_keys_are_not_in_it(backup):
    secret = crypto.key_ring()
    call_command("backup", backup)

    encoded = b"bGVkZ2VycG9ydC1kZXZlbG9wbWVudC1rZXktMzJieXQ="
    assert encoded not in backup.read_bytes()
    assert b"ledgerport-development-key-32byt" not in backup.read_bytes()
    assert set(manifest_of(backup)["keys"]) == set(secret.ciphers)


@pytest.mark.full
def test_a_token_is_nowhere_in_it(backup):
    connection_ = ConnectionFactory()
    with tenancy.entered(connection_.organization_id):
        sealing.store(connection_, Credentials(access_token="canary-a", refresh_token="canary-b"))

    call_command("backup", backup)

    # Its parts are compressed; as SQL they are not.
    with zipfile.ZipFile(backup) as archive:
        (backup.parent / "dump").write_bytes(archive.read("database.dump"))
    text = pg_restore_text(backup.parent / "dump")
    assert b"connections_storedcredentials" in text
    assert b"canary" not in text
    assert b"canary".hex().encode() not in text


def pg_restore_text(dump):
    answer = subprocess.run(
        [programs.find("pg_restore"), "--file=-", dump], capture_output=True, check=True
    )
    return answer.stdout


def test_a_database_in_use_or_filled_is_left_alone(backup, elsewhere):
    CompanyFactory()
    call_command("backup", backup)

    with pytest.raises(CommandError, match=r"not empty.*Nothing was changed"):
        call_command("restore", backup)
    with elsewhere():
        connection.ensure_connection()
        other = psycopg.connect(
            host=connection.settings_dict["HOST"],
            user=connection.settings_dict["USER"],
            dbname=connection.settings_dict["NAME"],
        )
        with other, pytest.raises(CommandError, match="Stop web, workers, beat and relay"):
            call_command("restore", backup)


@pytest.mark.full
def test_a_filled_database_is_replaced_when_that_is_said(backup, elsewhere):
    before = CompanyFactory()
    call_command("backup", backup)

    with elsewhere():
        call_command("restore", backup)
        later = CompanyFactory()
        call_command("restore", backup, replace=True)

        with tenancy.entered(before.organization_id):
            assert Company.objects.count() == 1
        with tenancy.entered(later.organization_id):
            assert Company.objects.count() == 0


def test_without_its_keys_it_is_refused_before_anything_is_touched(backup, elsewhere, monkeypatch):
    call_command("backup", backup)
    for text in ("new:" + "A" * 43 + "=", "dev:" + "A" * 43 + "="):
        ring = crypto.KeyRing.parse(text)
        monkeypatch.setattr("portal.backup.keys.key_ring", lambda ring=ring: ring)

        with elsewhere(), pytest.raises(CommandError, match=r"under the same id: dev\. Put them"):
            call_command("restore", backup)


@pytest.mark.full
def test_other_versions_are_refused_in_plain_words(backup, elsewhere):
    call_command("backup", backup)
    applied = manifest_of(backup)["migrations"]
    with elsewhere():
        rewrite(backup, migrations=applied | {"sync": [*applied["sync"], "0999_tomorrow"]})
        with pytest.raises(CommandError, match=r"newer version.*sync 0999_tomorrow"):
            call_command("restore", backup)

        rewrite(backup, migrations=applied, postgres=990_000)
        with pytest.raises(CommandError, match="PostgreSQL 99, this server is"):
            call_command("restore", backup)

        rewrite(backup, format=2)
        with pytest.raises(CommandError, match="format 2"):
            call_command("restore", backup)


@pytest.mark.full
def test_a_damaged_one_is_refused(backup, elsewhere):
    call_command("backup", backup)
    whole = backup.read_bytes()
    with elsewhere():
        backup.write_bytes(whole[:-100])
        with pytest.raises(CommandError, match="no backup, or its end is missing"):
            call_command("restore", backup)

        middle = whole.index(b"PGDMP") + 1000
        backup.write_bytes(whole[:middle] + b"\x00\x01" + whole[middle + 2 :])
        with pytest.raises(CommandError, match="damaged"):
            call_command("restore", backup)


@pytest.mark.full
def test_a_file_that_is_not_there_is_named(backup, elsewhere, capsys):
    lost = UploadedFileFactory()
    UploadedFileFactory()
    storages["files"].delete(lost.path)

    call_command("backup", backup)

    assert manifest_of(backup)["files"]["missing"] == [lost.path]
    assert manifest_of(backup)["files"]["count"] == 1
    assert lost.path in capsys.readouterr().err


@pytest.mark.full
def test_a_file_deleted_meanwhile_is_no_row_afterwards(backup, elsewhere, monkeypatch):
    going, staying = UploadedFileFactory(), UploadedFileFactory()
    copy = taking._copy_files

    def deleted_before(archive):
        with connection_of_another() as other:
            other.execute("SET ROLE ledgerport_app")
            other.execute(
                "SELECT set_config('app.organization', %s, false)", [str(going.organization_id)]
            )
            other.execute("DELETE FROM files_uploadedfile WHERE id = %s", [going.pk])
        storages["files"].delete(going.path)
        return copy(archive)

    monkeypatch.setattr(taking, "_copy_files", deleted_before)
    call_command("backup", backup)

    assert manifest_of(backup)["files"]["deleted_meanwhile"] == [str(going.pk)]
    with elsewhere():
        call_command("restore", backup)

        for file, rows in ((going, 0), (staying, 1)):
            with tenancy.entered(file.organization_id):
                assert UploadedFile.objects.count() == rows


def connection_of_another():
    settings = connection.settings_dict
    return psycopg.connect(
        host=settings["HOST"], user=settings["USER"], dbname=settings["NAME"], autocommit=True
    )


@pytest.mark.full
def test_pulls_under_way_begin_again(backup, elsewhere):
    running = PullFactory(
        status=PullStatus.FETCHING,
        lease_until=timezone.now() + timedelta(seconds=60),
        fence=3,
        cursor="page-7",
        pages=6,
        fetched=600,
        rejected=1,
    )
    ended = PullFactory(status=PullStatus.COMPLETE)
    with tenancy.entered(running.organization_id):
        StagedRecord.objects.create(
            organization=running.organization, pull_id=running.pk, source_id="1", hash=b"h"
        )
        StagedPage.objects.create(
            organization=running.organization, pull_id=running.pk, number=1, unchanged=["3"]
        )
        RejectedRecord.objects.create(
            organization=running.organization, pull=running, source_id="2", reason="odd", raw=""
        )
    call_command("backup", backup)

    with elsewhere():
        call_command("restore", backup)

        with tenancy.entered(running.organization_id):
            again = Pull.objects.get()
            assert (again.status, again.lease_until, again.fence) == ("Queued", None, 4)
            assert (again.cursor, again.pages, again.fetched, again.rejected) == ("", 0, 0, 0)
            assert again.steps[-1]["status"] == "Queued"
            assert not StagedPage.objects.exists()
            assert not StagedRecord.objects.exists()
            assert not RejectedRecord.objects.exists()
        with tenancy.entered(ended.organization_id):
            assert Pull.objects.get().status == "Complete"


@pytest.mark.full
def test_messages_keep_their_ids_and_those_that_arrived_are_not_sent_again(backup, elsewhere):
    company = CompanyFactory()
    consumer = operations.create_consumer(
        company.organization,
        url="https://sink.example/hook",
        event_types=["company.created"],
        actor=None,
    )
    with tenancy.entered(company.organization_id):
        on_its_way = Delivery.objects.create(
            organization=company.organization,
            consumer=consumer,
            event_type="company.created",
            lease_until=timezone.now() + timedelta(hours=1),
            next_attempt_at=timezone.now() + timedelta(hours=1),
        )
        arrived = Delivery.objects.create(
            organization=company.organization,
            consumer=consumer,
            event_type="company.created",
            status=DeliveryStatus.SUCCEEDED,
            next_attempt_at=None,
        )
    call_command("backup", backup)

    with elsewhere():
        call_command("restore", backup)

        with tenancy.entered(company.organization_id):
            assert {each.pk for each in Delivery.objects.all()} == {on_its_way.pk, arrived.pk}
            due = Delivery.objects.get(next_attempt_at__lte=timezone.now())
            assert (due.pk, due.lease_until) == (on_its_way.pk, None)


@pytest.mark.full
def test_everybody_signs_in_again(backup, elsewhere, client):
    client.force_login(UserFactory())
    call_command("backup", backup)

    with elsewhere():
        call_command("restore", backup)

        assert not Session.objects.exists()
    assert Session.objects.count() == 1

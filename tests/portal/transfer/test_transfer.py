"""An organization leaves in a file and is in another installation what it was."""

import json
import stat
import tracemalloc
import zipfile

import psycopg
import pytest
from django.core import mail
from django.core.files.storage import storages
from django.core.management import CommandError, call_command, load_command_class
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from api.models import ApiKey
from companies import tenancy
from companies.models import (
    AuditEntry,
    Company,
    Event,
    Invitation,
    Membership,
    Organization,
    OutboxEntry,
)
from companies.roles import Role
from connections import sealing
from connections.models import Connection, Integration, StoredCredentials, Transition
from connections.registration import opened_secret
from files.models import UploadedFile
from portal.owner import as_owner
from portal.transfer import contents, exporting, importing
from portal.verification import verify_organization
from sync.models import Job, JobItem, Pull, Record
from tests.factories import (
    MembershipFactory,
    OrganizationFactory,
    UserFactory,
)
from tests.portal.transfer import harbour
from webhooks import sealing as endpoints
from webhooks.models import AlertEmail, Delivery, WebhookConsumer

pytestmark = pytest.mark.django_db(transaction=True)


def delete(organization):
    call_command("delete_organization", organization.slug, name=organization.name)


def equal_but_for_the_import(before, after):
    """The audit log of what came in tells that it did."""
    log = "tables/companies_auditentry.copy"
    added = after[log][len(before[log]) :]
    assert after | {log: after[log][: len(before[log])]} == before
    assert all("imported" in line for line in added)
    return len(added)


def test_what_was_exported_comes_back_as_it_was(archive, calm, capsys):
    call_command("export", "harbour", archive)
    delete(calm)
    call_command("import", archive)

    again = archive.with_name("again.export")
    call_command("export", "harbour", again)
    assert equal_but_for_the_import(harbour.tables(archive), harbour.tables(again)) == 1
    files = [name for name in harbour.members(archive) if name.startswith("files/")]
    assert len(files) == 1
    assert harbour.members(again)[files[0]] == b"a,b\n1,2\n"
    assert "0 violations" in capsys.readouterr().out


def test_every_table_of_an_organization_comes_along(archive, alice):
    organization = harbour.build(alice)
    call_command("export", "harbour", archive)
    counted = harbour.manifest(archive)["tables"]

    assert {name for name, table in counted.items() if not table["rows"]} == set()
    taken = {model._meta.db_table for model in contents.owned_models()}
    assert taken - set(counted) == {model._meta.db_table for model in contents.LEFT_BEHIND}
    delete(organization)
    importing.import_(archive)
    second, third = archive.with_name("second.export"), archive.with_name("third.export")
    call_command("export", "harbour", second)
    delete(organization)
    importing.import_(second)
    call_command("export", "harbour", third)
    before, after = without_fences(second), without_fences(third)
    assert equal_but_for_the_import(before, after) == 1


def without_fences(path):
    """What is queued again comes under a fence of its own each time."""
    found = harbour.tables(path)
    place = harbour.manifest(path)["tables"]["sync_pull"]["columns"].index("fence")
    pulls = [line.split("\t") for line in found["tables/sync_pull.copy"]]
    return found | {"tables/sync_pull.copy": [each[:place] + each[place + 1 :] for each in pulls]}


def test_no_table_that_names_organizations_is_forgotten():
    with as_owner(), database.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
            "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') "
            "AND NOT c.relispartition AND a.attname = 'organization_id' AND NOT a.attisdropped"
        )
        named = {name for (name,) in cursor.fetchall()}

    owned = {model._meta.db_table for model in contents.owned_models()}
    assert owned == named | {"companies_organization"}
    assert all(contents.LEFT_BEHIND.values())


def test_nothing_refers_to_rows_that_are_numbered_anew():
    """Rows with numbers of the database's own get others where they come in."""
    tables = contents.tables(with_secrets=True)
    numbered = {
        table.model for table in tables if table.model._meta.pk.name not in table.column_names
        and table.model._meta.pk.get_internal_type().endswith("AutoField")
    }  # fmt: skip

    for table in tables:
        for field in table.model._meta.local_concrete_fields:
            assert field.related_model not in numbered, field


def test_it_works_in_an_installation_with_other_keys(archive, calm, elsewhere, confirmed):
    with tenancy.entered(calm.pk):
        connection = Connection.objects.get()
    call_command("export", "harbour", archive)

    with elsewhere():
        alice = confirmed(UserFactory(email="alice@harbour.example"))
        call_command("import", archive)

        with tenancy.entered(calm.pk):
            assert sealing.load(connection).credentials.access_token == "canary-access"
            assert json.loads(Record.objects.get().body)["note"] == "Zoë\n\t\\"
            assert Company.objects.get().created_by == alice
            assert Company.objects.get().name == "Tab\tand \\N"
        browser = Client()
        browser.force_login(alice)
        page = browser.get(f"/o/harbour/companies/{connection.company_id}/", follow=True)
        assert page.status_code == 200
        assert "Tab" in page.content.decode()


def test_everything_sealed_opens_elsewhere(archive, alice, elsewhere):
    organization = harbour.build(alice)
    call_command("export", "harbour", archive)

    with elsewhere():
        UserFactory(email="op@example.com")
        importing.import_(archive, administrator="op@example.com")

        sealed = {"credentials", "client secrets", "webhook secrets"}
        found = {each.name: each for each in verify_organization(organization.pk)}
        assert [found[name].violations for name in sorted(sealed)] == [0, 0, 0]
        assert all(found[name].examined for name in sealed)
        with tenancy.entered(organization.pk):
            assert endpoints.secret_of(WebhookConsumer.objects.get()) == "whsec_canary"
            assert opened_secret(Integration.objects.get()) == "canary-client"


def test_secrets_are_not_in_the_clear(archive, alice):
    harbour.build(alice)
    call_command("export", "harbour", archive)

    text = b"".join(harbour.members(archive).values())
    assert b"canary" not in text
    assert b"canary".hex().encode() not in text
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600


def test_without_secrets_connections_have_to_be_linked_again(archive, alice, elsewhere):
    organization = harbour.build(alice)
    call_command("export", "harbour", archive, without_secrets=True)

    inside = harbour.tables(archive)
    assert harbour.manifest(archive)["secrets"] is None
    assert "tables/api_apikey.copy" not in inside
    with elsewhere():
        UserFactory(email="op@example.com")
        imported = importing.import_(archive, administrator="op@example.com")

        assert imported.settled.connections_to_link_again == 1
        with tenancy.entered(organization.pk):
            assert not StoredCredentials.objects.exists()
            assert not ApiKey.objects.exists()
            assert not OutboxEntry.objects.exists()
            connection = Connection.objects.get()
            assert (connection.status, connection.mark) == ("Deauthorized", "deauthorized")
            assert "link it again" in Transition.objects.get(kind="deauthorized").reason
            consumer = WebhookConsumer.objects.get()
            assert consumer.disabled_by == "imported"
            assert endpoints.secret_of(consumer) != "whsec_canary"
            assert endpoints.headers_of(consumer) == {}
            assert Integration.objects.get().client_secret is None


def test_what_was_under_way_is_told_truly(archive, alice):
    organization = harbour.build(alice)
    with tenancy.entered(organization.pk):
        job = Job.objects.get()
        job.confirmed_at = timezone.now()
        job.save()
        pulls = Pull.objects.active().count()
    call_command("export", "harbour", archive)
    delete(organization)

    settled = importing.import_(archive).settled

    assert (settled.pulls_queued_again, settled.jobs_ended) == (pulls, 1)
    with tenancy.entered(organization.pk):
        assert set(Pull.objects.active().values_list("status", "lease_until")) == {("Queued", None)}
        assert "imported" in Pull.objects.active()[0].status_description
        assert not Delivery.objects.pending().exists()
        assert Delivery.objects.recoverable().exists()
        assert not AlertEmail.objects.filter(status="waiting").exists()
        assert not OutboxEntry.objects.exists()
        assert JobItem.objects.get().state == JobItem.State.SKIPPED
        assert not Job.objects.unfinished().exists()


def test_members_without_an_account_are_invited(archive, calm, alice, elsewhere, confirmed):
    bea = UserFactory(email="bea@harbour.example")
    cyd = UserFactory(email="cyd@harbour.example", name="Cyd")
    dan = UserFactory(email="dan@harbour.example")
    MembershipFactory(organization=calm, user=bea, role=Role.ANALYST)
    MembershipFactory(organization=calm, user=cyd, role=Role.DEVELOPER)
    MembershipFactory(organization=calm, user=dan, role=Role.DEVELOPER, is_enabled=False)
    call_command("export", "harbour", archive)

    with elsewhere():
        confirmed(UserFactory(email="alice@harbour.example"))
        UserFactory(email=bea.email)  # anybody can sign up with an address
        call_command("import", archive)

        with tenancy.entered(calm.pk):
            assert [each.user.email for each in Membership.objects.select_related("user")] == [
                "alice@harbour.example"
            ]
            invited = dict(Invitation.objects.values_list("email", "role"))
            assert invited == {"bea@harbour.example": "analyst", "cyd@harbour.example": "developer"}
            assert Invitation.objects.get(email="cyd@harbour.example").name == "Cyd"
        assert mail.outbox == []


def test_an_organization_needs_somebody_who_can_manage_it(archive, calm, elsewhere):
    call_command("export", "harbour", archive)

    with elsewhere():
        with pytest.raises(CommandError, match=r"--administrator EMAIL.*Nothing was changed"):
            call_command("import", archive)
        with pytest.raises(CommandError, match="Nobody here signs in as nobody"):
            call_command("import", archive, administrator="nobody@example.com")
        with tenancy.system():
            assert not Organization.objects.exists()
        call_command("import", archive, send_invitations=True)

        assert [message.to for message in mail.outbox] == [["alice@harbour.example"]]


def test_the_operator_says_who_manages_it(archive, calm, elsewhere, capsys):
    call_command("export", "harbour", archive, json=True)
    exported = json.loads(capsys.readouterr().out)

    with elsewhere():
        operator = UserFactory(email="op@example.com")
        call_command("import", archive, administrator="op@example.com", json=True)

        imported = json.loads(capsys.readouterr().out)
        assert (exported["rows"], exported["files"]) == (imported["rows"], imported["files"])
        assert imported["invited"] == ["alice@harbour.example"]
        assert all(each["violations"] == 0 for each in imported["verified"].values())
        with tenancy.entered(calm.pk):
            assert Membership.objects.get().user == operator
            assert AuditEntry.objects.get(action="imported").actor_name == "Ledgerport"


def test_it_is_of_one_moment_while_others_write(archive, calm, monkeypatch):
    copy = exporting._copy

    def write_meanwhile(target, name, *args, **kwargs):
        if name == "tables/companies_company.copy":
            with another() as other:
                other.execute("SET ROLE ledgerport_app")
                other.execute("SELECT set_config('app.organization', %s, false)", [str(calm.pk)])
                other.execute("DELETE FROM companies_company")
        return copy(target, name, *args, **kwargs)

    monkeypatch.setattr(exporting, "_copy", write_meanwhile)
    call_command("export", "harbour", archive)

    assert harbour.manifest(archive)["tables"]["companies_company"]["rows"] == 1
    assert harbour.manifest(archive)["tables"]["sync_pull"]["rows"] == 1


def another():
    settings = database.settings_dict
    return psycopg.connect(
        host=settings["HOST"], user=settings["USER"], dbname=settings["NAME"], autocommit=True
    )


def test_nothing_is_overwritten_unless_that_is_said(archive, calm):
    archive.write_text("mine")
    with pytest.raises(CommandError, match="there already"):
        call_command("export", "harbour", archive)
    assert archive.read_text() == "mine"

    call_command("export", "harbour", archive, overwrite=True)

    assert zipfile.is_zipfile(archive)


def test_nothing_is_left_of_an_export_that_failed(archive, calm, monkeypatch):
    monkeypatch.setattr(exporting, "applied_migrations", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call_command("export", "harbour", archive)
    with pytest.raises(CommandError, match="no organization “quay”"):
        call_command("export", "quay", archive)

    assert [each for each in archive.parent.iterdir() if each.is_file()] == []


def test_a_missing_file_is_named_on_both_sides(archive, calm, capsys):
    with tenancy.entered(calm.pk):
        file = UploadedFile.objects.get()
    storages["files"].delete(file.path)
    call_command("export", "harbour", archive)
    assert str(file.pk) in capsys.readouterr().err
    delete(calm)

    with pytest.raises(SystemExit):
        call_command("import", archive)

    assert f"file {file.path} is not on the disk" in capsys.readouterr().err


def test_what_moved_keeps_its_authorizations(archive, calm, caplog):
    """Tokens that were given back would open nothing where the organization is now."""
    call_command("export", "harbour", archive)
    call_command("delete_organization", "harbour", name=calm.name, moved=True)

    assert "revoke" not in caplog.text
    with tenancy.system():
        assert not Organization.objects.exists()


def test_an_organization_that_is_here_is_left_alone(archive, calm):
    call_command("export", "harbour", archive)

    with pytest.raises(CommandError, match=r"is here already.*delete_organization"):
        call_command("import", archive)
    delete(calm)
    OrganizationFactory(slug="harbour")
    with pytest.raises(CommandError, match="has the address “harbour”"):
        call_command("import", archive)


def test_a_passphrase_is_needed_and_never_an_argument(archive, calm, monkeypatch, tmp_path):
    monkeypatch.delenv("LEDGERPORT_EXPORT_PASSPHRASE")
    with pytest.raises(CommandError, match="LEDGERPORT_EXPORT_PASSPHRASE"):
        call_command("export", "harbour", archive)
    monkeypatch.setenv("LEDGERPORT_EXPORT_PASSPHRASE", "short")
    with pytest.raises(CommandError, match="12 characters"):
        call_command("export", "harbour", archive)
    secret = tmp_path / "passphrase"
    secret.write_text("a file that has a passphrase\n")
    monkeypatch.setenv("LEDGERPORT_EXPORT_PASSPHRASE_FILE", str(secret))
    call_command("export", "harbour", archive)
    delete(calm)

    secret.write_text("another passphrase altogether")
    with pytest.raises(CommandError, match="another one than"):
        call_command("import", archive)
    secret.write_text("a file that has a passphrase")
    call_command("import", archive)


def test_what_the_ring_itself_sealed_is_rekeyed_first(archive, calm):
    with tenancy.entered(calm.pk):
        StoredCredentials.objects.update(access_token=b"\x03dev and so on")

    with pytest.raises(CommandError, match="rekey"):
        call_command("export", "harbour", archive)


@pytest.mark.full
def test_memory_is_bounded(archive, calm, record_property):
    """300 MB of records leave and come back in a few megabytes."""
    with tenancy.entered(calm.pk), database.cursor() as cursor:
        Event.objects.all()
        cursor.execute(
            "INSERT INTO sync_record (connection_id, data_type, source_id, organization_id, hash, "
            "body, modified_at, is_deleted, pull_id, label, party, currency, record_status) "
            "SELECT c.id, 'bills', n::text, c.organization_id, '', "
            '\'{"id": "\' || n || \'", "note": "\' || repeat(md5(n::text), 45) || \'"}\', now(), '
            "false, gen_random_uuid(), '', '', '', '' "
            "FROM connections_connection c, generate_series(1, 200000) n"
        )
    peaks = []
    for act in (
        lambda: call_command("export", "harbour", archive),
        lambda: delete(calm),
        lambda: importing.import_(archive),
    ):
        tracemalloc.start()
        act()
        peaks.append(tracemalloc.get_traced_memory()[1] / (1 << 20))
        tracemalloc.stop()
    record_property(
        "summary",
        f"{harbour_size(archive):,} bytes of rows: exported in {peaks[0]:.0f} MiB, "
        f"imported in {peaks[2]:.0f} MiB",
    )

    # scrypt's 128 MiB are not Python's.
    assert max(peaks[0], peaks[2]) < 24


def harbour_size(path):
    with zipfile.ZipFile(path) as archive:
        return sum(each.file_size for each in archive.infolist())


@pytest.mark.parametrize("command", ["export", "import"])
def test_the_commands_say_how_they_are_used(command):
    said = load_command_class("portal", command).create_parser("manage.py", command).format_help()

    assert "LEDGERPORT_EXPORT_PASSPHRASE" in said
    assert "--json" in said
    assert "passphrase" not in "".join(word for word in said.split() if word.startswith("--"))

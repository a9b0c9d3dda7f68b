"""An archive that is damaged or made to do harm is refused, and nothing is left of it."""

import hashlib
import io
import json
import zipfile

import msgspec
import pytest
from django.core.files.storage import storages
from django.core.management import call_command

from companies import audit, tenancy
from companies.models import AuditKind, Company, Organization
from portal.backup.manifest import Refused
from portal.transfer import importing
from portal.transfer.secrets import Passphrase
from tests.factories import CompanyFactory, OrganizationFactory, UserFactory
from tests.portal.transfer import harbour
from tests.portal.transfer.conftest import PASSPHRASE

pytestmark = pytest.mark.django_db(transaction=True)

COMPANIES = "tables/companies_company.copy"
MEMBERSHIPS = "tables/companies_membership.copy"
AUDIT = "tables/companies_auditentry.copy"


@pytest.fixture
def exported(archive, calm):
    """An archive whose organization is gone from here."""
    with tenancy.entered(calm.pk):
        audit.record(
            AuditKind.ORGANIZATION,
            "changed",
            organization_id=calm.pk,
            label="Harbour",
            actor=None,
            after={"name": "x"},
        )
    call_command("export", "harbour", archive)
    call_command("delete_organization", "harbour", name=calm.name)
    return archive


def sealed_anew(inside, **changes):
    """Make the manifest fit again, as somebody could who has the passphrase."""
    manifest = json.loads(inside["manifest.json"]) | changes
    for name, content in inside.items():
        table = name.removeprefix("tables/").removesuffix(".copy")
        if name.startswith("tables/") and table in manifest["tables"]:
            manifest["tables"][table] |= summed(content)
        elif name == "people.copy":
            manifest["people"] |= summed(content)
    text = json.dumps(manifest).encode()
    inside["manifest.json"] = text
    if manifest["secrets"]:
        salt = msgspec.convert(manifest["secrets"]["salt"], bytes, strict=False)
        inside["manifest.seal"] = Passphrase.of(PASSPHRASE, salt=salt).seal(text)


def summed(content):
    return {
        "rows": content.count(b"\n"),
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def refused(archive, *words):
    with pytest.raises(Refused) as caught:
        importing.import_(archive)
    for word in words:
        assert word in str(caught.value)
    with tenancy.system():
        assert not Organization.objects.filter(slug="harbour").exists()
    assert not any(files_below(""))


def files_below(directory):
    directories, files = (
        storages["files"].listdir(directory) if storages["files"].exists("") else ([], [])
    )
    yield from files
    for each in directories:
        yield from files_below(f"{directory}/{each}".lstrip("/"))


def altered(name, change):
    def alter(inside):
        inside[name] = change(inside[name])

    return alter


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (altered(COMPANIES, lambda rows: rows.replace(b"Tab", b"Tub")), "not what was written"),
        (altered(COMPANIES, lambda rows: rows + rows), "larger than it says"),
        (altered(COMPANIES, lambda rows: rows[:-5]), "not what was written"),
        (lambda inside: inside.pop(COMPANIES), f"lacks '{COMPANIES}'"),
        (lambda inside: inside.pop("people.copy"), "lacks 'people.copy'"),
        (lambda inside: inside.pop("manifest.seal"), "lacks 'manifest.seal'"),
        (lambda inside: inside.pop("manifest.json"), "a part is missing"),
        (lambda inside: inside.update({"../../etc/passwd": b"x"}), "'../../etc/passwd'"),
        (lambda inside: inside.update({"/etc/passwd": b"x"}), "'/etc/passwd'"),
        (lambda inside: inside.update({"files/../../x": b"x"}), "no row knows"),
        (lambda inside: inside.update({"tables/auth_user.copy": b"x\n"}), "auth_user"),
        (lambda inside: inside.update({"manifest.json": b"{}"}), "a part is missing"),
        (lambda inside: inside.update({"manifest.json": b"[" * 100_000}), "a part is missing"),
        (lambda inside: inside.update({"manifest.seal": b"0" * 32}), "passphrase is another"),
        (lambda inside: inside.update({"manifest.seal": b"0" * 99}), "larger than it says"),
    ],
)
def test_what_was_altered_is_refused(exported, change, words):
    harbour.rewrite(exported, change)

    refused(exported, words)


def test_whoever_lacks_the_passphrase_changes_nothing(exported):
    """Sums alone could be made anew."""

    def join(inside):
        inside[MEMBERSHIPS] = inside[MEMBERSHIPS].replace(b"alice@harbour", b"mallo@harbour")
        seal = inside["manifest.seal"]
        sealed_anew(inside)
        inside["manifest.seal"] = seal

    harbour.rewrite(exported, join)

    refused(exported, "passphrase is another")


def test_a_file_that_was_altered_is_refused(exported):
    def alter(inside):
        [name] = [name for name in inside if name.startswith("files/")]
        inside[name] = b"a,b\n1,3\n"

    harbour.rewrite(exported, alter)

    refused(exported, "is not what was uploaded")


def test_a_row_of_another_organization_is_refused(exported):
    other = OrganizationFactory()

    def slip_in(inside):
        row = inside[COMPANIES].splitlines()[0].split(b"\t")
        row[0] = b"0b9ad7b6-9c2f-4a53-8b5c-111111111111"
        owner = json.loads(inside["manifest.json"])["organization"]["id"].encode()
        line = b"\t".join(str(other.pk).encode() if each == owner else each for each in row)
        inside[COMPANIES] += line + b"\n"
        sealed_anew(inside)

    harbour.rewrite(exported, slip_in)

    refused(exported, "another organization's")
    with tenancy.entered(other.pk):
        assert not Company.objects.exists()


def test_the_database_itself_refuses_such_a_row(exported, monkeypatch):
    """Row-level security stands behind the question that was asked first."""
    other = OrganizationFactory()
    monkeypatch.setattr(importing, "_refuse_foreign", lambda *_: None)

    def slip_in(inside):
        owner = json.loads(inside["manifest.json"])["organization"]["id"].encode()
        inside[COMPANIES] = inside[COMPANIES].replace(owner, str(other.pk).encode())
        sealed_anew(inside)

    harbour.rewrite(exported, slip_in)

    refused(exported, "row-level security")


def test_a_row_that_belongs_to_another_ones_company_is_refused(exported):
    """A connection of this organization, of a company that is another's."""
    foreign = CompanyFactory()

    def point(inside):
        own = inside[COMPANIES].split(b"\t")[0]
        name = "tables/connections_connection.copy"
        inside[name] = inside[name].replace(own, str(foreign.pk).encode())
        sealed_anew(inside)

    harbour.rewrite(exported, point)

    refused(exported, "does not fit")


def test_ids_that_are_taken_here_are_refused(exported):
    taken = CompanyFactory()

    def take(inside):
        own = inside[COMPANIES].split(b"\t")[0]
        for name in inside:
            if name.startswith("tables/"):
                inside[name] = inside[name].replace(own, str(taken.pk).encode())
        sealed_anew(inside)

    harbour.rewrite(exported, take)

    refused(exported, "does not fit", "companies_company_pkey")


def test_an_audit_log_that_was_altered_is_refused(exported):
    """Though whoever altered it has the passphrase."""

    def alter(inside):
        inside[AUDIT] = inside[AUDIT].replace(b'{"name": "x"}', b'{"name": "y"}')
        sealed_anew(inside)

    harbour.rewrite(exported, alter)

    refused(exported, "audit log")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "export of format 2"),
        ({"kind": "something else"}, "is no export of an organization"),
        ({"migrations": {"sync": ["0999_tomorrow"]}}, "sync 0999_tomorrow"),
    ],
)
def test_other_versions_are_refused_with_a_remedy(exported, changes, words):
    harbour.rewrite(exported, lambda inside: sealed_anew(inside, **changes))

    refused(exported, words)


@pytest.mark.parametrize("value", [b"\\N", b"no-uuid", b"\xff\xfe", b"\x00"])
def test_what_is_no_value_is_refused(exported, value):
    def spoil(inside):
        own = inside[COMPANIES].split(b"\t")[0]
        inside[COMPANIES] = inside[COMPANIES].replace(own, value, 1)
        sealed_anew(inside)

    harbour.rewrite(exported, spoil)

    refused(exported, "The archive")


def test_other_columns_and_tables_are_refused(exported):
    inside = harbour.members(exported)
    tables = json.loads(inside["manifest.json"])["tables"]
    less = tables["sync_pull"] | {"columns": tables["sync_pull"]["columns"][1:]}

    harbour.rewrite(exported, lambda i: sealed_anew(i, tables=tables | {"sync_pull": less}))
    refused(exported, "other columns of sync_pull")

    more = tables | {"companies_user": tables["sync_pull"]}
    harbour.rewrite(exported, lambda i: sealed_anew(i, tables=more))
    refused(exported, "do not agree on the table companies_user")


def test_an_archive_that_was_cut_off_is_refused(exported):
    whole = exported.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        exported.write_bytes(whole[:length])
        refused(exported, "no export of an organization")
    exported.unlink()
    with pytest.raises(Refused, match="cannot be read"):
        importing.import_(exported)


def test_an_archive_that_would_fill_the_disk_is_refused(exported):
    inside = harbour.members(exported)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in inside.items():
            archive.writestr(name, content)
        with archive.open("files/bomb", "w") as bomb:
            for _ in range(64):
                bomb.write(bytes(1 << 20))
    exported.write_bytes(packed.getvalue())

    refused(exported, "far more than an export of its size")


def test_a_name_that_is_there_twice_is_refused(exported):
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(exported, "a") as archive,
    ):
        archive.writestr(COMPANIES, b"")

    refused(exported, "twice")


def test_members_are_nobody_who_only_says_so(exported):
    """An account that has not confirmed the address does not become an Administrator."""
    UserFactory(email="mallory@example.com")

    def join(inside):
        inside[MEMBERSHIPS] = inside[MEMBERSHIPS].replace(
            b"alice@harbour.example", b"mallory@example.com"
        )
        sealed_anew(inside)

    harbour.rewrite(exported, join)

    refused(exported, "--administrator EMAIL")

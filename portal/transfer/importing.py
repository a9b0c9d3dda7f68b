"""Bring an organization in from an archive: all of it in one transaction, or nothing.

Rows are staged as they come and written by the application's own role, entered into the
organization: row-level security itself refuses a row of another one.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

from django.core.files import File
from django.core.files.storage import storages
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction
from django.utils.translation import gettext_noop
from psycopg import sql

from companies import audit, data_keys, team, tenancy
from companies.models import AuditKind, Invitation, Organization, StoredDataKey
from files.models import UploadedFile
from portal import progress
from portal.backup.manifest import Refused
from portal.backup.taking import applied_migrations
from portal.transfer import contents, people, reading, settling
from portal.transfer import manifest as manifests
from portal.transfer.contents import Column, Table
from portal.transfer.exporting import PEOPLE_COLUMNS, member_of
from portal.transfer.manifest import FILES, PEOPLE, Manifest
from portal.transfer.secrets import passphrase_for
from portal.transfer.settling import Settled
from portal.verification.rows import each

type Advance = Callable[[int], object]

_TYPES = (
    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
    "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
)


@dataclass(frozen=True, slots=True)
class Imported:
    manifest: Manifest
    settled: Settled
    members: int
    #: Addresses of members who have no account here.
    invited: list[str]
    #: Ids of files that the archive knows and has not.
    files_missing: list[UUID]


def import_(path: Path, *, administrator: str = "", sends_invitations: bool = False) -> Imported:
    """Make the organization what it was when it was exported, and ready to go on from there.

    :raises Refused: when it cannot be done; nothing is left of it then.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return _import(path, archive, administrator, sends_invitations=sends_invitations)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror or error}.") from error
    except zipfile.BadZipFile as error:
        raise Refused(f"{path} is no export of an organization, or its end is missing.") from error


def _import(
    path: Path, archive: zipfile.ZipFile, administrator: str, *, sends_invitations: bool
) -> Imported:
    manifest, text = manifests.read(path, archive)
    tables = contents.tables(with_secrets=manifest.secrets is not None)
    _refuse_other_schema(manifest)
    reading.refuse_odd_members(path, archive, manifest, tables)
    _refuse_existing(manifest)
    keys = _data_keys(manifest, text, reading.seal(archive, manifest.secrets))
    organization_id = manifest.organization.id
    with (
        progress.bar("import", manifest.size, "B") as advance,
        _files_of_what_fails() as saved,
        _plainly_refused(),
        tenancy.entered(organization_id),
    ):
        _stage(archive, manifest, tables, advance)
        members = _write(organization_id, manifest, tables)
        StoredDataKey.objects.bulk_create(keys)
        _put_files(archive, manifest, saved, advance)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _compare_audit_log()
        if administrator:
            people.make_administrator(organization_id, administrator)
        invited = people.invite_others(organization_id)
        people.refuse_unmanaged(organization_id, is_sending=sends_invitations)
        settled = settling.settle(organization_id, manifest)
        _record(manifest)
        if sends_invitations:
            _send_after_commit(organization_id, invited)
    data_keys.forget()
    return Imported(
        manifest=manifest,
        settled=settled,
        members=members,
        invited=[invitation.email for invitation in invited],
        files_missing=manifest.files.missing,
    )


def _refuse_other_schema(manifest: Manifest) -> None:
    """:raises Refused: when the rows would not fit."""
    here = {(app, name) for app, names in applied_migrations().items() for name in names}
    there = {(app, name) for app, names in manifest.migrations.items() for name in names}
    newer, older = sorted(there - here), sorted(here - there)
    if newer or older:
        says = [
            f"{what} {', '.join(' '.join(each) for each in some[:5])}"
            for what, some in (("it has", newer), ("it lacks", older))
            if some
        ]
        remedy = "this installation" if newer else "the one it came from"
        raise Refused(
            f"The archive is of another version of Ledgerport: {'; '.join(says)}. Bring {remedy} "
            "to the version of the other (docs/operate.md, A new version), and export again."
        )


def _refuse_existing(manifest: Manifest) -> None:
    found = manifest.organization
    with tenancy.system():
        others = Organization.objects
        if others.filter(pk=found.id).exists():
            raise Refused(
                f"The organization “{found.name}” is here already. To put the archive in its "
                "place, delete it first: `manage.py delete_organization --moved`."
            )
        if others.filter(slug=found.slug).exists():
            raise Refused(f"Another organization here has the address “{found.slug}”.")


def _data_keys(manifest: Manifest, text: bytes, seal: bytes) -> list[StoredDataKey]:
    """:raises Refused: when the passphrase does not open them, or the manifest was altered."""
    if manifest.secrets is None:
        return []
    passphrase = passphrase_for(manifest.secrets)
    passphrase.check_seal(text, seal)
    organization_id = manifest.organization.id
    made = []
    for key in manifest.secrets.keys:
        row = data_keys.taken_in(
            organization_id,
            key.id,
            passphrase.unwrap(key, organization_id=organization_id),
            retired_at=key.retired_at,
        )
        row.created_at = key.created_at
        made.append(row)
    return made


def _stage(
    archive: zipfile.ZipFile, manifest: Manifest, tables: list[Table], advance: Advance
) -> None:
    for table in tables:
        _create(people.staged(table), _staged_columns(table))
        content = reading.checked(archive, table.member, manifest.tables[table.name])
        _copy(people.staged(table), table.column_names, content, advance)
        _refuse_foreign(table, manifest.organization.id)
    _create(people.STAGED, dict.fromkeys(PEOPLE_COLUMNS, "text"))
    content = reading.checked(archive, PEOPLE, manifest.people)
    _copy(people.STAGED, PEOPLE_COLUMNS, content, advance)
    people.find_accounts(tables)


def _staged_columns(table: Table) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(_TYPES, [table.name])
        types: dict[str, str] = dict(cursor.fetchall())
    return {
        column.name: "text" if column.is_person else types[column.name] for column in table.columns
    }


def _create(name: str, columns: dict[str, str]) -> None:
    statement = sql.SQL("CREATE TEMP TABLE {} ({}) ON COMMIT DROP").format(
        sql.Identifier(name),
        sql.SQL(", ").join(
            # The types are the catalogue's own words.
            sql.SQL("{} " + type_).format(sql.Identifier(column))
            for column, type_ in columns.items()
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _copy(name: str, columns: list[str], content: Iterable[bytes], advance: Advance) -> None:
    statement = sql.SQL("COPY pg_temp.{} ({}) FROM STDIN").format(
        sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for piece in content:
            copy.write(piece)
            advance(len(piece))


def _refuse_foreign(table: Table, organization_id: UUID) -> None:
    """:raises Refused: when a row is another organization's."""
    foreign = sql.SQL("SELECT count(*) FROM pg_temp.{} WHERE {} IS DISTINCT FROM {}").format(
        sql.Identifier(people.staged(table)),
        sql.Identifier(table.owner),
        sql.Literal(organization_id),
    )
    with connection.cursor() as cursor:
        cursor.execute(foreign)
        (count,) = cursor.fetchone()
    if count:
        raise Refused(f"{count} rows of {table.name} in the archive are another organization's.")


def _write(organization_id: UUID, manifest: Manifest, tables: list[Table]) -> int:
    """Write what is staged; answer how many members have an account here."""
    members = 0
    for table in tables:
        with connection.cursor() as cursor:
            cursor.execute(_insert(table))
            written = cursor.rowcount
        if any(column.is_person and column.is_required for column in table.columns):
            # People without an account here.
            members += written if table.name == "companies_membership" else 0
        elif written != manifest.tables[table.name].rows:
            raise Refused(f"Only {written} rows of {table.name} came in.")
    if not Organization.objects.filter(pk=organization_id).exists():
        raise Refused("The archive has no row of the organization itself.")
    return members


def _insert(table: Table) -> sql.Composed:
    required = [column for column in table.columns if column.is_person and column.is_required]
    return sql.SQL("INSERT INTO {} ({}) SELECT {} FROM pg_temp.{} AS t {} ORDER BY t.ctid").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, table.column_names)),
        sql.SQL(", ").join(_value(column) for column in table.columns),
        sql.Identifier(people.staged(table)),
        sql.SQL("WHERE {}").format(
            sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(_value(c)) for c in required)
        )
        if required
        else sql.SQL(""),
    )


def _value(column: Column) -> sql.Composable:
    if not column.is_person:
        return sql.Identifier("t", column.name)
    return sql.SQL("(SELECT k.user_id FROM pg_temp.{} k WHERE k.email = t.{})").format(
        sql.Identifier(people.KNOWN), sql.Identifier(column.name)
    )


def _put_files(
    archive: zipfile.ZipFile, manifest: Manifest, saved: list[str], advance: Advance
) -> None:
    """Lay each file where its row says, and see that it is what the row describes."""
    absent = {*manifest.files.missing, *manifest.files.deleted_meanwhile}
    rows = UploadedFile.objects.within(manifest.organization.id)
    known = set()
    for file in each(rows):
        known.add(member_of(file))
        if file.pk not in absent:
            _put_file(archive, file, saved, advance)
    odd = [
        entry.filename
        for entry in archive.infolist()
        if entry.filename.startswith(FILES) and entry.filename not in known
    ]
    if odd:
        raise Refused(f"The archive has a file that no row knows: {odd[0]!r}.")


def _put_file(
    archive: zipfile.ZipFile, file: UploadedFile, saved: list[str], advance: Advance
) -> None:
    storage = storages["files"]
    if storage.exists(file.path):  # left there by an import that was killed
        storage.delete(file.path)
    saved.append(file.path)
    member = _Summed(reading.pieces(archive, member_of(file), at_most=file.size), advance)
    storage.save(file.path, member)
    if (member.taken, member.digest.hexdigest()) != (file.size, file.sha256):
        raise Refused(f"The archive is damaged: {member_of(file)} is not what was uploaded.")


class _Summed(File):  # type: ignore[type-arg]  # Django does not know it is generic
    """Pieces as a storage takes them, summed on the way."""

    def __init__(self, pieces: Iterator[bytes], advance: Advance) -> None:
        super().__init__(None)
        self._pieces = pieces
        self._advance = advance
        self.digest = hashlib.sha256()
        self.taken = 0

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:  # noqa: ARG002 Django's
        for piece in self._pieces:
            self.digest.update(piece)
            self.taken += len(piece)
            self._advance(len(piece))
            yield piece


def _compare_audit_log() -> None:
    """See that the chain that the database makes of the entries is the one it was.

    :raises Refused: when an entry was altered, removed or slipped in.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_temp.incoming_companies_auditentry came "
            "JOIN companies_auditentry entry ON entry.id = came.id "
            "WHERE (entry.sequence, entry.hash) IS DISTINCT FROM (came.sequence, came.hash)"
        )
        (broken,) = cursor.fetchone()
    if broken:
        raise Refused(
            f"{broken} entries of the audit log in the archive are not what their hashes say. "
            "`manage.py verify` tells where it came from, which."
        )


def _record(manifest: Manifest) -> None:
    audit.record(
        AuditKind.ORGANIZATION,
        gettext_noop("imported"),
        organization_id=manifest.organization.id,
        object_id=manifest.organization.id,
        label=manifest.organization.name,
        actor=None,
        after={"exported_at": manifest.exported_at.isoformat(timespec="seconds")},
    )


def _send_after_commit(organization_id: UUID, invited: list[Invitation]) -> None:
    rows = Invitation.objects.within(organization_id).select_related("organization", "invited_by")
    for invitation in rows.filter(pk__in=[one.pk for one in invited]).order_by("email"):
        transaction.on_commit(partial(team.send_invitation, invitation), robust=True)


@contextmanager
def _files_of_what_fails() -> Iterator[list[str]]:
    """Take away again what was laid down, when the rows do not come in."""
    saved: list[str] = []
    try:
        yield saved
    except BaseException:
        for path in saved:
            storages["files"].delete(path)
        raise


@contextmanager
def _plainly_refused() -> Iterator[None]:
    """Say in plain words what the database has against a row."""
    try:
        yield
    except IntegrityError as error:
        raise Refused(f"The archive does not fit: {_told(error)}.") from error
    except (DataError, ProgrammingError) as error:
        raise Refused(f"The archive holds what no row can be: {_told(error)}.") from error


def _told(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")

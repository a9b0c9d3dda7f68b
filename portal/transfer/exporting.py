"""Write an organization's archive while everything runs: all of it is of one moment."""

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import UUID

import msgspec
from django.core.files.storage import storages
from django.db import connection
from psycopg import sql

from companies import data_keys, tenancy
from companies.models import Organization, StoredDataKey
from files.models import UploadedFile
from portal import progress
from portal.backup.manifest import Refused
from portal.backup.taking import applied_migrations, known_now, one_moment
from portal.crypto import Undecryptable, data_key_of
from portal.rekeying import SEALED
from portal.transfer import contents
from portal.transfer.contents import Column, Table
from portal.transfer.manifest import (
    FILES,
    FORMAT,
    KIND,
    MANIFEST,
    PEOPLE,
    SEAL,
    Files,
    Key,
    Manifest,
    Member,
    Secrets,
    Subject,
)
from portal.transfer.secrets import Passphrase
from portal.verification.rows import each

_CHUNK = 1 << 20
#: How COPY writes values, whatever the server is set to.
_FORM = (
    "SET LOCAL datestyle TO 'ISO, MDY'",
    "SET LOCAL timezone TO 'UTC'",
    "SET LOCAL bytea_output TO 'hex'",
    "SET LOCAL intervalstyle TO 'iso_8601'",
    "SET LOCAL extra_float_digits TO 1",
)
PEOPLE_COLUMNS = ["email", "name"]
_PEOPLE = sql.SQL(
    "SELECT email, name FROM companies_user WHERE is_active AND id IN ("
    "SELECT user_id FROM companies_membership WHERE organization_id = {} AND is_enabled) "
    "ORDER BY email"
)


def export(
    slug: str, path: Path, *, passphrase: Passphrase | None, overwrite: bool = False
) -> Manifest:
    """Write the archive; nothing is at `path` before it is complete, and nobody else may read it.

    Without a passphrase it is written without secrets.

    :raises Refused: when it cannot be done; nothing is left behind.
    """
    refuse_unwritable(path, overwrite=overwrite)
    with tenancy.system():
        found = Organization.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if found is None:
        raise Refused(f"There is no organization “{slug}”.")
    building = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(building, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                manifest = _fill(archive, found, passphrase)
            file.flush()
            os.fsync(file.fileno())
        building.replace(path)
    except BaseException:
        building.unlink(missing_ok=True)
        raise
    return manifest


def refuse_unwritable(path: Path, *, overwrite: bool) -> None:
    """:raises Refused: when nothing may or can be written there."""
    if path.exists() and not overwrite:
        raise Refused(f"{path} is there already; say --overwrite to replace it.")
    if not path.parent.is_dir():
        raise Refused(f"There is no directory {path.parent}.")


def _fill(
    archive: zipfile.ZipFile, organization_id: UUID, passphrase: Passphrase | None
) -> Manifest:
    tables = contents.tables(with_secrets=passphrase is not None)
    with one_moment(), tenancy.entered(organization_id):
        organization = Organization.objects.filter(pk=organization_id).first()
        if organization is None:
            raise Refused("The organization was deleted meanwhile.")
        for statement in _FORM:
            _execute(statement)
        exported_at = _moment()
        secrets = _secrets(organization_id, passphrase) if passphrase else None
        files = _copy_files(archive, organization_id)
        written = {}
        total = sum(_count(table, organization_id) for table in tables)
        with progress.bar("rows", total, "") as advance:
            for table in tables:
                rows = _rows(table, organization_id, with_secrets=passphrase is not None)
                written[table.name] = _copy(
                    archive, table.member, rows, columns=table.column_names, advance=advance
                )
        people = _copy(
            archive, PEOPLE, _PEOPLE.format(sql.Literal(organization_id)), columns=PEOPLE_COLUMNS
        )
        manifest = Manifest(
            kind=KIND,
            format=FORMAT,
            exported_at=exported_at,
            organization=Subject(
                id=organization.pk, slug=organization.slug, name=organization.name
            ),
            migrations=applied_migrations(),
            people=people,
            tables=written,
            files=files,
            secrets=secrets,
        )
    # Last: an archive without them was cut off.
    text = msgspec.json.format(msgspec.json.encode(manifest))
    archive.writestr(MANIFEST, text)
    if passphrase:
        archive.writestr(SEAL, passphrase.seal(text))
    return manifest


def _secrets(organization_id: UUID, passphrase: Passphrase) -> Secrets:
    """:raises Refused: when something could not be read where the archive goes."""
    _refuse_ring_sealed(organization_id)
    rows = StoredDataKey.objects.within(organization_id).order_by("created_at", "pk")
    try:
        keys = [
            Key(
                id=row.pk,
                created_at=row.created_at,
                retired_at=row.retired_at,
                sealed=passphrase.wrap(
                    data_keys.taken_out(row), organization_id=organization_id, key_id=row.pk
                ),
            )
            for row in rows
        ]
    except Undecryptable as error:
        raise Refused(
            f"A data key of the organization cannot be unwrapped: {error}. Put its key back into "
            "LEDGERPORT_ENCRYPTION_KEYS, or export --without-secrets."
        ) from error
    return Secrets(salt=passphrase.salt, keys=keys)


def _refuse_ring_sealed(organization_id: UUID) -> None:
    """:raises Refused: when the ring itself sealed something, which stays here."""
    for column in SEALED:
        rows = column.model.objects.within(organization_id)
        if column.model in contents.LEFT_BEHIND:
            continue
        for row in each(rows.only("pk", column.name)):
            sealed = bytes(getattr(row, column.name) or b"")
            if sealed and data_key_of(sealed) is None:
                raise Refused(
                    f"{column} {row.pk} was encrypted by the installation's own keys, before "
                    "organizations had theirs. Run `manage.py rekey` first."
                )


def _rows(table: Table, organization_id: UUID, *, with_secrets: bool) -> sql.Composed:
    return sql.SQL("SELECT {} FROM {} AS t WHERE t.{} = {} ORDER BY {}").format(
        sql.SQL(", ").join(_value(column, with_secrets=with_secrets) for column in table.columns),
        sql.Identifier(table.name),
        sql.Identifier(table.owner),
        sql.Literal(organization_id),
        sql.SQL(", ").join(sql.Identifier("t", name) for name in table.order),
    )


def _value(column: Column, *, with_secrets: bool) -> sql.Composable:
    if column.is_person:
        return sql.SQL("(SELECT u.email FROM companies_user u WHERE u.id = t.{})").format(
            sql.Identifier(column.name)
        )
    if column.is_sealed and not with_secrets:
        return sql.SQL("''::bytea") if column.is_required else sql.SQL("NULL")
    return sql.Identifier("t", column.name)


def _copy(
    archive: zipfile.ZipFile,
    name: str,
    rows: sql.Composed,
    *,
    columns: list[str],
    advance: Callable[[int], object] = lambda _: None,
) -> Member:
    digest, size, count = hashlib.sha256(), 0, 0
    with archive.open(name, "w", force_zip64=True) as target:
        for chunk in _gathered(rows):
            digest.update(chunk)
            size += len(chunk)
            # Inside a value a newline is escaped.
            lines = chunk.count(b"\n")
            count += lines
            target.write(chunk)
            advance(lines)
    return Member(rows=count, size=size, sha256=digest.hexdigest(), columns=columns)


def _gathered(rows: sql.Composed) -> Iterator[bytes]:
    """Yield what COPY answers, row by row, in pieces worth compressing."""
    gathered = bytearray()
    statement = sql.SQL("COPY ({}) TO STDOUT").format(rows)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for piece in copy:
            gathered += piece
            if len(gathered) >= _CHUNK:
                yield bytes(gathered)
                gathered.clear()
    yield bytes(gathered)


def _count(table: Table, organization_id: UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT count(*) FROM {} WHERE {} = {}").format(
                sql.Identifier(table.name),
                sql.Identifier(table.owner),
                sql.Literal(organization_id),
            )
        )
        row: tuple[int] = cursor.fetchone()
    return row[0]


def _copy_files(archive: zipfile.ZipFile, organization_id: UUID) -> Files:
    """Copy what the rows of this moment name; what went since is noted."""
    rows = UploadedFile.objects.within(organization_id)
    count, size = 0, 0
    gone: list[UploadedFile] = []
    with progress.bar("files", rows.count(), "") as advance:
        for file in each(rows):
            if _copy_file(archive, file):
                count += 1
                size += file.size
            else:
                gone.append(file)
            advance(1)
    still_known = known_now(gone)
    return Files(
        count=count,
        size=size,
        deleted_meanwhile=sorted(file.pk for file in gone if file.pk not in still_known),
        missing=sorted(file.pk for file in gone if file.pk in still_known),
    )


def _copy_file(archive: zipfile.ZipFile, file: UploadedFile) -> bool:
    """Answer whether it could be copied as its row describes it."""
    storage = storages["files"]
    try:
        stored: IO[bytes] = storage.open(file.path)
    except FileNotFoundError:
        return False
    digest, size = hashlib.sha256(), 0
    with stored, archive.open(member_of(file), "w", force_zip64=True) as target:
        while chunk := stored.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
    return digest.hexdigest() == file.sha256 and size == file.size


def member_of(file: UploadedFile) -> str:
    return f"{FILES}{file.company_id}/{file.pk}"


def _moment() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)

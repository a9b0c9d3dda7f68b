"""Bring a backup back: first everything that could refuse, then the database, files and clocks."""

import hashlib
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from companies.rls import CREATE_ROLES
from portal.backup import keys, manifest, programs, righting, taking
from portal.backup.manifest import DUMP, FILES, Manifest, Refused
from portal.owner import as_owner, as_reader

_CHUNK = 1 << 20
#: As a new database has it. (DROP OWNED would also take the roles from other logins.)
_EMPTY = """
DROP SCHEMA public CASCADE;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""


def restore(path: Path, *, replace: bool) -> tuple[Manifest, righting.Righted]:
    """Make database and uploaded files what they were, and ready to go on from there.

    :raises Refused: when it cannot be done; nothing was touched then.
    :raises ProgramFailed: when pg_restore gave up; the database is empty then.
    """
    found = manifest.read(path)
    _refuse_foreign(found)
    with zipfile.ZipFile(path) as archive:
        _refuse_damaged(archive, found)
        with as_owner():
            program = programs.find("pg_restore")
            _refuse_server(found)
            _refuse_busy()
            _refuse_filled(replace=replace)
            with connection.cursor() as cursor:
                cursor.execute(CREATE_ROLES)
                if replace:
                    cursor.execute(_EMPTY)
            _load(program, archive)
        with as_reader(), taking.one_moment():
            _compare(found)
        _put_files(archive)
    call_command("migrate", interactive=False, skip_checks=True, verbosity=0)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return found, righting.put_right(found)


def _refuse_foreign(found: Manifest) -> None:
    """:raises Refused: when this installation could not read what the backup holds."""
    if lacking := keys.missing(found.keys):
        raise Refused(
            f"The backup needs the encryption keys {', '.join(found.keys)}. Missing here, or "
            f"another key under the same id: {', '.join(lacking)}. Put them into "
            "LEDGERPORT_ENCRYPTION_KEYS: without them no token, secret or second step can be read."
        )
    loader = MigrationLoader(None, ignore_no_migrations=True)
    known = set(loader.disk_migrations) | {
        replaced for each in loader.disk_migrations.values() for replaced in each.replaces
    }
    newer = [
        f"{app} {name}"
        for app, names in found.migrations.items()
        for name in names
        if (app, name) not in known
    ]
    if newer:
        raise Refused(
            f"The backup is of a newer version of Ledgerport, whose migrations this one does not "
            f"know: {', '.join(newer)}. Restore it with that version."
        )


def _refuse_damaged(archive: zipfile.ZipFile, found: Manifest) -> None:
    """:raises Refused: when the database's part is not what was written."""
    digest = hashlib.sha256()
    try:
        with archive.open(DUMP) as dump:
            while chunk := dump.read(_CHUNK):
                digest.update(chunk)
    except (KeyError, zipfile.BadZipFile) as error:
        raise Refused(f"The backup is damaged: {error}.") from error
    if digest.hexdigest() != found.dump.sha256:
        raise Refused("The backup is damaged: its database is not what was written.")


def _refuse_server(found: Manifest) -> None:
    here, there = programs.server_version() // 10_000, found.postgres // 10_000
    if here < there:
        raise Refused(
            f"The backup is of PostgreSQL {there}, this server is {here}: restore it to the same "
            "or a newer one."
        )


def _refuse_busy() -> None:
    """:raises Refused: when anybody else uses the database: web, workers, beat, relay."""
    others = _number(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND usesysid IS NOT NULL"
    )
    if others:
        raise Refused(
            f"{others} connections to this database are open. Stop web, workers, beat and relay "
            "first: they would write into what is being restored."
        )


def _refuse_filled(*, replace: bool) -> None:
    tables = _number(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p', 'v')"
    )
    if tables and not replace:
        raise Refused(
            f"The database is not empty: it has {tables} tables. Restore to an empty one, or "
            "say --replace: everything in it is lost then."
        )


def _load(program: Path, archive: zipfile.ZipFile) -> None:
    with (
        archive.open(DUMP) as dump,
        programs.running(
            program,
            "--format=custom",
            "--no-owner",
            # Only whoever made an extension may comment on it.
            "--no-comments",
            "--exit-on-error",
            "--single-transaction",
            stdin=subprocess.PIPE,
        ) as process,
    ):
        assert process.stdin is not None
        while chunk := dump.read(_CHUNK):
            process.stdin.write(chunk)


def _compare(found: Manifest) -> None:
    """See that every row is back."""
    rows = taking.rows_by_table()
    other = [
        f"{name} has {rows.get(name, 0)} rows instead of {count}"
        for name, count in found.tables.items()
        if rows.get(name) != count
    ]
    if other:
        raise programs.ProgramFailed(f"The database is not what was backed up: {', '.join(other)}.")


def _put_files(archive: zipfile.ZipFile) -> None:
    storage = storages["files"]
    for entry in archive.infolist():
        if not entry.filename.startswith(FILES):
            continue
        path = entry.filename.removeprefix(FILES)
        if storage.exists(path):
            storage.delete(path)
        with archive.open(entry) as packed:
            # The storage refuses paths that lead out of it.
            storage.save(path, File(packed, name=path))


def _number(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row: tuple[Any, ...] = cursor.fetchone()
    return int(row[0])

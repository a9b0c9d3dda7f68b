"""Take a backup while everything runs: the database at one moment, then the files it knew then."""

import hashlib
import os
import subprocess
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import msgspec
from django.core.files.storage import storages
from django.db import connection, transaction

from companies import partitions
from companies.rls import BACKUP_ROLE
from files.models import UploadedFile
from portal.backup import keys, programs
from portal.backup.manifest import DUMP, FILES, FORMAT, MANIFEST, Dump, Files, Manifest, Refused
from portal.owner import as_reader

_CHUNK = 1 << 20


def take(path: Path) -> Manifest:
    """Write the backup; nothing is at `path` before it is complete, and nobody else may read it.

    :raises Refused: when something is there already, or the database is not ready for it.
    :raises ProgramFailed: when pg_dump gave up; nothing is left behind.
    """
    if path.exists():
        raise Refused(f"{path} is there already: a backup is never overwritten.")
    if not path.parent.is_dir():
        raise Refused(f"There is no directory {path.parent}.")
    building = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(building, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with as_reader(), zipfile.ZipFile(file, "w") as archive:
                manifest = _fill(archive)
            file.flush()
            os.fsync(file.fileno())
        building.rename(path)
        _write_down(path.parent)
    except BaseException:
        building.unlink(missing_ok=True)
        raise
    return manifest


def _fill(archive: zipfile.ZipFile) -> Manifest:
    with one_moment():
        partitions.keep()
        _refuse_unprepared()
        taken_at, snapshot = _row("SELECT statement_timestamp(), pg_export_snapshot()")
        dump = _dump(archive, snapshot)
        files = _copy_files(archive)
        manifest = Manifest(
            format=FORMAT,
            taken_at=taken_at,
            postgres=programs.server_version(),
            migrations=applied_migrations(),
            tables=rows_by_table(),
            keys=keys.probes(),
            dump=dump,
            files=files,
        )
    # Last: a backup without it was cut off.
    archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


@contextmanager
def one_moment() -> Iterator[None]:
    """See the database as it is now, for as long as it takes."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def applied_migrations() -> dict[str, list[str]]:
    found = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
        for app, name in cursor.fetchall():
            found[app].append(name)
    return dict(found)


def rows_by_table() -> dict[str, int]:
    """Count what the asker's role sees."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind = 'r' ORDER BY relname"
        )
        names = [name for (name,) in cursor.fetchall()]
    return {
        name: _row(f'SELECT count(*) FROM "{name}"')[0]  # noqa: S608 - the catalogue's own
        for name in names
    }


def _refuse_unprepared() -> None:
    """:raises Refused: when a table hides rows: what cannot be seen would be missing silently."""
    (hidden,) = _row(
        "SELECT count(*) FROM pg_class c WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p') AND relrowsecurity AND NOT EXISTS (SELECT FROM pg_policy p "
        "WHERE p.polrelid = c.oid AND 'ledgerport_backup'::regrole = ANY(p.polroles))"
    )
    if hidden:
        raise Refused(
            f"{hidden} tables are not open to the role {BACKUP_ROLE}: run `manage.py migrate`."
        )


def _dump(archive: zipfile.ZipFile, snapshot: str) -> Dump:
    digest, size = hashlib.sha256(), 0
    with (
        # Large from the start: how much it will be is not known.
        archive.open(DUMP, "w", force_zip64=True) as target,
        programs.running(
            programs.find("pg_dump"),
            "--format=custom",
            f"--role={BACKUP_ROLE}",
            "--enable-row-security",
            f"--snapshot={snapshot}",
            stdout=subprocess.PIPE,
        ) as process,
    ):
        assert process.stdout is not None
        while chunk := process.stdout.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
    return Dump(size=size, sha256=digest.hexdigest())


def _copy_files(archive: zipfile.ZipFile) -> Files:
    """Copy what the dump's rows name; what came since is not in it, what went since is noted."""
    count, size = 0, 0
    gone: list[UploadedFile] = []
    for file in _known_files():
        if _copy(archive, file):
            count += 1
            size += file.size
        else:
            gone.append(file)
    still_known = known_now(gone)
    return Files(
        count=count,
        size=size,
        deleted_meanwhile=sorted(str(file.pk) for file in gone if file.pk not in still_known),
        missing=sorted(file.path for file in gone if file.pk in still_known),
    )


def _known_files() -> Iterator[UploadedFile]:
    last = None
    while True:
        page = UploadedFile.objects.order_by("pk")
        batch = list((page.filter(pk__gt=last) if last else page)[:500])
        yield from batch
        if not batch:
            return
        last = batch[-1].pk


def _copy(archive: zipfile.ZipFile, file: UploadedFile) -> bool:
    """Answer whether it could be copied as its row describes it."""
    storage = storages["files"]
    try:
        stored: IO[bytes] = storage.open(file.path)
    except FileNotFoundError:
        return False
    digest, size = hashlib.sha256(), 0
    with stored, archive.open(FILES + file.path, "w", force_zip64=True) as target:
        while chunk := stored.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
    return digest.hexdigest() == file.sha256 and size == file.size


def known_now(gone: Sequence[UploadedFile]) -> set[UUID]:
    """Return the ids of those that have a row past the moment that this transaction sees, too."""
    if not gone:
        return set()
    (organization,) = _row("SELECT coalesce(current_setting('app.organization', true), '')")
    later = connection.copy()
    try:
        later.set_autocommit(False)
        with later.cursor() as cursor:
            # What whoever asks may see, it may see too.
            cursor.execute("SELECT set_config('app.organization', %s, true)", [organization])
            cursor.execute(
                "SELECT id FROM files_uploadedfile WHERE id = ANY(%s)", [[f.pk for f in gone]]
            )
            return {pk for (pk,) in cursor.fetchall()}
    finally:
        later.close()


def _row(statement: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def _write_down(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""What an archive says of itself, and of each table in it.

The uploaded files are not listed: their rows, in a table that is, tell size and sum of each.
"""

import zipfile
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from portal.backup.manifest import Refused

#: Of the archive's own form; a reader refuses those it does not know.
FORMAT = 1
KIND = "ledgerport organization"
MANIFEST = "manifest.json"
SEAL = "manifest.seal"
FILES = "files/"
PEOPLE = "people.copy"
_LARGEST = 4 << 20


class Member(msgspec.Struct, frozen=True):
    rows: int
    size: int
    sha256: str
    columns: list[str]


class Key(msgspec.Struct, frozen=True):
    """A data key of the organization's, sealed under the passphrase."""

    id: UUID
    created_at: datetime
    retired_at: datetime | None
    sealed: bytes


class Secrets(msgspec.Struct, frozen=True):
    #: For the function that makes keys of the passphrase.
    salt: bytes
    keys: list[Key]


class Subject(msgspec.Struct, frozen=True):
    id: UUID
    slug: str
    name: str


class Files(msgspec.Struct, frozen=True):
    count: int
    size: int
    #: Ids of those that somebody deleted between the database's moment and the copying.
    deleted_meanwhile: list[UUID] = []
    #: Ids of those that the database knows and the storage has not, or not as they were.
    missing: list[UUID] = []


class Manifest(msgspec.Struct, frozen=True):
    kind: str
    format: int
    exported_at: datetime
    organization: Subject
    #: The names of the migrations applied, by app.
    migrations: dict[str, list[str]]
    people: Member
    tables: dict[str, Member]
    files: Files
    #: Nothing where they were left out.
    secrets: Secrets | None

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    @property
    def size(self) -> int:
        """How much is in it, unpacked."""
        tables = sum(table.size for table in self.tables.values())
        return tables + self.people.size + self.files.size


class _Head(msgspec.Struct):
    """What is read before the rest, which another format may have changed."""

    kind: str
    format: int


def read(path: Path, archive: zipfile.ZipFile) -> tuple[Manifest, bytes]:
    """Return the manifest, and its text as it stands there.

    :raises Refused: when this is no archive, or one that this version does not understand.
    """
    try:
        with archive.open(MANIFEST) as member:
            text = member.read(_LARGEST)
        head = msgspec.json.decode(text, type=_Head)
        if head.kind != KIND:
            raise Refused(f"{path} is no export of an organization.")
        if head.format != FORMAT:
            raise Refused(
                f"{path} is an export of format {head.format}; this version reads format {FORMAT}. "
                "Export it again with a version of Ledgerport like this one."
            )
        return msgspec.json.decode(text, type=Manifest), text
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise Refused(f"{path} is no export of an organization, or a part is missing.") from error

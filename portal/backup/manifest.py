"""What a backup says of itself, so that restoring can refuse before it touches anything."""

import zipfile
from datetime import datetime
from pathlib import Path

import msgspec

#: Of the backup's own form; a reader refuses those it does not know.
FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
FILES = "files/"


class Refused(Exception):
    """It cannot be done, and nothing was touched; the message says why, and what to do."""


class Dump(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class Files(msgspec.Struct, frozen=True):
    count: int
    size: int
    #: Ids of those that somebody deleted between the database's moment and the copying.
    deleted_meanwhile: list[str] = []
    #: Paths of those that the database knows and the storage has not, or not as they were.
    missing: list[str] = []


class Manifest(msgspec.Struct, frozen=True):
    format: int
    taken_at: datetime
    #: The server's version as a number, such as 180006.
    postgres: int
    #: The names of the migrations applied, by app.
    migrations: dict[str, list[str]]
    #: Rows by table.
    tables: dict[str, int]
    #: By the id of each encryption key: a few words sealed with it, which prove a key to be it.
    keys: dict[str, str]
    dump: Dump
    files: Files


class Head(msgspec.Struct):
    """What is read before the rest, which another format may have changed."""

    format: int


def read(path: Path) -> Manifest:
    """:raises Refused: when it is no backup, or one that this version does not understand."""
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read(MANIFEST)
            found = msgspec.json.decode(text, type=Head).format
            if found != FORMAT:
                raise Refused(
                    f"{path} is a backup of format {found}; this version reads format {FORMAT}. "
                    "Restore it with the version that made it."
                )
            return msgspec.json.decode(text, type=Manifest)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    except (zipfile.BadZipFile, KeyError, msgspec.DecodeError) as error:
        raise Refused(f"{path} is no backup, or its end is missing.") from error

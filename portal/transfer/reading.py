"""Read an archive as what it may be: somebody's file, damaged or made to do harm.

Nothing in it says where anything goes: tables are those of this version's models, files lie where
their rows say. Whatever is read is counted and summed, and never more of it than was announced.
"""

import hashlib
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from portal.backup.manifest import Refused
from portal.transfer.contents import Table
from portal.transfer.manifest import (
    FILES,
    MANIFEST,
    PEOPLE,
    SEAL,
    Manifest,
    Member,
    Secrets,
)

_CHUNK = 1 << 20
#: Accounting data packs to a tenth or a thirtieth.
_PACKS_AT_MOST = 200
_HEADROOM = 16 << 20
_SEAL_BYTES = 32


def refuse_odd_members(
    path: Path, archive: zipfile.ZipFile, manifest: Manifest, tables: list[Table]
) -> None:
    """:raises Refused: when other things are in it than an export has, or far too much."""
    members = archive.infolist()
    twice = [
        name for name, count in Counter(each.filename for each in members).items() if count > 1
    ]
    if twice:
        raise Refused(f"The archive has {twice[0]!r} twice.")
    wanted = {MANIFEST, PEOPLE, *(table.member for table in tables)}
    if manifest.secrets is not None:
        wanted.add(SEAL)
    found = {each.filename for each in members}
    odd = sorted(name for name in found - wanted if not _is_file(name))
    if odd:
        raise Refused(f"The archive has what no export has: {odd[0]!r}.")
    if lacking := sorted(wanted - found):
        raise Refused(f"The archive lacks {lacking[0]!r}.")
    unpacked = max(sum(each.file_size for each in members), manifest.size)
    if unpacked > _PACKS_AT_MOST * path.stat().st_size + _HEADROOM:
        raise Refused(
            f"The archive would unpack to {unpacked:,} bytes, far more than an export of its size."
        )
    _refuse_other_tables(manifest, tables)


def _refuse_other_tables(manifest: Manifest, tables: list[Table]) -> None:
    names = {table.name for table in tables}
    if odd := sorted(set(manifest.tables) ^ names):
        raise Refused(f"The archive and this version do not agree on the table {odd[0]}.")
    for table in tables:
        if manifest.tables[table.name].columns != table.column_names:
            raise Refused(f"The archive has other columns of {table.name} than this version.")


def seal(archive: zipfile.ZipFile, secrets: Secrets | None) -> bytes:
    if secrets is None:
        return b""
    return b"".join(pieces(archive, SEAL, at_most=_SEAL_BYTES))


def checked(archive: zipfile.ZipFile, name: str, member: Member) -> Iterator[bytes]:
    """Yield a table's content, and see in the end that it is what was written.

    :raises Refused: when it is not.
    """
    digest, size, rows = hashlib.sha256(), 0, 0
    for piece in pieces(archive, name, at_most=member.size):
        digest.update(piece)
        size += len(piece)
        rows += piece.count(b"\n")
        yield piece
    if (size, rows, digest.hexdigest()) != (member.size, member.rows, member.sha256):
        raise Refused(f"The archive is damaged: {name} is not what was written.")


def pieces(archive: zipfile.ZipFile, name: str, *, at_most: int) -> Iterator[bytes]:
    """:raises Refused: when there is more, or it cannot be unpacked."""
    size = 0
    try:
        with archive.open(name) as member:
            while piece := member.read(_CHUNK):
                size += len(piece)
                if size > at_most:
                    raise Refused(f"The archive is damaged: {name} is larger than it says.")
                yield piece
    except KeyError as error:
        raise Refused(f"The archive lacks {name!r}.") from error
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise Refused(f"The archive is damaged: {name} cannot be unpacked ({error}).") from error
    except ValueError as error:
        raise Refused(f"The archive is damaged: {name} cannot be unpacked.") from error


def _is_file(name: str) -> bool:
    return name.startswith(FILES) and not name.endswith("/")

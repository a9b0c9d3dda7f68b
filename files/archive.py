"""What is in uploaded files, piece by piece: one as it is, or many as a zip archive."""

import io
import zipfile
from collections.abc import Iterator, Sequence

from django.core.files.storage import storages
from django.utils import timezone

from files import names
from files.kinds import chunks_of
from files.models import UploadedFile


def content(file: UploadedFile) -> Iterator[bytes]:
    with storages["files"].open(file.path) as stored:
        yield from chunks_of(stored)


def zipped(files: Sequence[UploadedFile]) -> Iterator[bytes]:
    """Pack while it is sent: nothing is kept, however much there is. Sources are folders."""
    outlet = _Outlet()
    paths = names.unique(f"{file.get_source_display()}/{file.name}" for file in files)
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file, path in zip(files, paths, strict=True):
            try:
                stored = storages["files"].open(file.path)
            except FileNotFoundError:  # deleted since it was listed
                continue
            uploaded_at = timezone.localtime(file.uploaded_at).timetuple()
            entry = zipfile.ZipInfo(path, date_time=uploaded_at[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.file_size = file.size
            with stored, archive.open(entry, "w") as target:
                for chunk in chunks_of(stored):
                    target.write(chunk)
                    yield outlet.drain()
    yield outlet.drain()


class _Outlet(io.RawIOBase):
    """Takes what is written until it is drained."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: bytes, /) -> int:  # type: ignore[override]  # zipfile writes bytes only
        self._parts.append(bytes(part))
        return len(part)

    def drain(self) -> bytes:
        drained = b"".join(self._parts)
        self._parts.clear()
        return drained

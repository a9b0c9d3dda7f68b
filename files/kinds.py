"""What a file is, told from its content: names and claimed types are whatever the sender likes.

A list of our own, because libraries for this guess among thousands of types and unpack archives to
do so. Here nothing is unpacked: an archive is judged by the names in its directory, so that one
which unpacks to terabytes costs no more than any other.
"""

import codecs
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext as _

_CHUNK = 256 * 1024
_OOXML = "application/vnd.openxmlformats-officedocument"


class Unacceptable(Exception):
    """The file is not taken; the message is a sentence about “it”."""


@dataclass(frozen=True, slots=True)
class Kind:
    content_type: str
    extensions: frozenset[str]
    #: An archive of this kind has this entry, an OLE file one of these streams.
    entry: str = ""
    streams: tuple[str, ...] = ()


PDF = Kind("application/pdf", frozenset({"pdf"}))
JPEG = Kind("image/jpeg", frozenset({"jpg", "jpeg"}))
PNG = Kind("image/png", frozenset({"png"}))
CSV = Kind("text/csv", frozenset({"csv"}))
_ARCHIVES = (
    Kind(f"{_OOXML}.wordprocessingml.document", frozenset({"docx"}), entry="word/document.xml"),
    Kind(f"{_OOXML}.spreadsheetml.sheet", frozenset({"xlsx"}), entry="xl/workbook.xml"),
    Kind(
        "application/vnd.ms-excel.sheet.binary.macroenabled.12",
        frozenset({"xlsb"}),
        entry="xl/workbook.bin",
    ),
    Kind(
        f"{_OOXML}.presentationml.presentation",
        frozenset({"pptx"}),
        entry="ppt/presentation.xml",
    ),
)
_OLE = (
    Kind("application/msword", frozenset({"doc"}), streams=("WordDocument",)),
    Kind("application/vnd.ms-excel", frozenset({"xls"}), streams=("Workbook", "Book")),
    Kind("application/vnd.ms-powerpoint", frozenset({"ppt"}), streams=("PowerPoint Document",)),
)
KINDS = (PDF, *_OLE, *_ARCHIVES, CSV, JPEG, PNG)
EXTENSIONS = frozenset[str]().union(*(kind.extensions for kind in KINDS))

_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ARCHIVE_SIGNATURE = b"PK\x03\x04"
_SIGNATURES = ((b"%PDF-", PDF), (b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG))
#: Control characters that no text has; NUL is the first of them.
_NO_TEXT = bytes(set(range(32)) - set(b"\t\n\r\f\x1a"))


def kind_of(content: IO[bytes], *, extension: str) -> Kind:
    """Recognise the content, which must be what the file's name says.

    :raises Unacceptable: when it is something else, or nothing that is taken.
    """
    if extension not in EXTENSIONS:
        raise Unacceptable(
            _("Files of the type %(type)s are not taken.") % {"type": extension.upper()}
            if extension
            else _("Its name has no ending that says what type it is.")
        )
    found = _recognise(content)
    if found is None or extension not in found.extensions:
        raise Unacceptable(
            _("Its content is not %(type)s, although its name says so.")
            % {"type": extension.upper()}
        )
    return found


def _recognise(content: IO[bytes]) -> Kind | None:
    content.seek(0)
    head = content.read(8)
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head.startswith(_ARCHIVE_SIGNATURE):
        return _archive(content)
    if head == _OLE_SIGNATURE:
        return _ole(content)
    return CSV if _is_text(content) else None


def _archive(content: IO[bytes]) -> Kind | None:
    try:
        with zipfile.ZipFile(content) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError, struct.error):
        return None
    if "[Content_Types].xml" not in names:
        return None
    kind = next((kind for kind in _ARCHIVES if kind.entry in names), None)
    if kind and "xlsb" not in kind.extensions and any(_is_macro(name) for name in names):
        raise Unacceptable(_("It contains macros. Save it without them, then upload it again."))
    return kind


def _is_macro(name: str) -> bool:
    return name.casefold().endswith("vbaproject.bin")


def _ole(content: IO[bytes]) -> Kind | None:
    content.seek(0)
    body = content.read()
    if _has_stream(body, "EncryptedPackage"):
        raise Unacceptable(
            _("It is locked with a password. Save it without one, then upload it again.")
        )
    for kind in _OLE:
        if any(_has_stream(body, name) for name in kind.streams):
            return kind
    return None


def _has_stream(body: bytes, name: str) -> bool:
    """Find the stream's entry in the directory of an OLE file, wherever the directory lies.

    https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-cfb: 64 bytes of name, the
    name's length with its closing zero, and 2 for a stream.
    """
    entry = name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<HB", 2 * len(name) + 2, 2)
    return entry in body


def _is_text(content: IO[bytes]) -> bool:
    """Tell whether it is text in UTF-8, or in the Windows code page older programs export."""
    return any(_decodes(content, encoding) for encoding in ("utf-8", "cp1252"))


def _decodes(content: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in chunks_of(content):
            if chunk.translate(None, _NO_TEXT) != chunk:
                return False
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def chunks_of(content: IO[bytes]) -> Iterator[bytes]:
    content.seek(0)
    while chunk := content.read(_CHUNK):
        yield chunk

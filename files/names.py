"""A file's name as it is shown and offered: like the sender's, without what could do harm."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST = 150
#: Forbidden somewhere: in a path on Windows, or in a header.
_FORBIDDEN = re.compile(r'[<>:"|?*]')


def clean(name: str) -> str:
    """Keep the last part of a path, without control and direction characters."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    # Of the categories C*: a right-to-left override makes “fdp.exe” of “exe.pdf”.
    printable = "".join(
        " " if char.isspace() else char
        for char in last
        if char.isspace() or not unicodedata.category(char).startswith("C")
    )
    stem, dot, extension = _FORBIDDEN.sub("_", " ".join(printable.split())).rpartition(".")
    if not dot:
        stem, extension = extension, ""
    stem = stem.strip(" .")[: LONGEST - len(extension[:10]) - 1].rstrip(" .") or "file"
    return f"{stem}.{extension[:10].strip()}" if extension.strip() else stem


def extension_of(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def unique(names: Iterable[str]) -> Iterator[str]:
    """Number the names that come again; two that differ in case only are one on many disks."""
    taken: set[str] = set()
    for name in names:
        stem, dot, extension = name.rpartition(".")
        if not dot:
            stem, extension = name, ""
        candidate, number = name, 1
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{stem} ({number}){dot}{extension}"
        taken.add(candidate.casefold())
        yield candidate

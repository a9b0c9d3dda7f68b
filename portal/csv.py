"""Tables as CSV files (RFC 4180) that a spreadsheet opens without running anything in them."""

import datetime as dt
import itertools
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from decimal import Decimal

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, override

from portal.pool import let_go

#: Numbers are written as numbers, all else as text; money is a Decimal and never a float.
type Cell = str | int | Decimal | dt.date | None

ROWS_PER_CHUNK = 500
_LONGEST_NAME = 150

#: What makes a spreadsheet take a text for a formula, or drop the character before the formula;
#: the wide signs count in Japanese ones.
#: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NOT_IN_NAMES = re.compile(r"[^\w.,()&+-]+")


class CsvResponse(StreamingHttpResponse):
    """A file that is written while it is read, by a sync and by an async server alike.

    The rows are asked for in the thread of the request, after its transaction: an iterable that
    reads the database enters the organization for each of its looks, and never while it yields.
    """

    def __init__(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        super().__init__(
            _worded(get_language(), _chunks(header, rows)),
            content_type="text/csv; charset=utf-8",
            headers={
                "Cache-Control": "no-store",
                "Content-Disposition": _disposition(name),
            },
        )

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # Django's own would read all of it before it sends any of it.
        parts = iter(self)
        while part := await sync_to_async(_next)(parts):
            yield part


def file_name(*words: str) -> str:
    """Make a name that every system takes, of words in any language."""
    clean = " ".join(_NOT_IN_NAMES.sub(" ", " ".join(words)).split()).strip(". ")
    return f"{clean[:_LONGEST_NAME].strip() or 'export'}.csv"


def line(cells: Iterable[Cell]) -> str:
    return ",".join(map(_written, cells)) + "\r\n"


def _disposition(name: str) -> str:
    return content_disposition_header(as_attachment=True, filename=name) or "attachment"


def _next(parts: Iterator[bytes]) -> bytes:
    try:
        return next(parts, b"")
    finally:
        let_go()  # however long the reader takes for this part


def _worded(language: str | None, parts: Iterator[bytes]) -> Iterator[bytes]:
    """Write in the language of whoever asked, which the thread forgets with the request."""
    while True:
        with override(language):
            part = _next(parts)
        if not part:
            return
        yield part


def _chunks(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    # Without the mark, Excel reads UTF-8 as the machine's own code page.
    yield ("\ufeff" + line(header)).encode()
    for batch in itertools.batched(rows, ROWS_PER_CHUNK, strict=False):
        yield "".join(map(line, batch)).encode()


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (int, Decimal)):
        return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)
    if isinstance(cell, dt.date):
        return cell.isoformat()
    # Always quoted: what splits at semicolons or tabs finds no formula behind one either.
    guarded = f"'{cell}" if _FORMULA.match(cell) else cell
    return '"' + guarded.replace('"', '""') + '"'

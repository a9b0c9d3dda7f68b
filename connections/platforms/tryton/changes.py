"""What a pull must remember so that the next one brings only what changed, and what is gone.

Tryton stamps a record with the start of the transaction that wrote it, and shows it when that
transaction ends: asking for what was stamped after the last pull would miss what was being written
during it. So the next pull asks from ten minutes before, and leaves out what it has already seen in
the same words. Deleted records leave nothing to ask for (``ir.model.log`` does not say which they
were), so that the ids of then and now are compared.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from connections.platforms.tryton import wire
from connections.platforms.tryton.server import Domain, moment
from connections.schemas import Record, encode

OVERLAP = dt.timedelta(minutes=10)
"""Longer than a transaction takes, and than the clocks of a server and its database differ."""
MOST_REMEMBERED = 5000
"""Beyond so many, records changed just before a pull come once more with the next."""


class Watermark(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a finished pull leaves to the next."""

    floor: dt.datetime
    ids: str
    """Every record there was, as ranges."""
    recent: dict[str, str]
    """The records stamped after the floor, and a digest of what they said."""


class Cursor(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a pull stands after a page; all that another process needs to go on."""

    done: bool = False
    last: int = 0
    floor: dt.datetime | None = None
    since: Watermark | None = None
    ids: str = ""
    recent: dict[str, str] = {}

    @property
    def watermark(self) -> str | None:
        if self.floor is None:
            return None
        mark = Watermark(floor=self.floor, ids=self.ids, recent=self.recent)
        return msgspec.json.encode(mark).decode()


def ranges(ids: Iterable[int]) -> str:
    """Write ids as ranges: 1-143,145."""
    spans: list[tuple[int, int]] = []
    for each in sorted(ids):
        if spans and each <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], each)
        else:
            spans.append((each, each))
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)


def ids_of(written: str) -> set[int]:
    """Read what ``ranges`` wrote."""
    found: set[int] = set()
    for span in written.split(",") if written else ():
        low, _, high = span.partition("-")
        found.update(range(int(low), int(high or low) + 1))
    return found


def changed_since(floor: dt.datetime, parts: Iterable[str]) -> list[Any]:
    """Return the domain of records stamped since, themselves or in their parts.

    A record that was never edited has no ``write_date``; a part may be edited without it.
    """
    at = moment(floor)
    prefixes = ["", *(f"{part}." for part in parts)]
    clause: list[Any] = ["OR"]
    for prefix in prefixes:
        clause += [[f"{prefix}create_date", ">=", at], [f"{prefix}write_date", ">=", at]]
    return clause


def beyond(last: int, domain: Domain) -> list[Any]:
    """Return the domain of what follows a record in the order of ids."""
    return [*domain, ["id", ">", last]]


def stamp_fields(parts: Iterable[str]) -> tuple[str, ...]:
    prefixes = ["", *(f"{part}." for part in parts)]
    return tuple(f"{prefix}{name}" for prefix in prefixes for name in ("create_date", "write_date"))


def changed_at(value: object) -> dt.datetime | None:
    """Return when a record or any of its parts last changed.

    :raises ValueError: when a stamp is no moment.
    """
    stamps: list[dt.datetime] = []
    _collect(value, stamps)
    return max(stamps, default=None)


def _collect(value: object, stamps: list[dt.datetime]) -> None:
    if isinstance(value, tuple):
        for part in value:
            _collect(part, stamps)
    elif isinstance(value, wire.Stamped):
        stamps += [stamp.utc for stamp in (value.create_date, value.write_date) if stamp]
        for name in value.__struct_fields__:
            _collect(getattr(value, name), stamps)


def digest(record: Record) -> str:
    return hashlib.blake2s(encode(record), digest_size=6).hexdigest()

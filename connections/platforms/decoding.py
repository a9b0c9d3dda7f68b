"""From a page of raw rows to records, one row at a time, so that a bad one spoils no other."""

import re
from decimal import Decimal
from typing import Any

import msgspec

from connections.platforms.base import Rejected

MAX_ROW_BYTES = 1024 * 1024
# More digits than any currency needs, fewer than any database refuses.
MAX_MAGNITUDE = 30

__all__ = ["UNREADABLE", "reject", "unstorable"]

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding one row may raise."""


class _Named(msgspec.Struct):
    id: str


_NAMED = msgspec.json.Decoder(_Named)


def reject(raw: bytes, reason: str) -> Rejected:
    """Keep a row aside, under its id where it has a readable one."""
    try:
        source_id = _NAMED.decode(raw).id
    except UNREADABLE:
        source_id = None
    return Rejected(source_id=source_id or None, raw=raw, reason=reason)


# Cheap to ask of every row; only rows that match are looked through value by value.
_SUSPECT = re.compile(rb'\\u0000|\d[eE][-+]?\d|\d{16}|"[-+]?(?:[sS]?[nN][aA][nN]|[iI][nN][fF])')


def unstorable(raw: bytes, row: msgspec.Struct) -> str | None:
    """Return why a row, though well formed, could not be stored as canonical JSON."""
    if len(raw) > MAX_ROW_BYTES:
        return f"The record is larger than {MAX_ROW_BYTES // 1024} kB."
    if _SUSPECT.search(raw):
        return _fault(row)
    return None


def _fault(value: Any) -> str | None:
    match value:
        case Decimal():
            if not value.is_finite():
                return f"{value} is not an amount."
            if abs(value.adjusted()) > MAX_MAGNITUDE:
                return f"An amount has more than {MAX_MAGNITUDE} digits."
        case str():
            if "\x00" in value:
                return "A text contains a NUL character."
        case msgspec.Struct():
            return _first_fault(getattr(value, name) for name in value.__struct_fields__)
        case tuple() | list():
            return _first_fault(value)
    return None


def _first_fault(values: Any) -> str | None:
    return next((fault for value in values if (fault := _fault(value))), None)

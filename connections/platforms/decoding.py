"""From a page of raw rows to records, one row at a time, so that a bad one spoils no other."""

import re
import string
from decimal import Decimal
from typing import Any

import msgspec

from connections.platforms.base import Rejected

MAX_ROW_BYTES = 1024 * 1024
# More digits than any currency needs, fewer than any database refuses.
MAX_MAGNITUDE = 30

__all__ = ["MAX_MAGNITUDE", "UNREADABLE", "reject", "repaired", "unstorable"]

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


# Only rows that look suspect are gone through value by value: an exponent, a long number, a word
# like NaN or Infinity, an escape. For that every digit, every byte of what might be a foreign digit
# and every sign within a number is written 0; a search by pattern takes ten times as long.
_NUMERIC = bytes((*b"0123456789._+-", *range(0x80, 0x100)))
_CAPITALS = string.ascii_uppercase.encode()
_ROUGHLY = bytes.maketrans(_NUMERIC + _CAPITALS, b"0" * len(_NUMERIC) + _CAPITALS.lower())
_SUSPECT = (b"0e0", b"0" * 16, b"nan", b"inf", b"\\u")


# What some libraries write although it is no JSON: Python's writes NaN, and others cut texts in the
# middle of a character, which leaves one half of an escaped pair.
# A text that does not end goes to the end: no character is looked at twice.
_PART = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z|\\\Z)|-?\b(?:NaN|Infinity)\b', re.DOTALL)
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\.",
    re.DOTALL,
)
_HALF = len(rb"\ud800")
#: Stands where something was that no JSON can hold: no text of a record may have it.
_MARK = "\x00\ufffd"
_WRITTEN_MARK = rb"\u0000\ufffd"


def repaired(content: bytes) -> bytes | None:
    """Mark single values that make an answer no JSON, so that only their rows are kept aside.

    None when there are none: then it is something else.
    """
    found = _PART.sub(_repaired_part, content)
    return None if found == content else found


def _repaired_part(part: re.Match[bytes]) -> bytes:
    text = part[0]
    if not text.startswith(b'"'):
        return b'"' + _WRITTEN_MARK + text + b'"'
    if b"\\u" not in text:
        return text
    return _ESCAPE.sub(
        lambda escape: (
            _WRITTEN_MARK if len(escape[0]) == _HALF and escape[0][2:3] in b"dD" else escape[0]
        ),
        text,
    )


def unstorable(raw: bytes, row: Any) -> str | None:
    """Return why a row, though well formed, could not be stored as canonical JSON.

    ``row`` is what was decoded of it, as a struct or as plain values.
    """
    if len(raw) > MAX_ROW_BYTES:
        return f"The record is larger than {MAX_ROW_BYTES // 1024} kB."
    rough = raw.translate(_ROUGHLY)
    if any(sign in rough for sign in _SUSPECT):
        return _fault(row)
    return None


def _fault(value: Any) -> str | None:
    match value:
        case Decimal():
            return _fault_of_amount(value)
        case str():
            return _fault_of_text(value)
        case msgspec.Struct():
            return _first_fault(getattr(value, name) for name in value.__struct_fields__)
        case tuple() | list():
            return _first_fault(value)
        case dict():
            return _first_fault(value) or _first_fault(value.values())
    return None


def _fault_of_text(value: str) -> str | None:
    if _MARK in value:
        return "It holds half of a character, or a number that is none (NaN, Infinity)."
    return "A text contains a NUL character." if "\x00" in value else None


def _fault_of_amount(value: Decimal) -> str | None:
    if not value.is_finite():
        return f"{value} is not an amount."
    if abs(value.adjusted()) > MAX_MAGNITUDE:
        return f"An amount has more than {MAX_MAGNITUDE} digits."
    return None


def _first_fault(values: Any) -> str | None:
    return next((fault for value in values if (fault := _fault(value))), None)

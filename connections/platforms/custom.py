"""From a platform's own records to those of a custom data type, as its configuration says."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connections.platforms import raw_values
from connections.platforms.base import Rejected
from connections.platforms.decoding import UNREADABLE, unstorable
from connections.platforms.extra_data import CustomSource
from connections.schemas import CustomRecord

_NESTED = "It is nested too deeply."
#: Those that every time zone and every database can tell.
_YEARS = range(1900, 9999)


def read(raws: Iterable[bytes], source: CustomSource) -> tuple[list[CustomRecord], list[Rejected]]:
    """Read records one by one, so that a bad one spoils no other."""
    records: list[CustomRecord] = []
    rejected: list[Rejected] = []
    for raw in raws:
        found = _read_one(raw, source)
        if isinstance(found, Rejected):
            rejected.append(found)
        else:
            records.append(found)
    return records, rejected


def _read_one(raw: bytes, source: CustomSource) -> CustomRecord | Rejected:
    try:
        row = raw_values.read(raw)
        key = [_key(path.of(row)) for path in source.key_by]
        content = {name: path.of(row) for name, path in source.required_data.items()}
        reason = unstorable(raw, content)
        modified = [moment for path in source.modified_by if (moment := _moment(path.of(row)))]
    except RecursionError:
        return Rejected(source_id=None, raw=raw, reason=_NESTED)
    except UNREADABLE as error:
        return Rejected(source_id=None, raw=raw, reason=str(error))
    parts = [part for part in key if part is not None]
    if len(parts) < len(key):
        return Rejected(
            source_id=None, raw=raw, reason="It has nothing, or no single value, at keyBy."
        )
    source_id = parts[0] if len(parts) == 1 else "|".join(map(_escaped, parts))
    if reason:
        return Rejected(source_id=source_id, raw=raw, reason=reason)
    return CustomRecord(
        id=source_id, source_modified_date=max(modified, default=None), content=content
    )


def _key(value: Any) -> str | None:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | Decimal():
            return str(value) or None
    return None


def _escaped(part: str) -> str:
    """Keep apart what would otherwise be joined to the same id."""
    return part.replace("\\", "\\\\").replace("|", "\\|")


def _moment(value: Any) -> datetime | None:
    """Read a moment, or the first one of a day; without a zone it counts as UTC.

    What is no date says nothing of when the record changed, and is no reason to lose it.
    """
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    if found.year not in _YEARS:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

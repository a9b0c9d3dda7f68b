"""Moments as whole microseconds since 1970 (UTC), dates as ordinals: exact and quick to compare."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)
_ORIGIN_ORDINAL = date(1970, 1, 1).toordinal()


def from_datetime(value: datetime) -> int:
    return (value - _ORIGIN) // MICROSECOND


def day_start(day: int) -> int:
    return (day - _ORIGIN_ORDINAL) * DAY


def day_of(moment: int) -> int:
    return moment // DAY + _ORIGIN_ORDINAL


def text(moment: int) -> str:
    value = _ORIGIN + timedelta(microseconds=moment)
    return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse(value: str) -> int:
    """:raises ValueError: when the text is no ISO-8601 moment with a zone, or outside all years"""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a moment needs a zone")
    try:
        return from_datetime(moment.astimezone(UTC))
    except OverflowError as error:
        raise ValueError("a moment needs to be in the years 1 to 9999 (UTC)") from error


@lru_cache(maxsize=16_384)
def date_text(day: int) -> str:
    return date.fromordinal(day).isoformat()


@lru_cache(maxsize=16_384)
def month_of(day: int) -> int:
    """Number months from year 0, so that neighbours differ by one."""
    value = date.fromordinal(day)
    return value.year * 12 + value.month - 1


@lru_cache(maxsize=1_024)
def month_start(month: int) -> int:
    return date(month // 12, month % 12 + 1, 1).toordinal()


def month_end(month: int) -> int:
    return month_start(month + 1) - 1


def month_text(month: int) -> str:
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def parse_month(value: str) -> int:
    """:raises ValueError: when the text is not YYYY-MM"""
    year, _, month = value.partition("-")
    return date(int(year), int(month), 1).year * 12 + int(month) - 1

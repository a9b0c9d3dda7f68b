"""Xero's dates: ``/Date(1539993600000+0000)/``, milliseconds since 1970.

The offset is always of UTC, whatever it says, and may be missing.
https://developer.xero.com/documentation/api/accounting/requests-and-responses#json-responses-and-date-formats
"""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

_MS_DATE = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)
# Reports head their columns with dates in words, of which the year may be short.
_COLUMN_DATES = ("%d %b %Y", "%d %b %y", "%d %B %Y")


def moment(text: str) -> datetime:
    """:raises ValueError: when the text is no date of theirs"""
    found = _MS_DATE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a date")
    try:
        return _ORIGIN + timedelta(milliseconds=int(found[1]))
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside all years") from error


def moment_or_none(text: str | None) -> datetime | None:
    return moment(text) if text else None


def day(text: str) -> date:
    """:raises ValueError: when the text is no date of theirs"""
    return moment(text).date()


def day_or_none(text: str | None) -> date | None:
    return day(text) if text else None


def column_month(text: str) -> date:
    """Read the head of a report's column: the last day of a month.

    :raises ValueError: when it is none.
    """
    for form in _COLUMN_DATES:
        try:
            found = datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
        if found != month_end(found):
            raise ValueError(f"{text!r} is not the end of a month")
        return found
    raise ValueError(f"{text!r} is not the date of a column")


def month_end(on: date) -> date:
    return on.replace(day=monthrange(on.year, on.month)[1])


def http_date(text: str) -> datetime:
    """:raises ValueError: when the text is no ``Date`` header"""
    found = parsedate_to_datetime(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def since_header(value: datetime) -> str:
    """Return the moment as ``If-Modified-Since`` has it, to the second.

    Their documentation shows ``2026-01-01T00:00:00``, in UTC without saying so; their OpenAPI and
    the clients made from it send a zone. With a zone both understand it.
    https://developer.xero.com/documentation/api/accounting/requests-and-responses#retrieving-only-modified-resources
    """
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

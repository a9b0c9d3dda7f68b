"""QuickBooks' times: ``2026-01-31T10:00:00-08:00``, in the company's own time zone.

https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
"""

from calendar import monthrange
from datetime import UTC, date, datetime

# Reports head their columns with months in words, where they do not tell first and last day.
_COLUMN_MONTHS = ("%b %Y", "%b. %Y", "%B %Y")


def moment(text: str) -> datetime:
    """:raises ValueError: when the text is no time of theirs"""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside all years") from error


def written(at: datetime) -> str:
    """Return the moment as queries have it; the zone is one of theirs to understand."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def day(text: str) -> date:
    """:raises ValueError: when the text is no date of theirs"""
    return date.fromisoformat(text)


def day_or_none(text: str | None) -> date | None:
    return day(text) if text else None


def column_month(text: str) -> date:
    """Read the head of a report's column: return the last day of its month.

    :raises ValueError: when it is no whole month.
    """
    for form in _COLUMN_MONTHS:
        try:
            return month_end(datetime.strptime(text, form).replace(tzinfo=UTC).date())
        except ValueError:
            continue
    raise ValueError(f"{text!r} is not the month of a column")


def month_end(on: date) -> date:
    return on.replace(day=monthrange(on.year, on.month)[1])

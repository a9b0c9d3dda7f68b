"""Ten simulated years of schedules: no slot is missed or doubled, wherever people are."""

import datetime as dt
from calendar import monthrange
from itertools import pairwise

import pytest
from django.db import connection as database
from django.utils import timezone

from sync import schedule

#: With and without summer time, at odd offsets, with days left out or changed rules.
ZONES = [
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Istanbul",
    "America/New_York",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Santiago",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
]
FIXED = {"hourly": 3600, "daily": 24 * 3600, "weekly": 7 * 24 * 3600}
YEARS = 10


def slots(frequency, start, years=YEARS):
    """Let every pull succeed at the moment it is due, for years."""
    interval = schedule.INTERVAL.format(frequency="%(frequency)s")
    with database.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE slots(at) AS (SELECT %(start)s::timestamptz UNION ALL "
            f"SELECT at + {interval} FROM slots WHERE at < %(end)s) SELECT at FROM slots",
            {
                "start": start,
                "end": start + dt.timedelta(days=365 * years + years // 4),
                "frequency": frequency,
            },
        )
        return [at for (at,) in cursor.fetchall()]


def check(frequency, zone, years):
    # In the hour that summer time leaves out or has twice, on the last day of the longest month.
    start = dt.datetime(2024, 1, 31, 1, 30, tzinfo=dt.UTC)
    with timezone.override(zone):
        found = slots(frequency, start, years)

    if frequency in FIXED:
        assert {(after - before).total_seconds() for before, after in pairwise(found)} == {
            FIXED[frequency]
        }
        return
    for before, after in pairwise(found):
        assert (after.year - before.year) * 12 + after.month - before.month == 1
        assert after.timetz() == before.timetz()
        assert after.day == min(before.day, monthrange(after.year, after.month)[1])
    assert len(found) >= 12 * years


@pytest.mark.parametrize("frequency", ["hourly", "daily", "weekly", "monthly"])
def test_a_year_has_every_slot_once(db, frequency):
    for zone in ("Europe/London", "Australia/Lord_Howe"):
        check(frequency, zone, 1)


@pytest.mark.full
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("frequency", ["hourly", "daily", "weekly", "monthly"])
def test_ten_years_have_every_slot_once(db, frequency, zone):
    check(frequency, zone, YEARS)


def test_what_is_due_is_reckoned_in_utc_whoever_looks(db):
    """A day across the end of summer time has 24 hours, since the database's clock has no zone."""
    with timezone.override("Europe/Berlin"), database.cursor() as cursor:
        cursor.execute("SHOW TimeZone")
        assert cursor.fetchone() == ("UTC",)
        due_at = schedule.due_after("daily", dt.datetime(2026, 10, 24, 22, 30, tzinfo=dt.UTC))

    assert due_at == dt.datetime(2026, 10, 25, 22, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("leap", "following"),
    [("2028-02-29T23:30Z", "2028-03-29T23:30Z"), ("2028-01-30T23:30Z", "2028-02-29T23:30Z")],
)
def test_the_day_that_most_years_lack_is_a_day_like_others(db, leap, following):
    due_at = schedule.due_after("monthly", dt.datetime.fromisoformat(leap))

    assert due_at == dt.datetime.fromisoformat(following)

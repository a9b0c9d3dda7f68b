"""Ten thousand hourly connections do not fall due in the same minute."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection as database

from sync import schedule

CONNECTIONS = 10_000
MEAN = CONNECTIONS / 60
HOUR = timedelta(hours=1)

_PULL = f"""
UPDATE pulled SET due = {
    schedule.NEARER.format(
        due="ended + interval '1 hour'", interval="interval '1 hour'", connection="connection_id"
    )
}
  FROM (
    SELECT connection_id AS id, due + random() * interval '2 minutes' AS ended FROM pulled
  ) done
 WHERE connection_id = done.id
"""


_NEXT = schedule.NEXT.format(
    frequency="%(frequency)s", moment="%(moment)s::timestamptz", connection="%(connection)s::uuid"
)


def next_due(frequency: str, moment: datetime, connection: UUID) -> datetime | None:
    with database.cursor() as cursor:
        cursor.execute(
            f"SELECT {_NEXT}",
            {"frequency": frequency, "moment": moment, "connection": connection},
        )
        (due,) = cursor.fetchone()
    return due


@pytest.fixture
def pulled(db):
    """Connections with the moment at which each is due."""
    with database.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE pulled ON COMMIT DROP AS "
            "SELECT gen_random_uuid() AS connection_id, statement_timestamp() AS due "
            "FROM generate_series(1, %s)",
            [CONNECTIONS],
        )
        yield cursor


def busiest(cursor) -> int:
    cursor.execute("SELECT count(*) FROM pulled GROUP BY date_trunc('minute', due)")
    return max(count for (count,) in cursor.fetchall())


def pull(cursor) -> None:
    """Pull each when it is due; that takes up to two minutes."""
    cursor.execute(_PULL)


def test_switched_on_together_they_are_spread_all_day(pulled):
    first = schedule.FIRST.format(connection="connection_id")
    pulled.execute(f"UPDATE pulled SET due = {first}")
    pulled.execute("SELECT max(due) - min(due) FROM pulled")
    assert pulled.fetchone()[0] < HOUR

    for hour in range(24):
        assert busiest(pulled) <= 2 * MEAN, hour
        pull(pulled)


def test_made_up_for_together_they_find_their_minutes_again(pulled):
    assert busiest(pulled) == CONNECTIONS

    for _ in range(12):
        pull(pulled)

    assert busiest(pulled) <= 2 * MEAN


@pytest.mark.parametrize(
    ("frequency", "interval", "most"),
    [
        ("hourly", HOUR, timedelta(minutes=6)),
        ("daily", timedelta(days=1), timedelta(minutes=15)),
        ("weekly", timedelta(days=7), timedelta(minutes=15)),
        ("monthly", timedelta(days=31), timedelta(minutes=15)),
    ],
)
def test_never_later_than_the_interval_and_little_earlier(db, frequency, interval, most):
    success = datetime(2026, 5, 7, 9, 41, 30, 250_000, tzinfo=UTC)
    shifts = []
    for number in range(60):
        due = next_due(frequency, success, UUID(int=number))
        assert due is not None
        shifts.append(success + interval - due)

    assert min(shifts) >= timedelta(0)
    assert max(shifts) == most  # from afar by as much as is allowed …
    assert Counter(shifts)[most] < 60  # … and the others to their own moment


def test_at_its_own_moment_a_connection_stays(db):
    connection, moments = uuid4(), [datetime(2026, 5, 7, 9, 41, tzinfo=UTC)]
    for _ in range(12):
        due = next_due("hourly", moments[-1] + timedelta(seconds=40), connection)
        assert due is not None
        moments.append(due)

    assert moments[-1] - moments[-2] == HOUR


def test_without_a_schedule_nothing_is_due(db):
    assert next_due("none", datetime(2026, 5, 7, tzinfo=UTC), uuid4()) is None

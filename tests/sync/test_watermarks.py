"""Where the next pull begins when a platform's clock is wrong."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.models import Connection
from connections.platforms import PLATFORMS
from connections.platforms.quickbooks import known
from portal import clock
from sync import watermarks
from sync.models import DataStatus, Pull
from tests.sync.scripted import invoice, page

BEGAN = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATEST = BEGAN - watermarks.OVERLAP
HOURS = st.floats(-1e5, 1e5).map(lambda hours: timedelta(hours=hours))


def mark(platform: str, at: datetime, ids: str = "") -> str:
    match platform:
        case "quickbooks":
            return known.written(known.Watermark(at=at, ids={"Invoice": ids}))
        case "tryton":
            tryton = PLATFORMS["tryton"]
            return tryton.moved(f'["2026-01-01T00:00:00Z","{ids}",{{}}]', at)
        case _:
            return at.isoformat()


def pull(platform: str, watermark: str = "") -> Pull:
    return Pull(
        connection=Connection(platform=platform), started_at=BEGAN, watermark=watermark,
        data_type="invoices",
    )  # fmt: skip


@pytest.mark.parametrize("platform", ["sandbox", "xero", "quickbooks", "tryton"])
@given(ahead=HOURS, took=st.floats(0, 3).map(lambda hours: timedelta(hours=hours)))
def test_no_pull_begins_after_what_the_last_one_could_know(platform, ahead, took):
    """However far ahead or behind, and however long the first page took to come."""
    now = BEGAN + took
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: now)
        kept = watermarks.settled(pull(platform), mark(platform, now + ahead))

    at = PLATFORMS[platform].moment_of(kept)
    assert at == (LATEST if ahead > timedelta() and now + ahead > BEGAN else now + ahead)
    assert at <= now


@pytest.mark.parametrize("platform", ["sandbox", "quickbooks", "tryton"])
def test_what_was_moved_once_stays_so_when_time_has_caught_up(platform, monkeypatch):
    told = BEGAN + timedelta(minutes=30)
    monkeypatch.setattr(clock, "now", lambda: BEGAN)
    first = watermarks.settled(pull(platform), mark(platform, told))
    monkeypatch.setattr(clock, "now", lambda: BEGAN + timedelta(hours=1))

    last = watermarks.settled(pull(platform, first), mark(platform, told, "1-3"))

    assert last == mark(platform, LATEST, "1-3")


def test_a_number_is_no_moment():
    assert watermarks.settled(pull("xero"), "journal 17") == "journal 17"
    assert watermarks.settled(pull("quickbooks"), "what it once was") == "what it once was"
    assert watermarks.settled(pull("sandbox", "w1"), None) == "w1"


@pytest.mark.django_db
def test_the_next_pull_asks_from_before_the_last_one_began(connection, platform, pull):
    future = datetime(2100, 1, 1, tzinfo=UTC).isoformat()
    platform.serve(
        page(invoice(1), cursor="1", watermark=future),
        page(invoice(2), cursor="2", watermark=future),
    )
    done = pull()
    began = done.started_at - watermarks.OVERLAP
    platform.serve(page(invoice(2), cursor="1", watermark=future))

    again = pull()

    assert platform.asked[-1] == ("invoices", began.isoformat(), None)
    assert (again.unchanged, again.is_full) == (1, False)
    kept = DataStatus.objects.get(connection=connection, data_type="invoices").watermark
    assert kept == (again.started_at - watermarks.OVERLAP).isoformat()

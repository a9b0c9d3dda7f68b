"""Whatever a worker has done when it dies, the next one goes on, and nothing is lost or doubled."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now

import chaos
from engines.locations import PROJECT
from sync import beat, engine, operations
from sync.models import Pull, PullStatus, Record, StagedRecord
from tests.sync.conftest import (  # noqa: F401
    _no_messages_left,
    bells,
    connection,
    platform,
)
from tests.sync.scripted import invoice, page

_MARKED = re.compile(r'chaos\.point\(\s*"([^"]+)"')
POINTS_OF_A_PULL = [point for point in chaos.POINTS if point.startswith("pull.")]


class Died(BaseException):
    """Ends a worker on the spot: nobody catches it, as nobody catches a kill."""


def test_every_point_is_marked_in_the_code_and_no_other():
    sources = [
        path
        for package in ("sync", "connections", "webhooks", "link", "api", "companies", "portal")
        for path in (PROJECT / package).rglob("*.py")
    ]
    marked = [point for path in sources for point in _MARKED.findall(path.read_text())]

    assert sorted(set(marked)) == sorted(chaos.POINTS)


def test_unarmed_a_point_is_nothing():
    for point in chaos.POINTS:
        chaos.point(point)


@pytest.mark.parametrize("fatal", POINTS_OF_A_PULL)
def test_a_worker_that_dies_at_a_point_loses_and_doubles_nothing(connection, platform, fatal):
    pages = [
        page(invoice(1), invoice(2), cursor="1", total=3),
        page(invoice(3), cursor="2", total=3, watermark="w1"),
    ]
    queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    died: list[str] = []

    def die_once(point):
        if point == fatal and not died:
            died.append(point)
            raise Died

    platform.serve(*pages)
    with chaos.armed(die_once), pytest.raises(Died):
        engine.run_connection(connection.organization_id, connection.pk)
    queued.refresh_from_db()
    if queued.status != PullStatus.COMPLETE:  # nobody had to go on after the last point
        Pull.objects.update(lease_until=Now() - timedelta(seconds=1))
        assert beat.recover_lost_pulls() == 1
        # From where it was left off, whatever the platform was asked before.
        queued.refresh_from_db()
        platform.serve(*pages[queued.pages :])
        engine.run_connection(connection.organization_id, connection.pk)
        queued.refresh_from_db()

    assert died == [fatal]
    assert queued.status == PullStatus.COMPLETE
    assert (queued.fetched, queued.added, queued.repeated) == (3, 3, 0)
    assert sorted(Record.objects.values_list("source_id", flat=True)) == ["inv-1", "inv-2", "inv-3"]
    assert not StagedRecord.objects.exists()

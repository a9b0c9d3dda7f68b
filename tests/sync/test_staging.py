"""What waits between a page and the store: told once or often, lost or kept, it adds up."""

from collections.abc import Iterator

import pytest
from django.db import connection as database
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from companies import tenancy
from sync import engine, operations
from sync.models import Pull, PullStatus, Record, RecordVersion, StagedPage, StagedRecord
from tests.sync.scripted import invoice, page

#: A record by its number with one of few states, or None where it was deleted.
Told = tuple[int, int | None]


def lose_what_is_staged() -> None:
    """Do to the two tables what a crash of the database does to unlogged ones."""
    StagedPage.objects.all().delete()
    StagedRecord.objects.all().delete()


def pages_of(told: list[list[Told]]) -> Iterator[object]:
    """Yield them as a platform would: records, and apart from them the ids of deleted ones."""
    for number, each in enumerate(told, start=1):
        yield page(
            *(invoice(record, total=str(total)) for record, total in each if total is not None),
            cursor=str(number),
            deleted_ids=[f"inv-{record}" for record, total in each if total is None],
            watermark="w",
        )


def store() -> dict[str, int]:
    return {
        record.source_id: int(record.amount or 0)
        for record in Record.objects.filter(is_deleted=False)
    }


@pytest.fixture
def stored(platform, pull) -> None:
    """Two invoices are in the store, with the totals 1 and 2."""
    platform.serve(page(invoice(1, total="1"), invoice(2, total="2"), cursor="1"))
    pull()


def test_nothing_that_waits_is_written_to_the_log(db):
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relpersistence FROM pg_class "
            "WHERE relname IN ('sync_stagedpage', 'sync_stagedrecord')"
        )
        assert set(cursor.fetchall()) == {("sync_stagedpage", "u"), ("sync_stagedrecord", "u")}


def test_a_pull_whose_pages_were_lost_begins_again(connection, platform):
    queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    platform.serve(
        page(invoice(1), cursor="1"),
        lose_what_is_staged,
        page(invoice(2), cursor="2"),
    )

    engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert (queued.status, queued.pages, queued.cursor, queued.fetched) == ("Complete", 2, "2", 2)
    assert queued.attempts == 2
    assert set(store()) == {"inv-1", "inv-2"}


def test_whoever_takes_a_pull_up_looks_whether_its_pages_are_there(connection, platform):
    queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    platform.serve(page(invoice(1), cursor="1"), SystemExit, page(invoice(2), cursor="2"))
    with pytest.raises(SystemExit):
        engine.run_connection(connection.organization_id, connection.pk)
    lose_what_is_staged()

    engine.run_connection(connection.organization_id, connection.pk)

    queued.refresh_from_db()
    assert (queued.status, queued.fetched, queued.added) == (PullStatus.COMPLETE, 2, 2)
    assert [cursor for _, _, cursor in platform.asked] == [None, None]


def test_a_full_pull_whose_pages_were_lost_takes_nothing_for_gone(connection, platform, stored):
    operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
    platform.serve(
        page(invoice(1, total="1"), cursor="1"),
        lose_what_is_staged,
        page(invoice(2, total="2"), cursor="2"),
    )

    engine.run_connection(connection.organization_id, connection.pk)

    assert store() == {"inv-1": 1, "inv-2": 2}
    assert not RecordVersion.objects.exists()


def test_a_deleted_record_that_comes_back_as_it_was_is_told_of(platform, pull, stored):
    platform.serve(page(invoice(1, total="1"), cursor="1", deleted_ids=["inv-2"]))
    pull()
    platform.serve(page(invoice(1, total="1"), invoice(2, total="2"), cursor="1"))

    back = pull()

    assert (back.unchanged, back.changed, back.added) == (1, 1, 0)
    assert store() == {"inv-1": 1, "inv-2": 2}


told_of = st.tuples(st.integers(1, 6), st.none() | st.integers(1, 2))
told_in_a_pull = st.lists(st.lists(told_of, max_size=6), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(pulls=st.lists(told_in_a_pull, min_size=1, max_size=4))
def test_whatever_is_told_in_whatever_order_adds_up(connection, platform, pulls):
    """Against a dictionary: of each record the last page counts, and on it a deletion."""
    with tenancy.entered(connection.organization_id):
        for model in (Record, RecordVersion, Pull):
            model.objects.all().delete()
        connection.data_statuses.all().delete()
    expected: dict[str, int] = {}
    for told in pulls:
        queued = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
        Pull.objects.filter(pk=queued.pk).update(accepts_disappearance=True)
        platform.serve(*pages_of(told))

        engine.run_connection(connection.organization_id, connection.pk)

        queued.refresh_from_db()
        assert queued.status == PullStatus.COMPLETE, queued.error_detail
        before = dict(expected)
        latest: dict[str, int | None] = {}
        for each in told:
            latest |= {f"inv-{n}": total for n, total in each if total is not None}
            latest |= {f"inv-{n}": None for n, total in each if total is None}
        expected = ({} if queued.is_full else before) | {
            source_id: total for source_id, total in latest.items() if total is not None
        }
        for source_id, total in latest.items():
            if total is None:
                expected.pop(source_id, None)
        assert store() == expected
        assert queued.fetched == sum(total is not None for each in told for _, total in each)
        assert queued.unchanged == sum(
            before.get(source_id) == total for source_id, total in latest.items() if total
        )
        assert queued.deleted == len(before.keys() - expected.keys())
        status = connection.data_statuses.get(data_type="invoices")
        assert status.record_count == len(expected)
        assert not StagedPage.objects.exists()
        assert not StagedRecord.objects.exists()

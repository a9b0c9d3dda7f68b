"""Append-only tables are made of months: no row is lost on the way there, nor for want of one."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from psycopg import sql

from companies import partitions, tenancy
from companies.models import Event, Organization
from companies.partitioning import PartitionByMonth
from portal.owner import as_owner, owner_beside
from sync.models import PlatformRequest
from tests.factories import PullFactory
from tests.parts import TABLES, make_months, parts_of, put_back
from webhooks.models import Attempt

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

TABLE = "sync_platformrequest"
WHOLE = [("sync", "0014_pull_trace"), ("webhooks", "0002_events_in_parts")]
IN_PARTS = [("sync", "0015_requests_by_month"), ("webhooks", "0003_attempts_and_events_by_month")]
MODELS = {TABLE: PlatformRequest, "companies_event": Event, "webhooks_attempt": Attempt}


@pytest.fixture
def mended():
    yield
    put_back()


@pytest.fixture
def whole(mended):
    """The tables as they were before there were parts."""
    migrate(WHOLE)
    yield
    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())


def migrate(targets):
    with as_owner():
        MigrationExecutor(connection).migrate(targets)


def request(pull, at=None):
    with tenancy.entered(pull.organization_id):
        return PlatformRequest.objects.create(
            organization_id=pull.organization_id,
            pull=pull,
            at=at or timezone.now(),
            method="GET",
            url="/invoices",
            status=200,
            milliseconds=1,
            size=1,
        )


def requests(pull):
    with tenancy.entered(pull.organization_id):
        return list(PlatformRequest.objects.order_by("pk").values_list("pk", flat=True))


def event(pull):
    with tenancy.entered(pull.organization_id):
        return Event.objects.create(
            organization_id=pull.organization_id, type="company.created", summary="created"
        )


def names_of(table):
    return [each.name for each in parts_of(table)]


def part_with(row, table=TABLE):
    """Name the part in which a row lies."""
    with tenancy.entered(row.organization_id), connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT tableoid::regclass::text FROM {} WHERE id = %s").format(
                sql.Identifier(table)
            ),
            [row.pk],
        )
        return cursor.fetchone()[0]


def shape(table):
    """Everything of a table that its columns do not say."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, replace(pg_get_constraintdef(oid), ', at)', ')') FROM pg_constraint "
            "WHERE conrelid = %s::regclass AND contype IN ('f', 'c') UNION ALL "
            "SELECT indexrelid::regclass::text, replace(pg_get_indexdef(indexrelid), 'ONLY ', '') "
            "FROM pg_index WHERE indrelid = %s::regclass AND NOT indisprimary UNION ALL "
            "SELECT policyname, (roles, cmd, qual, with_check)::text FROM pg_policies "
            "WHERE tablename = %s UNION ALL "
            "SELECT 'grants', string_agg(each::text, ',' ORDER BY each::text) FROM pg_class, "
            "unnest(relacl) each WHERE oid = %s::regclass UNION ALL "
            "SELECT 'forced', (relrowsecurity AND relforcerowsecurity)::text FROM pg_class "
            "WHERE oid = %s::regclass UNION ALL "
            "SELECT attname, (attidentity, attnotnull)::text FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            [table] * 6,
        )
        return sorted(cursor.fetchall())


def test_rows_stay_where_they_are_when_a_table_gets_parts(whole):
    pull = PullFactory()
    ids = [request(pull).pk for _ in range(3)]
    told = event(pull)
    before = {table: shape(table) for table in TABLES}

    migrate(IN_PARTS)
    make_months()
    ids.append(request(pull).pk)

    assert requests(pull) == ids == sorted(ids)
    assert part_with(told, "companies_event") == "companies_event_first"
    for table in TABLES:
        assert f"{table}_first" in names_of(table)
        assert f"{table}_default" in names_of(table)
        assert shape(table) == before[table]


def test_it_goes_on_where_it_was_interrupted(whole):
    pull = PullFactory()
    kept = request(pull)
    operation = PartitionByMonth(TABLE, "at")
    with as_owner(), connection.cursor() as cursor:
        until = operation._bound(cursor)
        operation._index(cursor)
        assert operation._bound(cursor) == until

    migrate(IN_PARTS)

    assert requests(pull) == [kept.pk]
    assert parts_of(TABLE)[0].until == until


def test_a_row_from_a_clock_that_was_ahead_stays_too(whole):
    pull = PullFactory()
    ahead = request(pull, timezone.now() + timedelta(days=400))

    migrate(IN_PARTS)

    assert part_with(ahead) == f"{TABLE}_first"
    assert parts_of(TABLE)[0].until > ahead.at
    with tenancy.entered(pull.organization_id):
        PlatformRequest.objects.all().delete()
    migrate(WHOLE)  # the others want a bound that is near


@pytest.mark.parametrize("table", TABLES)
def test_no_part_is_open_by_its_own_name(table):
    pull = PullFactory()
    request(pull)
    event(pull)

    for name in names_of(table):
        for role in ("ledgerport_app", "ledgerport_system"):
            for statement in (
                "SELECT FROM {}",
                "INSERT INTO {} SELECT * FROM {}",
                "UPDATE {} SET id = id",
                "DELETE FROM {}",
                "TRUNCATE {}",
            ):
                with (
                    pytest.raises(DatabaseError, match="permission denied"),
                    tenancy.entered(pull.organization_id),
                    connection.cursor() as cursor,
                ):
                    cursor.execute(f"SET LOCAL ROLE {role}")
                    cursor.execute(statement.replace("{}", name))


def test_the_owner_sees_no_row_of_a_part_either():
    request(PullFactory())

    with as_owner(), connection.cursor() as cursor:
        for name in names_of(TABLE):
            cursor.execute(f"SELECT count(*) FROM {name}")
            assert cursor.fetchone() == (0,)


def test_what_is_appended_only_is_so_in_parts():
    pull = PullFactory()
    event(pull)

    for change in (Event.objects.all().delete, lambda: Event.objects.update(summary="x")):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            tenancy.entered(pull.organization_id),
        ):
            change()


def test_another_organizations_rows_are_not_seen_through_the_whole_table():
    pull, foreign = PullFactory(), PullFactory()
    request(foreign)

    assert requests(pull) == []


def test_months_are_made_ahead_and_only_once(mended):
    now = timezone.now() + timedelta(days=365)

    made = make_months(now)

    assert len([each for each in made if each.name.startswith(TABLE)]) == 3
    assert make_months(now) == []
    assert partitions.missing(parts_of(TABLE), partitions.wanted(now)) == []


def test_a_row_without_a_month_is_kept_shown_and_put_in_its_place(mended):
    pull = PullFactory()
    later = timezone.now() + timedelta(days=800)
    early = request(pull)
    lost = request(pull, later)
    assert part_with(lost) == f"{TABLE}_default"
    assert requests(pull) == [early.pk, lost.pk]

    made = make_months()

    assert [each.moved for each in made if each.moved] == [1]
    assert part_with(lost) == f"{TABLE}_{later:%Ym%m}"
    assert requests(pull) == [early.pk, lost.pk]
    assert not any(each.is_used for each in parts_of(TABLE) if each.is_default)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_and(relrowsecurity AND relforcerowsecurity) FROM pg_class "
            "WHERE relname = ANY(%s)",
            [names_of(TABLE)],
        )
        assert cursor.fetchone() == (True,)


def test_a_month_goes_with_its_rows(mended):
    pull = PullFactory()
    kept, gone = request(pull), request(pull, timezone.now() + timedelta(days=800))
    make_months()
    (part,) = [each for each in parts_of(TABLE) if each.name == part_with(gone)]

    with owner_beside() as owner:
        assert not partitions.drop(owner, part, unless="EXISTS (SELECT FROM {part})")
        assert requests(pull) == [kept.pk, gone.pk]
        assert partitions.drop(owner, part)

    assert requests(pull) == [kept.pk]
    assert part.name not in names_of(TABLE)


def test_whoever_reads_is_not_kept_waiting(mended, monkeypatch):
    """A transaction that has read the table holds it; dropping lets go again and again."""
    monkeypatch.setattr(partitions, "_PAUSES", (0.01, 0.01))
    pull = PullFactory()
    gone = request(pull, timezone.now() + timedelta(days=800))
    make_months()
    (part,) = [each for each in parts_of(TABLE) if each.name == part_with(gone)]
    refused = []

    def drop():
        try:
            with owner_beside() as owner:
                partitions.drop(owner, part)
        except partitions.InUse:
            refused.append(True)
        finally:
            connections.close_all()

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {TABLE}")
        dropping = threading.Thread(target=drop)
        dropping.start()
        dropping.join()

    assert refused
    assert requests(pull) == [gone.pk]


def test_nothing_changes_while_a_backup_is_taken(mended, monkeypatch):
    monkeypatch.setattr(partitions, "_PAUSES", ())

    with transaction.atomic():
        partitions.keep()
        with pytest.raises(partitions.InUse):
            make_months(timezone.now() + timedelta(days=365))


def test_an_organization_takes_its_rows_with_it():
    pull = PullFactory()
    request(pull)
    event(pull)

    with tenancy.entered(pull.organization_id):
        Organization.objects.get(pk=pull.organization_id).delete()
        for model in MODELS.values():
            assert not model._default_manager.exists()

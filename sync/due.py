"""Data types whose time has come become pulls: those of an organization in one statement.

However many are due, each costs the database one row to read, one to insert and one to change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import OperationalError, transaction
from django.db import connection as database
from psycopg.errors import LockNotAvailable

from companies import events
from connections.models import Connection
from connections.platforms import PLATFORMS, get_platform
from sync import measures, operations
from sync.models import DataStatus, Pull, PullStatus

#: The scheduler waits so long for whoever queues the same by hand: less than PostgreSQL takes to
#: look for circles of those who wait (deadlock_timeout, one second), which could hit the other.
_WAITS = "300ms"

#: What is locked is in somebody's hands, who says when it is due again. What is being pulled is
#: left to that pull; what its platform does not have any more is not due any more. The rows are
#: found by their ids: by the time they are due, those of all organizations would be read for each.
#: It cannot know how many become pulls, and would join them one by one: an array is quicker.
_QUEUE = """
WITH supplied AS MATERIALIZED (
  SELECT * FROM unnest(%(platforms)s::text[], %(data_types)s::text[], %(sync_orders)s::int[])
             AS each (platform, data_type, sync_order)
), locked AS MATERIALIZED (
  SELECT d.id, d.connection_id, d.data_type, c.company_id, c.platform,
         statement_timestamp() - d.next_due_at AS lateness, concat(
           'Scheduled: ', d.frequency,
           CASE WHEN d.last_success_at IS NOT NULL THEN to_char(
             d.last_success_at AT TIME ZONE 'UTC',
             '", last success "FMDD FMMonth YYYY, HH24:MI" UTC"'
           ) WHEN d.failures = 0 THEN ', first pull' END,
           CASE WHEN d.failures > 0 THEN format(', try %%s', d.failures + 1) END
         ) AS reason
    FROM unnest(%(ids)s::uuid[]) AS asked (id)
    JOIN sync_datastatus d ON d.id = asked.id
    JOIN connections_connection c ON c.id = d.connection_id
   WHERE coalesce(d.next_due_at, 'infinity') <= statement_timestamp() AND c.status = %(linked)s
     FOR NO KEY UPDATE OF d SKIP LOCKED
), due AS MATERIALIZED (
  SELECT locked.*, gen_random_uuid() AS pull_id, supplied.sync_order
    FROM locked LEFT JOIN supplied
      ON supplied.platform = locked.platform AND supplied.data_type = locked.data_type
), queued AS (
  INSERT INTO sync_pull (
    id, organization_id, company_id, connection_id, data_type, status, status_description,
    error_message, error_detail, trigger, reason, batch, sync_order, fence, attempts,
    attempts_without_progress, steps, is_full, is_held, accepts_disappearance, since, watermark,
    cursor, pages, progress, fetched, added, changed, unchanged, repeated, rejected, deleted,
    warnings, errors, rung_at
  )
  SELECT pull_id, %(organization)s, company_id, connection_id, data_type,
         %(queued)s, '', '', '', %(trigger)s, reason,
         first_value(pull_id) OVER (PARTITION BY connection_id), sync_order, 0, 0,
         0, '[]', true, false, false, '', '',
         '', 0, 0, 0, 0, 0, 0, 0, 0, 0,
         0, 0, statement_timestamp()
    FROM due WHERE sync_order IS NOT NULL
  ON CONFLICT DO NOTHING
  RETURNING id
), shown AS (
  UPDATE sync_datastatus d
     SET next_due_at = NULL,
         latest_pull_id = CASE WHEN sync_order IS NULL THEN d.latest_pull_id ELSE pull_id END,
         latest_status = CASE WHEN sync_order IS NULL THEN d.latest_status ELSE %(queued)s END
    FROM due
   WHERE d.id = due.id AND (sync_order IS NULL OR pull_id = ANY(ARRAY(SELECT id FROM queued)))
)
SELECT company_id, connection_id, array_agg(lateness) FROM due
 WHERE pull_id = ANY(ARRAY(SELECT id FROM queued)) GROUP BY company_id, connection_id
"""


#: Of a connection: its company, itself, and how late each type was.
type _Row = tuple[UUID, UUID, list[timedelta]]

#: Connections known to have a row for all that this version of their platform's adapter supplies.
_complete: set[UUID] = set()


@dataclass(frozen=True, slots=True)
class Queued:
    """What became pulls, and over which connections."""

    pulls: int
    connections: Sequence[UUID]


def queue(organization_id: UUID, ids: Sequence[UUID]) -> Queued:
    """Pull the due ones of these data statuses, in the organization's transaction.

    A refresh by hand inserts pulls and then takes data statuses, this does the reverse: of two that
    wait for each other this one gives way, and leaves all to the next look.
    """
    try:
        with transaction.atomic():
            rows = _queue(organization_id, ids)
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        return Queued(0, ())
    events.announce_all(organization_id, {company_id for company_id, *_ in rows})
    for _, _, lateness in rows:
        for each in lateness:
            measures.count_due(each)
    return Queued(
        pulls=sum(len(lateness) for _, _, lateness in rows),
        connections=[connection_id for _, connection_id, _ in rows],
    )


def _queue(organization_id: UUID, ids: Sequence[UUID]) -> list[_Row]:
    supplied = [
        (platform.key, str(data_type), data_type.sync_order)
        for platform in PLATFORMS.values()
        for data_type in platform.data_types
    ]
    with database.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_WAITS])
        cursor.execute(
            _QUEUE,
            {
                "organization": organization_id,
                "ids": list(ids),
                "linked": Connection.Status.LINKED,
                "queued": PullStatus.QUEUED,
                "trigger": Pull.Trigger.SCHEDULE,
                "platforms": [platform for platform, _, _ in supplied],
                "data_types": [data_type for _, data_type, _ in supplied],
                "sync_orders": [sync_order for _, _, sync_order in supplied],
            },
        )
        rows: list[_Row] = cursor.fetchall()
        # A company that is being deleted would else be waited for by the commit, out of our reach.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    _complete_statuses(organization_id, {connection_id for _, connection_id, _ in rows})
    return rows


def _complete_statuses(organization_id: UUID, connections: set[UUID]) -> None:
    """Add rows for what a newer version of a platform's adapter supplies besides."""
    unknown = connections - _complete
    if not unknown:
        return
    statuses = DataStatus.objects.within(organization_id).filter(connection_id__in=unknown)
    of_each = statuses.values_list("connection_id", "connection__platform").annotate(
        types=ArrayAgg("data_type")
    )
    lacking = [
        connection_id
        for connection_id, platform, types in of_each
        if not get_platform(platform).data_types <= set(types)
    ]
    for connection in Connection.objects.within(organization_id).filter(pk__in=lacking):
        operations.ensure_statuses(connection)
    transaction.on_commit(partial(_complete.update, unknown))

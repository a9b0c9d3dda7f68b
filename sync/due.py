"""Data types whose time has come become pulls: those of an organization in one statement.

However many are due, each costs the database one row to read, one to insert and one to change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import OperationalError, transaction
from django.db import connection as database
from psycopg.errors import LockNotAvailable

from companies import events
from connections.models import Connection
from connections.platforms import PLATFORMS
from sync import measures, operations
from sync.models import ACTIVE, Pull, PullStatus

#: The scheduler waits so long for whoever queues the same by hand: less than PostgreSQL takes to
#: look for circles of those who wait (deadlock_timeout, one second), which could hit the other.
_WAITS = "300ms"

#: What is locked is in somebody's hands, who says when it is due again. What is being pulled is
#: left to that pull; what its platform does not have any more is not due any more.
_QUEUE = """
WITH supplied AS MATERIALIZED (
  SELECT * FROM unnest(%(platforms)s::text[], %(data_types)s::text[], %(sync_orders)s::int[])
             AS each (platform, data_type, sync_order)
), due AS MATERIALIZED (
  SELECT d.id, d.connection_id, d.data_type, c.company_id, c.platform,
         statement_timestamp() - d.next_due_at AS lateness, concat(
           'Scheduled: ', d.frequency,
           CASE WHEN d.last_success_at IS NOT NULL THEN to_char(
             d.last_success_at AT TIME ZONE 'UTC',
             '", last success "FMDD FMMonth YYYY, HH24:MI" UTC"'
           ) WHEN d.failures = 0 THEN ', first pull' END,
           CASE WHEN d.failures > 0 THEN format(', try %%s', d.failures + 1) END
         ) AS reason
    FROM sync_datastatus d JOIN connections_connection c ON c.id = d.connection_id
   WHERE d.id = ANY(%(ids)s) AND d.next_due_at <= statement_timestamp() AND c.status = %(linked)s
     AND NOT EXISTS (
       SELECT FROM sync_pull p
        WHERE p.connection_id = d.connection_id AND p.data_type = d.data_type
          AND p.status = ANY(%(active)s)
     )
     FOR NO KEY UPDATE OF d SKIP LOCKED
), batches AS MATERIALIZED (
  SELECT connection_id, gen_random_uuid() AS id FROM due GROUP BY connection_id
), queued AS (
  INSERT INTO sync_pull (
    id, organization_id, company_id, connection_id, data_type, status, status_description,
    error_message, error_detail, trigger, reason, batch, sync_order, fence, attempts,
    attempts_without_progress, steps, is_full, is_held, accepts_disappearance, since, watermark,
    cursor, pages, progress, fetched, added, changed, unchanged, repeated, rejected, deleted,
    warnings, errors, rung_at
  )
  SELECT gen_random_uuid(), %(organization)s, due.company_id, due.connection_id, due.data_type,
         %(queued)s, '', '', '', %(trigger)s, due.reason, batches.id, supplied.sync_order, 0, 0,
         0, '[]', true, false, false, '', '',
         '', 0, 0, 0, 0, 0, 0, 0, 0, 0,
         0, 0, statement_timestamp()
    FROM due JOIN batches ON batches.connection_id = due.connection_id
    JOIN supplied
      ON supplied.platform = due.platform AND supplied.data_type = due.data_type
  ON CONFLICT DO NOTHING
  RETURNING id, company_id, connection_id, data_type
), shown AS (
  UPDATE sync_datastatus d
     SET next_due_at = NULL, latest_pull_id = coalesce(queued.id, d.latest_pull_id),
         latest_status = CASE WHEN queued.id IS NULL THEN d.latest_status ELSE %(queued)s END
    FROM due LEFT JOIN queued
      ON queued.connection_id = due.connection_id AND queued.data_type = due.data_type
   WHERE d.id = due.id
)
SELECT q.company_id, q.connection_id, array_agg(due.lateness), EXISTS (
         SELECT FROM connections_connection c JOIN supplied ON supplied.platform = c.platform
          WHERE c.id = q.connection_id AND NOT EXISTS (
            SELECT FROM sync_datastatus d
             WHERE d.connection_id = c.id AND d.data_type = supplied.data_type
          )
       )
  FROM queued q
  JOIN due ON due.connection_id = q.connection_id AND due.data_type = q.data_type
 GROUP BY q.company_id, q.connection_id
"""


#: Of a connection: its company, itself, how late each type was, and whether it lacks statuses.
type _Row = tuple[UUID, UUID, list[timedelta], bool]


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
    for _, _, lateness, _ in rows:
        for each in lateness:
            measures.count_due(each)
    return Queued(
        pulls=sum(len(lateness) for _, _, lateness, _ in rows),
        connections=[connection_id for _, connection_id, *_ in rows],
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
                "active": [str(status) for status in ACTIVE],
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
    # A newer version of the platform's adapter supplies more than there was a status for.
    lacking = [connection_id for _, connection_id, _, is_lacking in rows if is_lacking]
    for connection in Connection.objects.within(organization_id).filter(pk__in=lacking):
        operations.ensure_statuses(connection)
    return rows

"""Whose turn it is: a worker that is free asks here which connection it shall take.

Bells are heard in the order they were rung, and whoever rings 5,000 times would have all workers
until the last of them was answered. So a bell says only that somebody waits, and who is next is
read from PostgreSQL:

- the organization that has the fewest workers now, and of several the one whose last turn was
  longest ago;
- of what it waits for, first what a person or a program asked for, then what the schedule did; what
  was scheduled long ago counts as asked for, so that it is not passed over for ever;
- then what has waited longest.

What is only scheduled counts as one worker more: so it goes after what somebody else asked for, but
not after all that somebody else asks for.

Nothing is written: two workers may be told the same connection, and claiming it decides.
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django.db import connection as database

from companies import tenancy
from sync.models import RUNNING, WAITING, Pull

#: What the schedule asked for is passed over for so long.
SCHEDULED_WAITS_SECONDS = 15 * 60
#: Several, since other workers may be told the same.
_AT_ONCE = 8

_BUSY = """
busy AS (
  SELECT organization_id, connection_id FROM sync_pull
   WHERE status = ANY(%(running)s) AND lease_until > statement_timestamp()
), load AS (
  SELECT organization_id, count(*) AS workers FROM busy GROUP BY organization_id
)"""
_IS_PATIENT = """(
  p.trigger = %(schedule)s
  AND p.requested_at > statement_timestamp() - %(patience)s * interval '1 second'
)"""
#: Over a connection out of use nothing is waited for: whoever comes ends it.
_IS_READY = """(
  p.status = ANY(%(waiting)s)
  AND (p.not_before IS NULL OR p.not_before <= statement_timestamp() OR c.status <> 'Linked')
  AND NOT EXISTS (SELECT 1 FROM busy WHERE busy.connection_id = p.connection_id)
)"""

_NEXT = f"""
WITH {_BUSY}, ready AS (
  SELECT p.organization_id, p.connection_id, bool_and({_IS_PATIENT}) AS is_patient,
         min(p.requested_at) AS since
    FROM sync_pull p JOIN connections_connection c ON c.id = p.connection_id
   WHERE {_IS_READY} AND p.connection_id <> ALL(%(besides)s)
   GROUP BY p.organization_id, p.connection_id
), ranked AS (
  SELECT ready.*, row_number() OVER (
           PARTITION BY organization_id ORDER BY is_patient, since, connection_id
         ) - 1 AS before_it
    FROM ready
), turns AS (
  SELECT o.organization_id, coalesce(load.workers, 0) AS workers, (
           SELECT max(claimed_at) FROM sync_pull p WHERE p.organization_id = o.organization_id
         ) AS last_turn
    FROM (SELECT DISTINCT organization_id FROM ready) o LEFT JOIN load USING (organization_id)
)
SELECT organization_id, connection_id
  FROM ranked JOIN turns USING (organization_id)
 WHERE before_it < %(at_once)s
 ORDER BY workers + before_it + is_patient::int, is_patient, last_turn NULLS FIRST, since,
          connection_id
 LIMIT %(at_once)s
"""  # noqa: S608 - made of the constants above

_IS_NEEDED_ELSEWHERE = f"""
WITH {_BUSY}
SELECT EXISTS (
  SELECT 1 FROM sync_pull p JOIN connections_connection c ON c.id = p.connection_id
   WHERE p.organization_id <> %(organization)s AND {_IS_READY} AND NOT {_IS_PATIENT}
     AND coalesce((SELECT workers FROM load WHERE organization_id = p.organization_id), 0)
         < (SELECT workers FROM load WHERE organization_id = %(organization)s)
)
"""  # noqa: S608 - made of the constants above


def next_up(besides: Sequence[UUID] = ()) -> list[tuple[UUID, UUID]]:
    """Return the organizations and connections to take, the next one first.

    ``besides`` are connections that whoever asks cannot take.
    """
    with tenancy.system(), database.cursor() as cursor:
        cursor.execute(_NEXT, _parameters() | {"besides": list(besides)})
        return cast("list[tuple[UUID, UUID]]", cursor.fetchall())


def is_needed_elsewhere(organization_id: UUID) -> bool:
    """Tell whether somebody waits who has fewer workers than an organization that has one."""
    with tenancy.system(), database.cursor() as cursor:
        cursor.execute(_IS_NEEDED_ELSEWHERE, _parameters() | {"organization": organization_id})
        (found,) = cursor.fetchone() or (False,)
    return bool(found)


def _parameters() -> dict[str, Any]:
    return {
        "running": [str(status) for status in RUNNING],
        "waiting": [str(status) for status in WAITING],
        "schedule": str(Pull.Trigger.SCHEDULE),
        "patience": SCHEDULED_WAITS_SECONDS,
        "at_once": _AT_ONCE,
    }

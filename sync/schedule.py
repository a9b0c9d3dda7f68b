"""When the next pull is due: SQL fragments, so that one row or all of them follow one rule.

The next pull is due one interval after the last success; failures never move that anchor, they
only bring retries inside the slot. A month is a calendar month: after 31 January comes 28 February.

Every connection has a minute of its own within the hour. What is switched on together, or was made
up for together, would otherwise fall due together for ever: so a pull may be due a little earlier,
never later, where that brings it nearer to its minute.
"""

import random
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.db import connection

from sync.models import ACTIVE

#: Retries after failures wait between half of this and this, doubled with each failure …
BACKOFF_BASE = timedelta(minutes=1)
#: … but never longer than this, or than the schedule's interval.
BACKOFF_CAP = timedelta(hours=6)

#: The interval of a row's `frequency`, NULL for none.
INTERVAL = (
    "CASE {frequency} WHEN 'hourly' THEN interval '1 hour' WHEN 'daily' THEN interval '1 day' "
    "WHEN 'weekly' THEN interval '7 days' WHEN 'monthly' THEN interval '1 month' END"
)

#: Seconds into the hour at which a connection's own moment is.
_OWN_MOMENT = "mod(('x' || substr(md5({connection}::text), 1, 8))::bit(32)::bigint, 3600)"

_INTO_THE_HOUR = "mod(floor(extract(epoch FROM {moment}))::bigint, 3600)"

#: Spreads first pulls of a schedule over the hour, each to its connection's own moment.
FIRST = (
    "statement_timestamp() + interval '1 second' * "
    f"mod(3600 + {_OWN_MOMENT} - {_INTO_THE_HOUR.format(moment='statement_timestamp()')}, 3600)"
)

#: A due time, brought nearer to the connection's own moment by a tenth of the interval and a
#: quarter of an hour at most; NULL for none.
NEARER = (
    "({due} - interval '1 second' * least("
    f"mod(3600 + {_INTO_THE_HOUR.format(moment='{due}')} - {_OWN_MOMENT}, 3600), "
    "least(extract(epoch FROM {interval}) / 10, 900)::bigint))"
)

#: When the connection is pulled again after a success at this moment, NULL for never: one interval
#: later, or a little earlier, at the connection's own minute.
NEXT = NEARER.format(
    due=f"({{moment}} + {INTERVAL})", interval=f"({INTERVAL})", connection="{connection}"
)

_RESCHEDULE = f"""
UPDATE sync_datastatus d
   SET frequency = e.frequency,
       next_due_at = CASE
         WHEN e.span IS NULL THEN NULL
         WHEN d.last_success_at + e.span > statement_timestamp() THEN d.last_success_at + e.span
         ELSE {FIRST.format(connection="d.connection_id")}
       END
  FROM (
    SELECT s.id, f.frequency, {INTERVAL.format(frequency="f.frequency")} AS span
      FROM sync_datastatus s
      JOIN connections_connection c ON c.id = s.connection_id
      LEFT JOIN sync_syncsetting own
        ON own.company_id = c.company_id AND own.data_type = s.data_type
      LEFT JOIN sync_syncsetting general
        ON general.organization_id = s.organization_id AND general.company_id IS NULL
       AND general.data_type = s.data_type
     CROSS JOIN LATERAL (
       SELECT coalesce(own.frequency, general.frequency, 'none') AS frequency
     ) f
     WHERE s.organization_id = %(organization)s
       AND (%(company)s::uuid IS NULL OR c.company_id = %(company)s::uuid)
  ) e
 WHERE d.id = e.id AND d.frequency <> e.frequency
"""  # noqa: S608 - made of the constants above


def reschedule(organization_id: UUID, company_id: UUID | None) -> None:
    """Give every connection concerned the frequency its settings say, and its next due time."""
    with connection.cursor() as cursor:
        cursor.execute(_RESCHEDULE, {"organization": organization_id, "company": company_id})


_RESUME = f"""
UPDATE sync_datastatus d
   SET failures = 0,
       next_due_at = CASE
         WHEN d.next_due_at IS NOT NULL OR e.is_active THEN d.next_due_at
         ELSE greatest(
           d.last_success_at + e.span,
           {FIRST.format(connection="d.connection_id")}
         )
       END
  FROM (
    SELECT s.id, {INTERVAL.format(frequency="s.frequency")} AS span, EXISTS (
        SELECT 1 FROM sync_pull p
         WHERE p.connection_id = s.connection_id AND p.data_type = s.data_type
           AND p.status = ANY(%(active)s)
      ) AS is_active
      FROM sync_datastatus s
     WHERE s.organization_id = %(organization)s AND s.connection_id = %(connection)s
  ) e
 WHERE d.id = e.id
"""  # noqa: S608 - made of the constants above


def resume(organization_id: UUID, connection_id: UUID) -> None:
    """Schedule what has no pull to come, after a new authorization: old failures say nothing now.

    A pull that ended for want of access left its type without a next one.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _RESUME,
            {
                "organization": organization_id,
                "connection": connection_id,
                "active": [str(status) for status in ACTIVE],
            },
        )


def due_after(frequency: str, moment: datetime) -> datetime | None:
    """Return when a pull is due after a success at this moment; None when nothing is scheduled."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT %s::timestamptz + {INTERVAL.format(frequency='%s')}", [moment, frequency]
        )
        (due,) = cast("tuple[datetime | None]", cursor.fetchone())
    return due


def retry_after(frequency: str, moment: datetime, failures: int) -> datetime | None:
    """Return when to try again after so many failures in a row; None when nothing is scheduled."""
    slot_end = due_after(frequency, moment)
    if slot_end is None:
        return None
    longest = min(BACKOFF_CAP, BACKOFF_BASE * (1 << min(failures, 16)), slot_end - moment)
    return moment + random.uniform(0.5, 1.0) * longest  # noqa: S311 - spreads, not secret

"""What an operator's monitoring is told of messages that wait (see `portal.metrics`)."""

from django.db import connection as database

from companies import tenancy
from portal import metrics

_DELIVERIES = """
SELECT count(*), extract(epoch FROM statement_timestamp() - min(
         greatest(d.next_attempt_at, c.not_before)))::float8
  FROM webhooks_delivery d JOIN webhooks_webhookconsumer c ON c.id = d.consumer_id
 WHERE d.next_attempt_at IS NOT NULL AND c.disabled_at IS NULL
"""
_OUTBOX = """
SELECT count(*), extract(epoch FROM statement_timestamp() - min(created_at))::float8
  FROM companies_outboxentry
"""


def read() -> metrics.Readings:
    """Ask what waits to be delivered, for all organizations together."""
    with tenancy.system(), database.cursor() as cursor:
        cursor.execute(_DELIVERIES)
        backlog, overdue = cursor.fetchone()
        cursor.execute(_OUTBOX)
        entries, age = cursor.fetchone()
    return {
        metrics.WEBHOOK_BACKLOG: {(): backlog},
        metrics.WEBHOOK_OVERDUE_SECONDS: {(): max(overdue or 0.0, 0.0)},
        metrics.OUTBOX_ENTRIES: {(): entries},
        metrics.OUTBOX_AGE_SECONDS: {(): age or 0.0},
    }

"""What an operator's monitoring is told of pulls and schedules (see `portal.metrics`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection as database
from django.db import transaction

from companies import tenancy
from connections.models import Connection
from connections.platforms import get_platform
from connections.schemas import CUSTOM_PREFIX
from portal import metrics, tracing
from sync.models import ACTIVE, RUNNING, WAITING, Pull, PullStatus


def count_claim(pull: Pull) -> None:
    """Note how long a pull waited for its first worker."""
    if metrics.is_on() and pull.attempts == 1 and pull.started_at is not None:
        waited = pull.started_at - pull.requested_at
        metrics.PULL_WAIT_SECONDS.observe(pull.trigger, seconds=waited.total_seconds())


def count_due(lateness: timedelta) -> None:
    metrics.SCHEDULE_LATENESS_SECONDS.observe(seconds=lateness.total_seconds())


@contextmanager
def traced(pull: Pull) -> Iterator[None]:
    """Have what is done for a pull in the block belong to the trace in which it was asked for."""
    with tracing.span(
        "pull",
        kind="consumer",
        parent=pull.trace,
        organization_id=str(pull.organization_id),
        connection_id=str(pull.connection_id),
        pull_id=str(pull.pk),
        data_type=kind_of(pull.data_type),
        trigger=pull.trigger,
    ) as span:
        yield
        span.set(pull_status=str(pull.status))
        if pull.is_errored:
            span.fail(str(pull.status))


def count_end(pull: Pull) -> None:
    """Count a pull that ends in the caller's transaction, once that has committed."""
    if not metrics.is_on():
        return
    platform, data_type = get_platform(pull.connection.platform).name, kind_of(pull.data_type)
    status, lasted = str(pull.status), None
    changes: dict[str, int] = {}
    if status == PullStatus.COMPLETE:
        changes = {"added": pull.added, "changed": pull.changed, "deleted": pull.deleted}
    if pull.started_at is not None and pull.completed_at is not None:
        lasted = (pull.completed_at - pull.started_at).total_seconds()

    def count() -> None:
        metrics.PULLS.add(platform, data_type, status)
        if lasted is not None:
            metrics.PULL_SECONDS.observe(platform, data_type, seconds=lasted)
        for change, number in changes.items():
            if number:
                metrics.RECORDS.add(platform, data_type, change, count=number)

    transaction.on_commit(count, robust=True)


def kind_of(data_type: str) -> str:
    """Name a data type; those that customers make up are one."""
    return "custom" if data_type.startswith(CUSTOM_PREFIX) else data_type


_ACTIVE = """
SELECT count(*) FILTER (WHERE status = ANY(%(running)s)),
       count(*) FILTER (WHERE status = ANY(%(waiting)s) AND not_before > statement_timestamp()),
       count(*) FILTER (WHERE status = ANY(%(waiting)s)
                          AND coalesce(not_before <= statement_timestamp(), true)),
       extract(epoch FROM statement_timestamp() - min(greatest(requested_at, not_before))
         FILTER (WHERE status = ANY(%(waiting)s)
                   AND coalesce(not_before <= statement_timestamp(), true)))::float8
  FROM sync_pull WHERE status = ANY(%(active)s)
"""
_DUE = """
SELECT count(*), extract(epoch FROM statement_timestamp() - min(d.next_due_at))::float8
  FROM sync_datastatus d JOIN connections_connection c ON c.id = d.connection_id
 WHERE d.next_due_at <= statement_timestamp() AND c.status = %(linked)s
"""


def read() -> metrics.Readings:
    """Ask what runs, waits and is overdue, for all organizations together."""
    parameters: dict[str, Any] = {
        "running": [str(status) for status in RUNNING],
        "waiting": [str(status) for status in WAITING],
        "active": [str(status) for status in ACTIVE],
        "linked": str(Connection.Status.LINKED),
    }
    with tenancy.system(), database.cursor() as cursor:
        cursor.execute(_ACTIVE, parameters)
        running, parked, waiting, age = cursor.fetchone()
        cursor.execute(_DUE, parameters)
        due, overdue = cursor.fetchone()
    states: dict[tuple[str, ...], float] = {
        ("running",): running,
        ("waiting",): waiting,
        ("parked",): parked,
    }
    return {
        metrics.PULLS_ACTIVE: states,
        metrics.QUEUE_AGE_SECONDS: {(): age or 0.0},
        metrics.SCHEDULES_DUE: {(): due},
        metrics.SCHEDULES_OVERDUE_SECONDS: {(): overdue or 0.0},
    }

"""What the clock asks for: pulls that are due, bells that were not heard, workers that were lost.

Any number of beats may run. Each task reads across organizations as the system role, which cannot
write, and then enters each organization.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import redis
from amqp.exceptions import ChannelError
from celery import current_app, shared_task
from django.db import OperationalError as DatabaseTrouble
from django.db import connection as database
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from kombu.exceptions import OperationalError
from psycopg.errors import LockNotAvailable

from companies import tenancy
from connections.models import Connection
from portal.wording import source_text
from sync import jobs, measures, monitor, operations, recovery, tasks
from sync.models import ACTIVE, RUNNING, WAITING, DataStatus, Frequency, Job, Pull

logger = logging.getLogger(__name__)

#: At most so many rows a look; the next look is seconds away.
_AT_ONCE = 1000
#: A bell that nobody answered for so long is rung again.
_PATIENCE = timedelta(seconds=10)
#: The scheduler waits so long for whoever queues the same by hand: less than PostgreSQL takes to
#: look for circles of those who wait (deadlock_timeout, one second), which could hit the other.
_SCHEDULER_WAITS = "300ms"


@shared_task(name="sync.beat.queue_due_pulls")
def queue_due_pulls(**_: Any) -> int:
    """Queue what is due; answer how many pulls that made."""
    monitor.beat()
    with tenancy.system():
        due = list(DataStatus.objects.due().values_list("organization_id", "pk")[:_AT_ONCE])
    queued = 0
    with _each_apart() as apart:
        for organization_id, ids in _by_organization(due):
            with apart(f"organization {organization_id}"), tenancy.entered(organization_id):
                queued += _queue_due_unless_awaited(ids)
    return queued


@shared_task(name="sync.beat.ring_again")
def ring_again(**_: Any) -> int:
    """Ring for pulls that wait although nobody works on their connection."""
    with tenancy.system():
        waiting = list(_unheard())
    if not waiting or len({connection for _, _, connection in waiting}) <= _messages_waiting():
        return 0
    for organization_id, ids in _by_organization((row[0], row[1]) for row in waiting):
        with tenancy.entered(organization_id):
            # One that is locked is in somebody's hands; waiting for it could close a circle.
            quiet = Pull.objects.filter(pk__in=ids, status__in=WAITING)
            free = quiet.select_for_update(skip_locked=True).values("pk")
            Pull.objects.filter(pk__in=free).update(rung_at=Now())
    connections = {connection: organization for organization, _, connection in waiting}
    for connection_id, organization_id in connections.items():
        tasks.ring(organization_id, connection_id)
    return len(connections)


@shared_task(name="sync.beat.recover_lost_pulls")
def recover_lost_pulls(**_: Any) -> int:
    """Give the pulls of lost workers to others; answer how many."""
    with tenancy.system():
        lost = recovery.lost()[:_AT_ONCE]
    recovered = 0
    with _each_apart() as apart:
        for pull in lost:
            with apart(f"pull {pull.pk}"):
                if recovery.recover(pull.organization_id, pull.pk):
                    recovered += 1
                    tasks.ring(pull.organization_id, pull.connection_id)
    return recovered


@shared_task(name="sync.beat.ring_jobs_again")
def ring_jobs_again(**_: Any) -> int:
    """Ring for jobs on many companies that no worker has said anything of for a while."""
    with tenancy.system():
        quiet = Job.objects.unfinished().filter(rung_at__lte=Now() - jobs.PATIENCE)
        waiting = list(quiet.values_list("organization_id", "pk")[:_AT_ONCE])
    for organization_id, job_id in waiting:
        with tenancy.entered(organization_id):
            Job.objects.filter(pk=job_id).update(rung_at=Now())
        jobs.ring(organization_id, job_id)
    return len(waiting)


@contextmanager
def _each_apart() -> Iterator[Callable[[str], AbstractContextManager[None]]]:
    """Let none keep the others from their turn; the first failure is raised when all had theirs."""
    failures: list[Exception] = []

    @contextmanager
    def apart(name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            logger.exception("%s has to wait for the next look", name)
            failures.append(error)

    yield apart
    if failures:
        raise failures[0]


def _by_organization(rows: Iterable[tuple[UUID, UUID]]) -> Iterable[tuple[UUID, list[UUID]]]:
    for organization_id, group in groupby(sorted(rows), key=lambda row: row[0]):
        yield organization_id, [row[1] for row in group]


_TAKE_DUE = """
UPDATE sync_datastatus d SET next_due_at = NULL FROM sync_datastatus before
 WHERE d.id = ANY(%s) AND before.id = d.id AND d.next_due_at <= statement_timestamp()
   AND NOT EXISTS (
    SELECT 1 FROM sync_pull p
     WHERE p.connection_id = d.connection_id AND p.data_type = d.data_type AND p.status = ANY(%s)
 )
RETURNING d.connection_id, d.data_type, d.frequency, d.last_success_at, d.failures,
          statement_timestamp() - before.next_due_at
"""


def _queue_due_unless_awaited(ids: list[UUID]) -> int:
    """Queue what is due, or leave all to the next look when somebody queues the same by hand.

    This takes data statuses and then inserts pulls, a refresh does both in the other order: of two
    that wait for each other it is the scheduler that gives way.
    """
    try:
        with transaction.atomic():
            with database.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_SCHEDULER_WAITS])
            return _queue_due(ids)
    except DatabaseTrouble as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        logger.info("%d due data types wait for the next look: somebody queues them", len(ids))
        return 0


def _queue_due(ids: list[UUID]) -> int:
    """Take the due rows by compare-and-set: of two beats each row goes to one.

    A type that is being pulled is left to that pull, whose end says when the next one is due.
    """
    due: dict[UUID, dict[str, str]] = defaultdict(dict)
    with database.cursor() as cursor:
        cursor.execute(_TAKE_DUE, [ids, [str(status) for status in ACTIVE]])
        for connection_id, data_type, *standing, lateness in cursor.fetchall():
            due[connection_id][data_type] = _reason(*standing)
            measures.count_due(lateness)
    connections = Connection.objects.linked().filter(pk__in=due).oldest_first()
    return sum(len(operations.queue_due(found, due[found.pk])) for found in connections)


def _reason(frequency: str, last_success_at: Any, failures: int) -> str:
    words = f"Scheduled: {source_text(Frequency(frequency).label).lower()}"
    if last_success_at is None:
        return f"{words}, first pull" if not failures else f"{words}, try {failures + 1}"
    since = f"{words}, last success {last_success_at:%-d %B %Y, %H:%M} UTC"
    return f"{since}, try {failures + 1}" if failures else since


def _unheard() -> Iterable[tuple[UUID, UUID, UUID]]:
    at_work = Pull.objects.filter(
        connection=OuterRef("connection"), status__in=RUNNING, lease_until__gt=Now()
    )
    return (
        Pull.objects.filter(status__in=WAITING)
        .filter(Q(rung_at=None) | Q(rung_at__lte=Now() - _PATIENCE))
        # Over a connection out of use nothing is waited for: whoever comes ends it.
        .filter(
            Q(not_before=None)
            | Q(not_before__lte=Now())
            | ~Q(connection__status=Connection.Status.LINKED)
        )
        .exclude(Exists(at_work))
        .order_by("requested_at", "pk")
        .values_list("organization_id", "pk", "connection_id")[:_AT_ONCE]
    )


def _messages_waiting() -> int:
    """Return how many bells still wait to be heard: with enough of them none was lost.

    Without this, busy workers would find more and more bells for the same connections.
    """
    try:
        with current_app.connection_for_read() as broker:
            channel: Any = broker.default_channel
            queue = channel.queue_declare("pulls", passive=True)
            return int(queue.message_count)
    except ChannelError:  # in Redis an empty queue does not exist
        return 0
    except (OperationalError, OSError, redis.RedisError) as error:
        logger.warning("cannot ask the broker how many messages wait: %s", error)
        return 0

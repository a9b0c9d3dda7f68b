"""What the clock asks for: pulls that are due, bells that were not heard, workers that were lost.

Any number of beats may run. Each task reads across organizations as the system role, which cannot
write, and then enters each organization.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from itertools import batched
from typing import Any
from uuid import UUID

import redis
from amqp.exceptions import ChannelError
from celery import current_app, shared_task
from django.db.models import Q
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from companies import tenancy
from sync import backlog, due, jobs, monitor, recovery, tasks
from sync.models import WAITING, DataStatus, Job, Pull

logger = logging.getLogger(__name__)

#: At most so many rows a look; the next look is seconds away.
_AT_ONCE = 1000
#: What is due is spread over organizations, and each costs a transaction however few it has.
_DUE_AT_ONCE = 10_000
#: A bell that nobody answered for so long is rung again.
_PATIENCE = timedelta(seconds=10)
#: A look goes on with what is due for so long; the next one comes within seconds.
_LOOK_SECONDS = 5.0
#: So many bells wake every worker that there may be; each goes on with whoever waits.
_MOST_BELLS = 100


@shared_task(name="sync.beat.queue_due_pulls")
def queue_due_pulls(**_: Any) -> int:
    """Queue what is due; answer how many pulls that made."""
    monitor.beat()
    queued, bells, ends_at = 0, 0, time.monotonic() + _LOOK_SECONDS
    #: Nothing became of what is due there: it is left to the next look, and holds up no other.
    stuck: set[UUID] = set()
    with _each_apart() as apart:
        while found := _due_now(besides=stuck):
            for organization_id, ids in _batches(found):
                stuck.add(organization_id)
                with apart(f"organization {organization_id}"):
                    with tenancy.entered(organization_id):
                        became = due.queue(organization_id, ids)
                    if became.pulls:
                        stuck.remove(organization_id)
                    queued += became.pulls
                    for connection_id in became.connections[: _MOST_BELLS - bells]:
                        tasks.ring(organization_id, connection_id)
                    bells = min(bells + len(became.connections), _MOST_BELLS)
            if len(found) < _DUE_AT_ONCE or time.monotonic() > ends_at:
                break
    return queued


def _due_now(*, besides: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    with tenancy.system():
        due_now = DataStatus.objects.due().exclude(organization_id__in=besides)
        return list(due_now.values_list("organization_id", "pk")[:_DUE_AT_ONCE])


def _batches(rows: Iterable[tuple[UUID, UUID]]) -> Iterator[tuple[UUID, Sequence[UUID]]]:
    """Yield what is due by organization, in transactions that hold nobody up for long."""
    for organization_id, ids in _by_organization(rows):
        for batch in batched(ids, _AT_ONCE, strict=False):
            yield organization_id, batch


@shared_task(name="sync.beat.ring_again")
def ring_again(**_: Any) -> int:
    """Ring for pulls that wait although nobody works on their connection."""
    with tenancy.system():
        waiting = list(_unheard())
    connections = {connection: organization for organization, _, connection in waiting}
    if not connections or (unheard := _messages_waiting()) >= min(len(connections), _MOST_BELLS):
        return 0
    connections = dict(list(connections.items())[: _MOST_BELLS - unheard])
    rung = [(row[0], row[1]) for row in waiting if row[2] in connections]
    for organization_id, ids in _by_organization(rung):
        with tenancy.entered(organization_id):
            # One that is locked is in somebody's hands; waiting for it could close a circle.
            quiet = Pull.objects.filter(pk__in=ids, status__in=WAITING)
            free = quiet.select_for_update(skip_locked=True).values("pk")
            Pull.objects.filter(pk__in=free).update(rung_at=Now())
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
    groups: dict[UUID, list[UUID]] = {}
    for organization_id, each in rows:
        groups.setdefault(organization_id, []).append(each)
    return groups.items()


def _unheard() -> Iterable[tuple[UUID, UUID, UUID]]:
    return (
        backlog.unattended()
        .filter(Q(rung_at=None) | Q(rung_at__lte=Now() - _PATIENCE))
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

"""The clock asks which organizations have something to tell; workers write the e-mails."""

from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.db.models.functions import Now

from companies import tenancy
from connections.models import Connection
from notices import tasks
from notices.operations import TOLD_WITHIN
from portal import ringing
from sync.models import DataStatus

#: Who was not told meanwhile is looked for again.
LOSSES_EVERY = 60
DIGESTS_EVERY = 900
LAPSES_EVERY = 900


@shared_task(name="notices.beat.look_for_lost_access")
def look_for_lost_access(**_: Any) -> int:
    with tenancy.system():
        lost = Connection.objects.filter(
            status=Connection.Status.DEAUTHORIZED, status_changed_at__gte=Now() - TOLD_WITHIN
        )
        organizations = set(lost.values_list("organization_id", flat=True))
    return _ring(tasks.tell_of_lost_access, organizations, expires=LOSSES_EVERY)


@shared_task(name="notices.beat.look_for_lapses")
def look_for_lapses(**_: Any) -> int:
    with tenancy.system():
        linked = Connection.objects.linked().order_by()
        organizations = set(linked.values_list("organization_id", flat=True).distinct())
    return _ring(tasks.tell_of_lapses, organizations, expires=LAPSES_EVERY)


@shared_task(name="notices.beat.look_for_failures")
def look_for_failures(**_: Any) -> int:
    with tenancy.system():
        failing = DataStatus.objects.filter(failures__gt=0)
        organizations = set(failing.values_list("organization_id", flat=True).distinct())
    return _ring(tasks.send_digest, organizations, expires=DIGESTS_EVERY)


def _ring(task: Task[Any, int], organizations: set[UUID], *, expires: int) -> int:
    for organization_id in organizations:
        ringing.ring(task, expires=expires, organization_id=organization_id)
    return len(organizations)

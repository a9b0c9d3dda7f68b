"""The clock asks which organizations have something to tell; workers write the e-mails."""

import logging
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from companies import tenancy
from connections.models import Connection
from notices import tasks
from notices.operations import TOLD_WITHIN
from sync.models import DataStatus

logger = logging.getLogger(__name__)

#: Who was not told meanwhile is looked for again.
LOSSES_EVERY = 60
DIGESTS_EVERY = 900


@shared_task(name="notices.beat.look_for_lost_access")
def look_for_lost_access(**_: Any) -> int:
    with tenancy.system():
        lost = Connection.objects.filter(
            status=Connection.Status.DEAUTHORIZED, status_changed_at__gte=Now() - TOLD_WITHIN
        )
        organizations = set(lost.values_list("organization_id", flat=True))
    return _ring(tasks.tell_of_lost_access, organizations, expires=LOSSES_EVERY)


@shared_task(name="notices.beat.look_for_failures")
def look_for_failures(**_: Any) -> int:
    with tenancy.system():
        failing = DataStatus.objects.filter(failures__gt=0)
        organizations = set(failing.values_list("organization_id", flat=True).distinct())
    return _ring(tasks.send_digest, organizations, expires=DIGESTS_EVERY)


def _ring(task: Task[Any, int], organizations: set[UUID], *, expires: int) -> int:
    """Tell a worker; when the broker is down the next look does."""
    for organization_id in organizations:
        try:
            task.apply_async(
                kwargs={"organization_id": str(organization_id)}, expires=expires, retry=False
            )
        except (OperationalError, OSError) as error:
            logger.warning("could not ring for organization %s: %s", organization_id, error)
    return len(organizations)

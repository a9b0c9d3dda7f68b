"""The clock looks for e-mails that wait; it only rings."""

import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from companies import tenancy
from webhooks import tasks
from webhooks.disabling import TOLD_WITHIN
from webhooks.models import AlertEmail, DisabledBy, WebhookConsumer

logger = logging.getLogger(__name__)

_EVERY = 60


@shared_task(name="webhooks.beat.ring_waiting_alerts")
def ring_waiting_alerts(**_: Any) -> int:
    with tenancy.system():
        waiting = AlertEmail.objects.filter(not_before__lte=Now())
        organizations = set(waiting.values_list("organization_id", flat=True).distinct())
    return _ring(tasks.send_alerts, organizations)


@shared_task(name="webhooks.beat.look_for_disabled_consumers")
def look_for_disabled_consumers(**_: Any) -> int:
    with tenancy.system():
        disabled = WebhookConsumer.objects.filter(
            disabled_by__in=(DisabledBy.FAILURES, DisabledBy.GONE),
            disabled_at__gte=Now() - TOLD_WITHIN,
        )
        organizations = set(disabled.values_list("organization_id", flat=True))
    return _ring(tasks.tell_of_disabled_consumers, organizations)


def _ring(task: Task[Any, int], organizations: Iterable[UUID]) -> int:
    """Tell a worker; when the broker is down the next look does."""
    count = 0
    for organization_id in organizations:
        count += 1
        try:
            task.apply_async(
                kwargs={"organization_id": str(organization_id)}, expires=_EVERY, retry=False
            )
        except (OperationalError, OSError) as error:
            logger.warning("could not ring for organization %s: %s", organization_id, error)
    return count

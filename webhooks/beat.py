"""The clock looks for e-mails that wait; it only rings."""

from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.db.models.functions import Now

from companies import tenancy
from portal import ringing
from webhooks import tasks
from webhooks.disabling import TOLD_WITHIN
from webhooks.models import AlertEmail, DisabledBy, WebhookConsumer

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


def _ring(task: Task[Any, int], organizations: set[UUID]) -> int:
    for organization_id in organizations:
        ringing.ring(task, expires=_EVERY, organization_id=organization_id)
    return len(organizations)

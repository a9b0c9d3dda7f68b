"""What workers do for webhooks: e-mails, and forgetting. Deliveries are the relay's."""

from typing import Any
from uuid import UUID

from celery import shared_task

from companies import tenancy
from companies.models import Organization
from webhooks import alerts, disabling, retention


@shared_task(name="webhooks.tasks.send_alerts")
def send_alerts(*, organization_id: str, **_: Any) -> int:
    return alerts.send_waiting(UUID(organization_id))


@shared_task(name="webhooks.tasks.tell_of_disabled_consumers")
def tell_of_disabled_consumers(*, organization_id: str, **_: Any) -> int:
    return disabling.tell(UUID(organization_id))


@shared_task(name="webhooks.tasks.forget_old_deliveries")
def forget_old_deliveries(**_: Any) -> int:
    with tenancy.system():
        organizations = list(Organization.objects.values_list("pk", flat=True))
    return sum(retention.forget_old(organization_id) for organization_id in organizations)

"""The clock asks which organizations have connections to keep alive; workers do it."""

from typing import Any

from celery import shared_task

from companies import tenancy
from connections import tasks
from connections.models import Connection
from portal import ringing

EVERY = 900


@shared_task(name="connections.beat.look_for_idle")
def look_for_idle(**_: Any) -> int:
    with tenancy.system():
        linked = Connection.objects.linked().order_by()
        organizations = set(linked.values_list("organization_id", flat=True).distinct())
    for organization_id in organizations:
        ringing.ring(tasks.keep_alive, expires=EVERY, organization_id=organization_id)
    return len(organizations)

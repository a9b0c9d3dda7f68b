"""Messages are kept for thirty days; older ones are forgotten a little at a time."""

import time
from datetime import datetime
from uuid import UUID

from companies import tenancy
from portal import clock
from webhooks.models import PENDING, AlertEmail, Delivery, DeliveryQuerySet
from webhooks.recovery import KEPT_FOR

_BATCH = 500
_REST_SECONDS = 0.1


def forget_old(organization_id: UUID, *, rest: float = _REST_SECONDS) -> int:
    """Delete what ended more than thirty days ago, with its attempts; answer how many messages."""
    before = clock.now() - KEPT_FOR
    forgotten = 0
    while True:
        with tenancy.entered(organization_id):
            ids = list(_old(organization_id, before).values_list("pk", flat=True)[:_BATCH])
            Delivery.objects.within(organization_id).filter(pk__in=ids).delete()
            emails = AlertEmail.objects.within(organization_id).filter(created_at__lt=before)
            sent = list(emails.filter(not_before=None).values_list("pk", flat=True)[:_BATCH])
            AlertEmail.objects.within(organization_id).filter(pk__in=sent).delete()
        forgotten += len(ids)
        if len(ids) < _BATCH and len(sent) < _BATCH:
            return forgotten
        time.sleep(rest)


def count_old(organization_id: UUID) -> int:
    """Answer how many messages there are to be forgotten."""
    before = clock.now() - KEPT_FOR
    with tenancy.entered(organization_id):
        return _old(organization_id, before).count()


def _old(organization_id: UUID, before: datetime) -> DeliveryQuerySet:
    mine = Delivery.objects.within(organization_id)
    return mine.filter(created_at__lt=before).exclude(status__in=PENDING)

"""What the clock asks for: scans that failed, or whose bell nobody heard."""

from typing import Any

from celery import shared_task
from django.conf import settings

from companies import tenancy
from files import tasks
from files.models import UploadedFile

#: At most so many a look; the next look is a minute away.
_AT_ONCE = 100


@shared_task(name="files.beat.ring_due_scans")
def ring_due_scans(**_: Any) -> int:
    if not settings.FILE_SCANNER:
        return 0
    with tenancy.system():
        due = UploadedFile.objects.due_for_scan().order_by("scan_due_at", "pk")
        found = list(due.values_list("organization_id", "pk")[:_AT_ONCE])
    for organization_id, file_id in found:
        tasks.ring(organization_id, file_id)
    return len(found)

"""E-mails leave in workers, one task for each kind; told again, they find them sent."""

from typing import Any
from uuid import UUID

from celery import shared_task

from notices import operations


@shared_task(name="notices.tasks.tell_of_lost_access")
def tell_of_lost_access(*, organization_id: str, **_: Any) -> int:
    return operations.tell_of_lost_access(UUID(organization_id))


@shared_task(name="notices.tasks.send_digest")
def send_digest(*, organization_id: str, **_: Any) -> int:
    return operations.send_digest(UUID(organization_id))


@shared_task(name="notices.tasks.tell_of_lapses")
def tell_of_lapses(*, organization_id: str, **_: Any) -> int:
    return operations.tell_of_lapses(UUID(organization_id))

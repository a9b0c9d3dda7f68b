"""What workers do for connections that nobody pulls; told again, they find it done."""

from typing import Any
from uuid import UUID

from celery import shared_task

from connections import lapsing


@shared_task(name="connections.tasks.keep_alive")
def keep_alive(*, organization_id: str, **_: Any) -> int:
    """Renew what is idle, then warn of what will end all the same."""
    kept = lapsing.keep_alive(UUID(organization_id))
    lapsing.warn(UUID(organization_id))
    return kept

"""What workers do with uploaded files, and how they are told of it."""

from typing import Any
from uuid import UUID

from celery import shared_task

from files import orphans, scanning
from portal import ringing


@shared_task(name="files.tasks.scan_file")
def scan_file(*, organization_id: str, file_id: str, **_: Any) -> None:
    scanning.scan(UUID(organization_id), UUID(file_id))


@shared_task(name="files.tasks.sweep_orphans")
def sweep_orphans(**_: Any) -> int:
    return orphans.sweep()


def ring(organization_id: UUID, file_id: UUID) -> None:
    """Tell a worker of a file to scan; call it after commit.

    When no worker is free in time, `files.beat` rings later.
    """
    ringing.ring(scan_file, expires=60, organization_id=organization_id, file_id=file_id)

"""What workers do with uploaded files, and how they are told of it."""

import logging
from typing import Any
from uuid import UUID

from celery import shared_task
from kombu.exceptions import OperationalError

from files import orphans, scanning

logger = logging.getLogger(__name__)


@shared_task(name="files.tasks.scan_file")
def scan_file(*, organization_id: str, file_id: str, **_: Any) -> None:
    scanning.scan(UUID(organization_id), UUID(file_id))


@shared_task(name="files.tasks.sweep_orphans")
def sweep_orphans(**_: Any) -> int:
    return orphans.sweep()


def ring(organization_id: UUID, file_id: UUID) -> None:
    """Tell a worker of a file to scan; call it after commit.

    Nobody waits for the broker: when it is down, or no worker is free, `files.beat` rings later.
    """
    try:
        scan_file.apply_async(
            kwargs={"organization_id": str(organization_id), "file_id": str(file_id)},
            expires=60,
            retry=False,
        )
    except (OperationalError, OSError) as error:
        logger.warning("could not ring for uploaded file %s: %s", file_id, error)

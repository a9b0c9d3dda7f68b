"""What workers do, and how they are told of it: messages carry ids only."""

import signal
from types import FrameType
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_process_init

from portal import ringing
from sync import engine


@shared_task(name="sync.tasks.run_connection")
def run_connection(*, organization_id: str, connection_id: str, **_: Any) -> None:
    """Carry out a connection's waiting pulls; finding none is no error, bells ring twice."""
    organization, connection = UUID(organization_id), UUID(connection_id)
    if engine.run_connection(organization, connection):
        ring(organization, connection)


def ring(organization_id: UUID, connection_id: UUID) -> None:
    """Tell a worker of a connection; call it after commit."""
    ringing.ring(run_connection, organization_id=organization_id, connection_id=connection_id)


@worker_process_init.connect
def _stop_when_told(**_: Any) -> None:
    """Let a stopped worker give its pull back instead of leaving it to its lease."""
    for number in (signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, _exit)


def _exit(_number: int, _frame: FrameType | None) -> None:
    for other in (signal.SIGTERM, signal.SIGQUIT):
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(0)

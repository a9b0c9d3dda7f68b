"""What workers do, and how they are told of it: messages carry ids only."""

import signal
from types import FrameType
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_process_init

from portal import ringing
from sync import engine, turns


@shared_task(name="sync.tasks.run_connection")
def run_connection(**_ids: Any) -> None:
    """Let whoever's turn it is have this worker; finding nobody is no error, bells ring twice.

    The ids tell for whom the bell was rung, which may not be who is next: see `turns`.
    """
    for organization_id, connection_id in turns.next_up():
        turn = engine.take_turn(organization_id, connection_id)
        if turn is engine.Turn.LEFT:
            ring(organization_id, connection_id)
        if turn is not engine.Turn.MISSED:
            return


def ring(organization_id: UUID, connection_id: UUID) -> None:
    """Tell the workers that a connection waits; call it after commit."""
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

"""What workers do, and how they are told of it: messages carry ids only."""

import logging
import signal
import time
from collections.abc import Iterable
from types import FrameType
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_process_init
from django.db import InterfaceError, OperationalError

from portal import ringing
from sync import engine, turns

logger = logging.getLogger(__name__)


@shared_task(name="sync.tasks.run_connection")
def run_connection(**_ids: Any) -> None:
    """Let whoever's turn it is have this worker; finding nobody is no error, bells ring twice.

    The ids tell for whom the bell was rung, which may not be who is next: see `turns`. The worker
    goes on with the next one until its time is over. Then it rings for whoever waits, so that work
    once begun goes on even if a broker that was emptied lost all bells.

    A connection whose turn breaks off, which is a mistake of ours, holds up no other.
    """
    give_way_at = engine.give_way_at()
    broken: list[UUID] = []
    while following := turns.next_up(besides=broken):
        if time.monotonic() >= give_way_at:
            ring(*following[0])
            return
        if not _one_takes_its_turn(following, give_way_at, broken):
            return


def _one_takes_its_turn(
    following: Iterable[tuple[UUID, UUID]], give_way_at: float, broken: list[UUID]
) -> bool:
    for organization_id, connection_id in following:
        try:
            if engine.take_turn(organization_id, connection_id, give_way_at) is engine.Turn.MISSED:
                continue
        except (OperationalError, InterfaceError):  # would be no better for anybody else
            raise
        except Exception:  # whatever it was: nobody else is to wait for it to be mended
            logger.exception("the turn of connection %s broke off", connection_id)
            broken.append(connection_id)
        return True
    return False


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

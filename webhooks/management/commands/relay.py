"""`manage.py relay`: the process that delivers webhooks."""

import asyncio
import os
import signal
from pathlib import Path

from django.core.management import BaseCommand

from portal import starting
from webhooks.liveness import SignOfLife
from webhooks.relay import Relay


class Command(BaseCommand):
    help = "Deliver webhooks until told to stop. Any number of these may run."
    requires_system_checks = ()

    def handle(self, **_options: object) -> None:
        starting.relay()
        asyncio.run(_serve())


async def _serve() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    sign_of_life = SignOfLife()

    def alive() -> None:
        _say_so()
        sign_of_life()

    try:
        await Relay(on_alive=alive).run(stop)
    finally:
        sign_of_life.end()


def _say_so() -> None:
    """Touch the file by which others see that it works; it is touched at every look."""
    if name := os.environ.get("LEDGERPORT_PROCESS_READY"):
        Path(name).touch()

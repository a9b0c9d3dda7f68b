"""A relay in a thread of the test, with a schedule in which days are seconds."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from companies import tenancy
from webhooks.models import PENDING, Delivery
from webhooks.relay import Relay
from webhooks.schedule import Schedule

QUICK = Schedule(
    waits=(timedelta(milliseconds=50), timedelta(milliseconds=100)),
    answer_within=timedelta(seconds=1),
    connect_within=timedelta(seconds=1),
    lease=timedelta(seconds=3),
)


@contextmanager
def relaying(schedule: Schedule = QUICK, *, most: int = 400) -> Iterator[None]:
    ready = threading.Event()
    holder: list[Callable[[], object]] = []
    errors: list[Exception] = []

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        holder.append(partial(loop.call_soon_threadsafe, stop.set))
        await Relay(schedule=schedule, most=most, on_alive=ready.set).run(stop)

    def run() -> None:
        try:
            asyncio.run(serve())
        except Exception as error:  # noqa: BLE001 - told in the test's own thread
            errors.append(error)
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)
    try:
        yield
    finally:
        if holder:
            holder[0]()
        thread.join(20)
        assert not errors, errors


def until_ended(organization, *, seconds: float = 30) -> None:
    """Wait until no delivery is on its way any more."""
    until(lambda: not _pending(organization), seconds=seconds)


def _pending(organization) -> int:
    with tenancy.entered(organization.pk):
        return Delivery.objects.filter(status__in=PENDING).count()


def until(condition: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(0.05)

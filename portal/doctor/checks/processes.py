"""Do scheduler, relay and workers live? Wherever they run: asked is what they leave or answer."""

from collections.abc import Mapping
from typing import Any

from celery import current_app
from django.conf import settings

from portal import clock
from portal.doctor.findings import Answer, error, ok
from portal.heartbeat import Heartbeat
from sync import monitor
from webhooks import liveness

_ANSWER_SECONDS = 2.0
#: What stands still without a worker on each queue.
_CARRIES = {
    "pulls": "No pull is carried out.",
    "work": "No e-mail is sent, no file scanned, no job on many companies carried out.",
    "clock": "Nothing that is due is looked for: the clock's ticks are taken by nobody.",
}
_START_WORKER = (
    "Start one: celery -A portal worker --without-mingle --without-gossip, without -Q or with "
    "every queue named."
)


def scheduler() -> Answer:
    return _alive(
        monitor.Heartbeat.read(),
        "scheduler",
        "No schedule is kept, lost pulls are not taken up, and lost bells not rung again. Either "
        "beat does not run, or no worker takes the queue clock.",
        "Start one: celery -A portal beat. If it runs, see processes.worker.clock.",
    )


def relay() -> Answer:
    return _alive(
        liveness.read(),
        "relay",
        "No webhook is delivered, and no e-mail of an alert sent; they wait in the outbox.",
        "Start one: python manage.py relay",
    )


def worker() -> Mapping[str, Answer]:
    with current_app.connection_for_write() as broker:
        inspect = current_app.control.inspect(timeout=_ANSWER_SECONDS, connection=broker)
        answers: Mapping[str, Any] = inspect.active_queues() or {}
    taken_by: dict[str, list[str]] = {queue.name: [] for queue in settings.CELERY_TASK_QUEUES}
    for name, queues in answers.items():
        for queue in queues:
            taken_by.setdefault(queue["name"], []).append(name)
    return {
        queue.name: _taken(queue.name, taken_by[queue.name])
        for queue in settings.CELERY_TASK_QUEUES
    }


def _taken(queue: str, workers: list[str]) -> Answer:
    if not workers:
        return error(
            f"No worker answers within {_ANSWER_SECONDS:g} seconds that takes the queue {queue}.",
            _CARRIES.get(queue, "What is in it waits."),
            _START_WORKER,
        )
    return ok(f"{len(workers)} worker{'' if len(workers) == 1 else 's'} on the queue {queue}.")


def _alive(heartbeat: Heartbeat, name: str, means: str, remedy: str) -> Answer:
    if heartbeat.at is None:
        return error(f"There is no sign of a {name}.", means, remedy)
    seconds = (clock.now() - heartbeat.at).total_seconds()
    if not heartbeat.is_alive:
        return error(f"The last sign of a {name} is {seconds:,.0f} seconds old.", means, remedy)
    return ok(f"Its last sign of life is {max(seconds, 0):.0f} seconds old.")

"""What the other schedulers need: a Celery app with one task, and entries that are due hourly.

    beat_app django-celery-beat|redbeat NUMBER SECONDS

writes so many entries, due evenly over an hour, the first of them in so many seconds. Each carries
the moment at which it is due.
"""

import datetime as dt
import json
import os
import sys

from celery import Celery
from celery.schedules import schedule

_HOUR = 3600

app = Celery("bench", broker=os.environ["BENCH_BROKER"])
app.conf.update(
    task_ignore_result=True,
    timezone="UTC",
    beat_max_loop_interval=5,
    redbeat_redis_url=os.environ["BENCH_REDIS"],
    redbeat_lock_key=None,
    broker_connection_retry_on_startup=True,
)
if os.environ.get("BENCH_DATABASE_HOST"):
    import django
    from django.conf import settings

    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": os.environ["BENCH_DATABASE_HOST"],
                "USER": "postgres",
                "NAME": "bench_beat",
            }
        },
        INSTALLED_APPS=["django.contrib.contenttypes", "django_celery_beat"],
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()


@app.task(name="noop")
def noop(due: float) -> None:
    """Nobody takes it: the queue is read by whoever measures."""


def with_django(number: int, first: dt.datetime) -> None:
    from django.core.management import call_command
    from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

    call_command("migrate", verbosity=0)
    PeriodicTask.objects.all().delete()
    hourly, _ = IntervalSchedule.objects.get_or_create(every=1, period="hours")
    PeriodicTask.objects.bulk_create(
        [
            PeriodicTask(
                name=f"entry {position}",
                task="noop",
                interval=hourly,
                last_run_at=due - dt.timedelta(seconds=_HOUR),
                kwargs=json.dumps({"due": due.timestamp()}),
            )
            for position, due in entries(number, first)
        ],
        batch_size=2000,
    )
    PeriodicTasks.update_changed()


def with_redbeat(number: int, first: dt.datetime) -> None:
    from redbeat import RedBeatSchedulerEntry

    for position, due in entries(number, first):
        RedBeatSchedulerEntry(
            f"entry {position}",
            "noop",
            schedule(_HOUR),
            kwargs={"due": due.timestamp()},
            app=app,
            last_run_at=due - dt.timedelta(seconds=_HOUR),
        ).save()


def entries(number: int, first: dt.datetime) -> list[tuple[int, dt.datetime]]:
    step = dt.timedelta(seconds=_HOUR / number)
    return [(position, first + position * step) for position in range(number)]


if __name__ == "__main__":
    begin = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=float(sys.argv[3]))
    fill = {"django-celery-beat": with_django, "redbeat": with_redbeat}[sys.argv[1]]
    fill(int(sys.argv[2]), begin)

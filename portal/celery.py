"""The Celery app: workers carry out pulls, beat asks what is due."""

import os

from celery import Celery, signals
from kombu.transport import TRANSPORT_ALIASES

from portal import logs, starting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# By its name, since an address of a socket (redis+socket://) leaves no other way.
TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = "portal.broker:Transport"

app = Celery("ledgerport", task_cls="portal.observed:ObservedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="beat")
app.autodiscover_tasks(related_name="jobs")

signals.setup_logging.connect(logs.of_celery)
signals.celeryd_init.connect(starting.worker)
signals.worker_process_init.connect(starting.child_of_worker)
signals.worker_process_shutdown.connect(starting.end_of_child)
signals.beat_init.connect(starting.beat)

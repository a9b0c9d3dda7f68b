"""The Celery app: workers carry out pulls, beat asks what is due."""

import os

from celery import Celery, signals
from kombu.transport import TRANSPORT_ALIASES

from portal import measuring

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# By its name, since an address of a socket (redis+socket://) leaves no other way.
TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = "portal.broker:Transport"

app = Celery("ledgerport", task_cls="portal.observed:ObservedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="beat")
app.autodiscover_tasks(related_name="jobs")

signals.worker_init.connect(measuring.of_worker)
signals.worker_process_init.connect(measuring.of_workers_child)
signals.beat_init.connect(measuring.of_beat)

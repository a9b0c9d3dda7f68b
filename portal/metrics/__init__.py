"""What is counted and timed, and where: the definitions, which cost nothing until switched on.

Code that has something to tell calls `add`, `observe` or `held` of a name below where it happens.
Each process that is asked for its numbers calls `switch_on` when it starts; see `files` for how
several processes count as one, and `scraping` for who reads it. What is read from the database is
declared here, too, and asked for by `sync.gauges` and `webhooks.gauges` when somebody scrapes.

Labels hold words of ours only, of which there are few: names of routes, platforms, statuses. What a
customer chose, an id or an address would make a series of its own for each, and tell who it is.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.metrics.instruments import (
    Counter,
    FromDatabase,
    Gauge,
    Histogram,
    Readings,
    instruments,
)

__all__ = ["Readings", "instruments", "is_on", "switch_off", "switch_on", "timed"]

_REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_CALL_BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_PULL_BUCKETS = (0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3600, 7200)
_LATENESS_BUCKETS = (1, 2.5, 5, 10, 15, 30, 60, 120, 300, 900, 3600)

# Pulls
PULLS = Counter("ledgerport_pulls_total", "Pulls that ended.", ("platform", "data_type", "status"))
PULL_SECONDS = Histogram(
    "ledgerport_pull_duration_seconds",
    "From a pull's first claim by a worker to its end, waits for the platform included.",
    ("platform", "data_type"),
    _PULL_BUCKETS,
)
RECORDS = Counter(
    "ledgerport_records_stored_total",
    "Records that pulls published as added, changed or deleted.",
    ("platform", "data_type", "change"),
)
PULL_WAIT_SECONDS = Histogram(
    "ledgerport_pull_wait_seconds",
    "From when a pull was asked for to its first claim by a worker.",
    ("trigger",),
    _LATENESS_BUCKETS,
)

# Schedules
SCHEDULE_LATENESS_SECONDS = Histogram(
    "ledgerport_schedule_lateness_seconds",
    "From when a data type was due to when its pull was queued.",
    (),
    _LATENESS_BUCKETS,
)

# Platforms and tokens
PLATFORM_REQUESTS = Counter(
    "ledgerport_platform_requests_total",
    "Requests to accounting platforms; status is the class of the answer, or none.",
    ("platform", "status"),
)
PLATFORM_SECONDS = Histogram(
    "ledgerport_platform_request_duration_seconds",
    "From a request to an accounting platform to its answer, or to giving up.",
    ("platform",),
    _CALL_BUCKETS,
)
TOKEN_REFRESHES = Counter(
    "ledgerport_token_refreshes_total",
    "Renewals of access that a platform was asked for: renewed, refused or failed.",
    ("platform", "outcome"),
)

# API, pages
API_REQUESTS = Counter(
    "ledgerport_api_requests_total",
    "Requests to the public API by the operation their address leads to.",
    ("operation", "method", "status"),
)
API_SECONDS = Histogram(
    "ledgerport_api_request_duration_seconds",
    "From a request to the public API to its answer.",
    ("operation", "method"),
    _REQUEST_BUCKETS,
)
PAGE_REQUESTS = Counter(
    "ledgerport_page_requests_total",
    "Requests to everything else by the name of their route.",
    ("route", "method", "status"),
)
PAGE_SECONDS = Histogram(
    "ledgerport_page_request_duration_seconds",
    "From a request to its answer; of a live stream to its beginning.",
    ("route",),
    _REQUEST_BUCKETS,
)
STREAMS = Gauge("ledgerport_live_streams", "Live streams that are open.")

# Webhooks
WEBHOOK_ATTEMPTS = Counter(
    "ledgerport_webhook_attempts_total", "Attempts to deliver a message, by outcome.", ("outcome",)
)
WEBHOOK_SECONDS = Histogram(
    "ledgerport_webhook_attempt_duration_seconds",
    "How long an attempt to deliver a message took.",
    (),
    _CALL_BUCKETS,
)

# Tasks
TASKS = Counter("ledgerport_tasks_total", "Celery tasks that ended.", ("task", "outcome"))
TASK_SECONDS = Histogram(
    "ledgerport_task_duration_seconds", "How long a Celery task ran.", ("task",), _PULL_BUCKETS
)

# Read from the database when somebody asks
DATABASE_UP = FromDatabase("ledgerport_database_up", "Whether the database answered this scrape.")
PULLS_ACTIVE = FromDatabase(
    "ledgerport_pulls_active",
    "Pulls under way: running, waiting for a worker, or parked until a time.",
    ("state",),
)
QUEUE_AGE_SECONDS = FromDatabase(
    "ledgerport_pull_queue_age_seconds",
    "How long the pull that waits longest could have had a worker; 0 when none waits.",
)
SCHEDULES_DUE = FromDatabase(
    "ledgerport_schedules_due", "Data types that are due and not queued yet."
)
SCHEDULES_OVERDUE_SECONDS = FromDatabase(
    "ledgerport_schedule_overdue_seconds",
    "How long ago the data type that is due longest fell due; 0 when none is.",
)
WEBHOOK_BACKLOG = FromDatabase(
    "ledgerport_webhook_backlog", "Messages that have not arrived and will be tried (again)."
)
WEBHOOK_OVERDUE_SECONDS = FromDatabase(
    "ledgerport_webhook_overdue_seconds",
    "How long ago the attempt that is due longest fell due; 0 when none is.",
)
OUTBOX_ENTRIES = FromDatabase(
    "ledgerport_outbox_entries", "Events of which no relay has noted yet whom to tell."
)
OUTBOX_AGE_SECONDS = FromDatabase(
    "ledgerport_outbox_age_seconds", "How long the oldest of these waits; 0 when there is none."
)

_is_on = False


def is_on() -> bool:
    return _is_on


def switch_on(kind: str, *, directory: Path | None = None) -> None:
    """Count from now on, together with the other processes of this kind's service.

    Call it before a process forks others, so that they inherit it.
    """
    global _is_on  # noqa: PLW0603 - a process is switched on once
    from portal.metrics import files  # noqa: PLC0415 - costs memory that most commands can save

    files.count_in(files.directory_of(kind, base=directory))
    for each in instruments():
        each.switch_on()
    _is_on = True


def switch_off() -> None:
    """Count no more; what was counted stays where it is."""
    global _is_on  # noqa: PLW0603 - idem
    _is_on = False
    for each in instruments():
        each.switch_off()


@contextmanager
def timed(histogram: Histogram, *labels: str) -> Iterator[None]:
    """Observe how long the block takes, however it ends."""
    if not _is_on:
        yield
        return
    began = time.perf_counter()
    try:
        yield
    finally:
        histogram.observe(*labels, seconds=time.perf_counter() - began)

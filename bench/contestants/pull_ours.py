"""Pull invoices from the sandbox platform: over HTTP, to published records with versions.

    pull_ours direct|worker CONNECTIONS TOKENS

`direct` carries the pulls out in this process; with `worker` a Celery worker of ours does, rung for
through the broker. The access tokens are left in a file, for those who fetch the same pages.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock
from uuid import uuid4

import django

django.setup()

import msgspec  # noqa: E402 - models need Django set up

from bench.contestant import take_part  # noqa: E402
from companies import operations as companies  # noqa: E402
from companies import tenancy  # noqa: E402
from companies.models import Organization, User  # noqa: E402
from connections.credentials import open_platform  # noqa: E402
from connections.models import Connection  # noqa: E402
from connections.schemas import DataType  # noqa: E402
from engines import data_dir, locations, process  # noqa: E402
from link.sandbox import link_sandbox  # noqa: E402
from portal.supervisor import programs  # noqa: E402
from sync import engine, operations, tasks  # noqa: E402
from sync.models import DataStatus, Frequency, Pull, PullStatus  # noqa: E402
from sync.settings import EffectiveSetting, save_settings  # noqa: E402

BUSINESS = "busy"
#: So often what has changed is asked for in a row.
TIMES = 20
_PATIENCE_SECONDS = 600.0
_LOOKS_EVERY = 0.05


class DidNotPull(Exception):
    """A pull did not end well, or not at all."""


def linked(number: int) -> tuple[Organization, list[Connection]]:
    user = User.objects.create_user(f"{uuid4().hex}@example.com", name="Pull")
    organization = companies.create_organization(user, "Pull")
    found = []
    with tenancy.entered(organization.pk):
        nothing = [
            EffectiveSetting(
                data_type=data_type, frequency=Frequency.NONE, fetch_on_first_link=False
            )
            for data_type in DataType
        ]
        save_settings(organization, settings=nothing, actor=user)
    for position in range(number):
        with tenancy.entered(organization.pk):
            company = companies.create_company(organization, name=f"Pull {position}")
        connection = link_sandbox(company, business=BUSINESS)
        if connection is None:
            raise DidNotPull("the sandbox platform did not authorize")
        found.append(connection)
    return organization, found


def tokens(connections: Sequence[Connection]) -> Iterator[str]:
    """Yield the access tokens; the platform has its books ready after this."""
    for connection in connections:
        with open_platform(connection) as platform:
            for _ in platform.fetch(DataType.COMPANY, since=None, cursor=None):
                yield platform.credentials.access_token


def queued(connections: Sequence[Connection]) -> list[Pull]:
    return [
        operations.queue_pull(each, DataType.INVOICES, trigger=Pull.Trigger.MANUAL)
        for each in connections
    ]


def require_complete(organization: Organization, pulls: Sequence[Pull]) -> None:
    with tenancy.entered(organization.pk):
        found = Pull.objects.within(organization.pk).filter(pk__in=[each.pk for each in pulls])
        for pull in found.exclude(status=PullStatus.COMPLETE):
            raise DidNotPull(f"{pull.status}: {pull.error_message} {pull.error_detail}")


def directly(organization: Organization, connections: Sequence[Connection]) -> None:
    pulls = queued(connections)
    for connection in connections:
        while engine.run_connection(organization.pk, connection.pk):
            pass
    require_complete(organization, pulls)


def by_the_worker(organization: Organization, connections: Sequence[Connection]) -> None:
    pulls = queued(connections)
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        with tenancy.entered(organization.pk):
            left = Pull.objects.within(organization.pk).filter(completed_at=None).exists()
        if not left:
            break
        time.sleep(_LOOKS_EVERY)
    require_complete(organization, pulls)


def forget_where_it_stood(organization: Organization) -> None:
    """Have everything read once more, not what has changed."""
    with tenancy.entered(organization.pk):
        DataStatus.objects.within(organization.pk).update(watermark="")


@contextmanager
def worker() -> Iterator[None]:
    ready = data_dir() / "worker.ready"
    program = programs.worker(ready=ready)
    child = subprocess.Popen(
        program.arguments, env={**os.environ, **program.environment}, cwd=locations.PROJECT
    )
    try:
        while not ready.exists():
            time.sleep(_LOOKS_EVERY)
        yield
    finally:
        process.stop(child, signal.SIGTERM, program.patience)


def main(way: str, number: int, written: Path) -> None:
    # Linking rings for first pulls, of which there are none.
    with mock.patch.object(tasks, "ring", return_value=None):
        organization, connections = linked(number)
        written.write_bytes(msgspec.json.encode(list(tokens(connections))))
    is_direct = way == "direct"
    pull = directly if is_direct else by_the_worker
    with mock.patch.object(tasks, "ring", return_value=None) if is_direct else worker():
        take_part(
            {
                "first": lambda: pull(organization, connections),
                "forget": lambda: forget_where_it_stood(organization),
                "again": lambda: pull(organization, connections),
                "nothing new": lambda: [pull(organization, connections) for _ in range(TIMES)],
            }
        )


main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))

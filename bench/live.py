"""How soon open pages show what was committed, and what that costs, beside asking again and again.

One web process, started as the product starts it, and pages that keep its streams open. Changes are
made as a worker makes them: a row is written, and the bell is rung as its transaction commits.
"""

import asyncio
import re
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from unittest import mock
from urllib.parse import urlsplit
from uuid import uuid4

import redis
from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.test import Client
from django.urls import reverse

from bench import estate, web
from bench.figures import Findings, part
from bench.installation import Installation
from bench.viewers import CHANGE, NotShown, Stream, Viewer, open_all, until_shown
from bench.web import Web
from companies import events, tenancy
from companies.models import Membership, User
from companies.roles import Role
from connections.models import Connection
from connections.schemas import DataType
from engines import redis_url
from sync import operations, stream, tasks
from sync.models import Pull, PullStatus

_AFTERWARDS_SECONDS = 30.0
_POLLED_EVERY_SECONDS = 2.0
_POLLERS = 8
_COMPLETE = 24


@dataclass(frozen=True)
class Plan:
    viewers: int
    #: Changes a second, all of the company that everybody watches.
    rate: float
    rounds: int
    #: Of each round.
    seconds: float

    @classmethod
    def of(cls, options: Namespace) -> "Plan":
        return cls(options.viewers, options.changes, options.rounds, options.seconds or 10)


@dataclass
class _Round:
    """What one round of changes came to."""

    late: list[float]
    messages: int
    cpu: float
    changes: int


@dataclass
class _Watched:
    """A company with a pull under way."""

    connection: Connection
    pull: Pull
    committed: list[float] = field(default_factory=list)

    def change(self) -> None:
        """Go on with the pull as a worker does, and note when that was committed."""
        number = len(self.committed)
        with tenancy.entered(self.connection.organization_id):
            Pull.objects.within(self.connection.organization_id).filter(pk=self.pull.pk).update(
                status_description=CHANGE.format(number), fetched=number
            )
            transaction.on_commit(self._note)
            events.announce(self.connection.organization_id, self.connection.company_id)

    def _note(self) -> None:
        self.committed.append(time.time())


def run(installation: Installation, plan: Plan, tell: Callable[[str], None]) -> list[Findings]:
    watched = _watched()
    with web.serving(installation) as process:
        idle = _connections()
        return [asyncio.run(_measured(process, watched, plan, idle, tell))]


async def _measured(
    process: Web,
    watched: _Watched,
    plan: Plan,
    idle: set[str],
    tell: Callable[[str], None],
) -> Findings:
    found = Findings(f"Live, {plan.viewers:,} viewers, {plan.rate:g} changes a second")
    streams = await asyncio.to_thread(_streams, process, watched, plan.viewers)
    viewers = [Viewer(each) for each in streams]
    began = time.monotonic()
    await asyncio.to_thread(_change, watched)
    await open_all(viewers)
    tell(f"live: {plan.viewers:,} pages are open after {time.monotonic() - began:.0f} s")
    rounds = []
    for number in range(1, plan.rounds + 1):
        rounds.append(await _round(process, watched, viewers, plan))
        tell(f"  round {number}: p99 {part(rounds[-1].late, 0.99):,.0f} ms")
    deliveries = [each.changes * plan.viewers for each in rounds]
    found.add("committed to shown, p50", "ms", [part(each.late, 0.5) for each in rounds])
    found.add("committed to shown, p99", "ms", [part(each.late, 0.99) for each in rounds])
    shown = [len(r.late) / n * 100 for r, n in zip(rounds, deliveries, strict=True)]
    found.add("of all changes shown to everybody", "%", shown)
    each = [r.messages / plan.viewers / r.changes for r in rounds]
    found.add("messages for a change and viewer", "", each)
    cpu = [r.cpu / n * 1e6 for r, n in zip(rounds, deliveries, strict=True)]
    found.add("the web process's CPU for a change and viewer", "µs", cpu)
    per_message = [r.cpu / r.messages * 1e6 for r in rounds]
    found.add("the web process's CPU for a message", "µs", per_message)
    found.add("the web process's memory", "MB", [process.memory / 2**20])
    listening, more = await asyncio.to_thread(_listening, idle)
    found.add("connections to Valkey that listen", "", [listening])
    found.add("connections to Valkey in all", "", [more])
    missed, seconds = await _come_back(watched, viewers)
    found.add("viewers without the newest state after all were cut off", "", [missed])
    found.add("until all were back and had it", "s", [seconds])
    for viewer in viewers:
        viewer.leave()
    requests = [await _polling(process, streams, plan.seconds) for _ in range(plan.rounds)]
    found.add("polling the same table: CPU of a request", "µs", requests)
    asked, told = sorted(requests)[len(requests) // 2], sorted(cpu)[len(cpu) // 2]
    times = asked / _POLLED_EVERY_SECONDS / (told * plan.rate)
    found.add(f"polling every {_POLLED_EVERY_SECONDS:g} s costs so many times as much", "", [times])
    return found


async def _round(process: Web, watched: _Watched, viewers: Sequence[Viewer], plan: Plan) -> _Round:
    first = len(watched.committed)
    for viewer in viewers:
        viewer.messages = 0
    used, began = process.cpu, time.monotonic()
    changes = max(1, int(plan.rate * plan.seconds))
    for number in range(changes):
        await asyncio.to_thread(_change, watched)
        await asyncio.sleep(max(0.0, began + (number + 1) / plan.rate - time.monotonic()))
    await until_shown(viewers, first + changes - 1, within=_AFTERWARDS_SECONDS)
    used = process.cpu - used
    late = [
        (viewer.shown[number] - watched.committed[number]) * 1000
        for viewer in viewers
        for number in range(first, first + changes)
        if number in viewer.shown
    ]
    if not late:
        raise NotShown("no page showed any change")
    return _Round(late, sum(viewer.messages for viewer in viewers), used, changes)


async def _come_back(watched: _Watched, viewers: Sequence[Viewer]) -> tuple[int, float]:
    """Cut all off, change something, and have them come back as htmx does."""
    for viewer in viewers:
        viewer.leave()
    await asyncio.sleep(0.1)
    await asyncio.to_thread(_change, watched)
    newest = len(watched.committed) - 1
    began = time.monotonic()
    await open_all(viewers)
    await until_shown(viewers, newest, within=_AFTERWARDS_SECONDS)
    missed = sum(viewer.newest < newest for viewer in viewers)
    return missed, time.monotonic() - began


async def _polling(process: Web, streams: Sequence[Stream], seconds: float) -> float:
    """Return the CPU microseconds of asking for the table once."""
    ends_at = time.monotonic() + seconds
    used = process.cpu
    counts = await asyncio.gather(
        *(_ask_until(ends_at, each) for each in islice(cycle(streams), _POLLERS))
    )
    return (process.cpu - used) / sum(counts) * 1e6


async def _ask_until(ends_at: float, asked: Stream) -> int:
    parts = urlsplit(asked.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    request = (
        f"GET {parts.path.removesuffix('stream')} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Cookie: {asked.cookie}\r\nHX-Request: true\r\nHX-Request-Type: partial\r\n\r\n"
    )
    count = 0
    while time.monotonic() < ends_at:
        writer.write(request.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if b" 200 " not in head[:20] or length is None:
            raise NotShown(head.decode(errors="replace"))
        await reader.readexactly(int(length[1]))
        count += 1
    writer.close()
    return count


def _change(watched: _Watched) -> None:
    try:
        watched.change()
    finally:
        database.close()


def _watched() -> _Watched:
    connection = estate.linked()
    with (
        tenancy.entered(connection.organization_id),
        mock.patch.object(tasks, "ring", return_value=None),
    ):
        for number in range(_COMPLETE):
            pull = operations.queue_pull(
                connection, list(DataType)[number % 2], trigger=Pull.Trigger.SCHEDULE
            )
            Pull.objects.within(connection.organization_id).filter(pk=pull.pk).update(
                status=PullStatus.COMPLETE, batch=uuid4()
            )
        pull = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.SCHEDULE)
        Pull.objects.within(connection.organization_id).filter(pk=pull.pk).update(
            status=PullStatus.FETCHING
        )
    return _Watched(connection, pull)


def _streams(process: Web, watched: _Watched, number: int) -> list[Stream]:
    """Sign so many people in that nobody has more pages open than one may have.

    Call it in a thread of its own.
    """
    connection = watched.connection
    place = [connection.organization.slug, connection.company_id]
    url = f"{process.url}{reverse('sync:history-stream', args=place)}?page=history"
    each = stream.STREAMS_PER_PERSON - 2
    try:
        cookies = [_signed_in(connection) for _ in range(-(-number // each))]
    finally:
        database.close()
    return [Stream(url, cookies[place // each]) for place in range(number)]


def _signed_in(connection: Connection) -> str:
    user = User.objects.create_user(f"{uuid4().hex}@example.com", name="Viewer")
    with tenancy.entered(connection.organization_id):
        Membership.objects.create(
            organization=connection.organization, user=user, role=Role.ADMINISTRATOR
        )
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


def _connections() -> set[str]:
    """Name the connections that Valkey has."""
    with redis.Redis.from_url(redis_url(), decode_responses=True) as server:
        return {each["id"] for each in server.client_list()}


def _listening(idle: set[str]) -> tuple[int, int]:
    """Count those that listen to anything, and all that were not there before."""
    with redis.Redis.from_url(redis_url(), decode_responses=True) as server:
        own = str(server.client_id())
        new = [e for e in server.client_list() if e["id"] not in idle and e["id"] != own]
    return sum(int(each["sub"]) > 0 for each in new), len(new)

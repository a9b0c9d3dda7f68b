"""Live pages: the pulls of a company, or one of them, sent again whenever they change.

Each message is the current state of the parts that changed, so nothing is lost when a browser
reconnects. Redis only rings; what is shown is read from the database, in short transactions of
their own, by a person who is asked for anew each time.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from hashlib import blake2b
from importlib import import_module
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import auth
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from companies import events, tenancy
from companies.access import PortalRequest
from companies.models import Company, Membership, User
from companies.roles import Right
from portal import metrics, sessions, sse
from portal.doorbell import Bell, switchboard
from portal.pool import let_go
from sync import overview, pages
from sync.history import PullFilter, PullRow
from sync.models import Pull

STREAMS_PER_PERSON = 12
#: How often the connection is kept open, the reader checked, and, without Redis, the clock asked.
KEEP_ALIVE_SECONDS = 15.0
CHECK_SECONDS = 30.0
POLL_SECONDS = 5.0
#: A commit that rings several times is one change.
GATHER_SECONDS = 0.02
#: Whoever was just shown something waits so long for the next: much that happens is one message.
PAUSE_SECONDS = 0.75
ANNOUNCE_SECONDS = 10.0

_SUMMARY_REGIONS = ("figures", "trend", "connections", "freshness", "activity")

#: Few, whatever the number of viewers: a look is short, and each takes a database connection.
_looks = ThreadPoolExecutor(max_workers=4, thread_name_prefix="live")
_open_streams: Counter[int] = Counter()


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at which page."""

    user_id: int
    session_key: str
    organization_id: UUID
    company_id: UUID
    zone: tzinfo
    language: str | None
    #: "summary", or "history" with its filter.
    page: str
    filter: PullFilter
    #: On the page of one pull.
    pull_id: UUID | None


@dataclass(slots=True)
class Memory:
    """What this viewer has been shown."""

    pulls: str = ""
    rest: str = ""
    statuses: dict[UUID, str] | None = None
    sentence: str = ""
    announced: str = ""
    announced_at: float = field(default=float("-inf"))

    @property
    def mark(self) -> str:
        return f"{self.pulls}-{self.rest}"

    def recall(self, mark: str) -> None:
        """Take up where a broken connection left off; anything but our own mark is forgotten."""
        self.pulls, _dash, self.rest = mark.partition("-")


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the page, and what it is to hold now."""

    name: str
    html: str

    def __str__(self) -> str:
        return (
            f'<hx-partial hx-target="#live-{self.name}" hx-swap="innerMorph">'
            f"{self.html}</hx-partial>"
        )


@require_GET
async def history_stream(
    request: PortalRequest, company_id: UUID, pull_id: UUID | None = None
) -> HttpResponseBase:
    user = await request.auser()
    assert isinstance(user, User)  # the middleware lets nobody else in
    if _open_streams[user.pk] >= STREAMS_PER_PERSON:
        return HttpResponse(status=429)
    viewer = Viewer(
        user_id=user.pk,
        session_key=request.session.session_key or "",
        organization_id=request.organization.pk,
        company_id=company_id,
        zone=timezone.get_current_timezone(),
        language=get_language(),
        page="summary" if request.GET.get("page") == "summary" else "history",
        filter=PullFilter.read(request.GET),
        pull_id=pull_id,
    )
    memory = Memory()
    memory.recall(request.headers.get("Last-Event-ID", ""))
    # A look takes a connection of its own. If it were waited for with one in hand, as many pages as
    # there are connections, opened at once, would wait for each other.
    await sync_to_async(let_go, thread_sensitive=True)()
    first = await _look(viewer, memory)
    if first is None:
        return HttpResponse(status=404)
    return sse.stream(_messages(viewer, memory, first))


async def _messages(
    viewer: Viewer, memory: Memory, regions: list[Region] | None
) -> AsyncIterator[str]:
    channel, topic = events.channel(viewer.organization_id), str(viewer.company_id)
    clock = asyncio.get_running_loop().time
    _open_streams[viewer.user_id] += 1
    try:
        async with AsyncExitStack() as stack:
            stack.enter_context(metrics.STREAMS.held())
            board = switchboard(settings.REDIS_URL)
            bell = await stack.enter_async_context(board.bell(channel, topic=topic))
            while regions is not None:
                looked_at = clock()
                if regions:
                    yield sse.message("\n".join(map(str, regions)), id=memory.mark)
                for words in _announcements(memory):
                    yield sse.message(words, event="announce")
                async for keep_alive in _until_it_is_time(bell, memory):
                    yield keep_alive
                await asyncio.sleep(max(GATHER_SECONDS, looked_at + PAUSE_SECONDS - clock()))
                bell.forget()
                regions = await _look(viewer, memory)
        yield sse.message("", event="close")
    finally:
        _open_streams[viewer.user_id] -= 1
        if not _open_streams[viewer.user_id]:
            del _open_streams[viewer.user_id]


async def _until_it_is_time(bell: Bell, memory: Memory) -> AsyncIterator[str]:
    """Wait for the next look, keeping the connection open meanwhile."""
    clock = asyncio.get_running_loop().time
    began = clock()
    yield sse.KEEP_ALIVE  # so that a browser that has gone is noticed
    while (left := CHECK_SECONDS - (clock() - began)) > 0:
        wait = min(left, KEEP_ALIVE_SECONDS) if bell.is_connected else POLL_SECONDS
        if memory.sentence != memory.announced:
            wait = min(wait, ANNOUNCE_SECONDS)
        if await bell.heard(within=wait) or not bell.is_connected:
            return
        if memory.sentence != memory.announced:
            return
        yield sse.KEEP_ALIVE


def _announcements(memory: Memory) -> Iterator[str]:
    """Say how far the refresh has come to those who listen, but not all the time."""
    now = asyncio.get_running_loop().time()
    if memory.sentence != memory.announced and now - memory.announced_at >= ANNOUNCE_SECONDS:
        memory.announced, memory.announced_at = memory.sentence, now
        yield memory.sentence


def look(viewer: Viewer, memory: Memory) -> list[Region] | None:
    """Return what has changed since, or None when there is nothing to look at any more."""
    with timezone.override(viewer.zone), override(viewer.language):
        user = _signed_in(viewer)
        if user is None:
            return None
        with tenancy.entered(viewer.organization_id):
            membership = (
                Membership.objects.within(viewer.organization_id)
                .of(user)
                .select_related("organization")
                .first()
            )
            company = (
                Company.objects.within(viewer.organization_id).filter(pk=viewer.company_id).first()
            )
            if membership is None or company is None:
                return None
            shell = {
                "user": user,  # how they read moments
                "organization": membership.organization,
                "membership": membership,
                "can": membership.can,
            }
            if viewer.pull_id is not None:
                return _changed_pull(viewer.pull_id, memory, shell, company)
            return list(_changed(viewer, memory, shell, company))


def _signed_in(viewer: Viewer) -> User | None:
    """Ask the session anew: it ends with signing out, a new password, and disabling."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(viewer.session_key)
    user = auth.get_user(request)
    if sessions.is_over(request.session):
        return None
    return user if isinstance(user, User) and user.pk == viewer.user_id else None


def _changed_pull(
    pull_id: UUID, memory: Memory, shell: dict[str, Any], company: Company
) -> list[Region] | None:
    """Follow one pull; when it is over and its end was shown, there is nothing more to come."""
    context = pages.pull(company, pull_id, sees_data=shell["can"][Right.SEE_DATA])
    if context is None:
        return None
    pull: Pull = context["pull"]
    mark = _digest(_state(pull))
    if mark == memory.pulls:
        return [] if pull.is_active else None
    memory.pulls = mark
    words = _("%(data_type)s: %(status)s") % {
        "data_type": context["row"].label,
        "status": pull.get_status_display(),
    }
    _note(words, memory)
    shown = Region("pull", render_to_string("sync/pull.html#pull", shell | context))
    return [shown] if pull.is_active else [shown, Region("mark", "")]


def _changed(
    viewer: Viewer, memory: Memory, shell: dict[str, Any], company: Company
) -> Iterator[Region]:
    context = (
        pages.panel(company) if viewer.page == "summary" else pages.table(company, viewer.filter)
    )
    rows: list[PullRow] = context["pulls"]
    mark = _digest([context["progress"], *(_state(row.pull) for row in rows)])
    if mark != memory.pulls:
        context["pulls"] = _with_fresh(rows, memory.statuses)
        memory.pulls = mark
        memory.statuses = {row.pull.pk: row.pull.status for row in rows}
        html = render_to_string(f"sync/{viewer.page}.html#pulls", shell | context)
        yield Region("pulls", html)
    if context["progress"] is not None:
        _note(context["progress"].sentence, memory)
    if viewer.page == "summary":
        mark = _digest(overview.state(company))
        if mark != memory.rest:
            memory.rest = mark
            context = shell | pages.rest(company, sees_data=shell["can"][Right.SEE_DATA])
            for name in _SUMMARY_REGIONS:
                yield Region(name, render_to_string(f"sync/summary.html#{name}", context))


def _state(pull: Pull) -> tuple[object, ...]:
    return (
        pull.pk,
        pull.status,
        pull.progress,
        pull.fetched,
        pull.status_description,
        pull.error_message,
        pull.not_before,
    )


def _with_fresh(rows: list[PullRow], shown: dict[UUID, str] | None) -> list[PullRow]:
    """Mark what is new or has another status than this viewer was shown last."""
    if shown is None:
        return rows
    return [replace(row, is_fresh=shown.get(row.pull.pk) != row.pull.status) for row in rows]


def _note(sentence: str, memory: Memory) -> None:
    if not memory.sentence:  # what the page said when it was opened is no news
        memory.announced = sentence
    memory.sentence = sentence


def _digest(values: Iterable[object]) -> str:
    return blake2b(repr(list(values)).encode(), digest_size=9).hexdigest()


def _look_and_let_go(viewer: Viewer, memory: Memory) -> list[Region] | None:
    try:
        return look(viewer, memory)
    finally:
        connection.close()  # gives it back to the pool: a viewer holds none while waiting


_look = sync_to_async(_look_and_let_go, thread_sensitive=False, executor=_looks)

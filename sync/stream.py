"""Live pages: the pulls of a company, or one of them, sent again whenever they change.

Each message is the current state of the parts that changed, so nothing is lost when a browser
reconnects. Redis only rings; what is shown is read from the database, in short transactions of
their own, by people who are asked for anew each time. Those who watch the same company look
together: what many are to see is read and written once.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from contextvars import Context
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from functools import cached_property
from hashlib import blake2b
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from django.http import HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from companies import events, tenancy
from companies.access import PortalRequest
from companies.models import Company, Membership, User
from companies.roles import Right
from companies.watching import Standing, Watcher, standings
from portal import metrics, sse
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
#: A company is looked at so long after the last time: much that happens is one message.
PAUSE_SECONDS = 0.15
ANNOUNCE_SECONDS = 10.0

_SUMMARY_REGIONS = ("figures", "trend", "connections", "freshness", "activity")

#: Few, whatever the number of viewers: a look is short, and each takes a database connection.
_looks = ThreadPoolExecutor(max_workers=4, thread_name_prefix="live")
_open_streams: Counter[int] = Counter()


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at, and how it is written."""

    zone: tzinfo
    language: str | None
    #: "summary", or "history" with its filter.
    page: str
    filter: PullFilter
    #: On the page of one pull.
    pull_id: UUID | None


@dataclass(slots=True)
class Memory:
    """What somebody has been shown."""

    pulls: str = ""
    rest: str = ""
    statuses: dict[UUID, str] | None = None
    sentence: str = ""
    announced: str = ""
    announced_at: float = field(default=float("-inf"))

    @property
    def mark(self) -> str:
        return f"{self.pulls}-{self.rest}"

    @property
    def state(self) -> tuple[str, str, bool]:
        """Those of whom this is equal are to be told the same; statuses follow from the mark."""
        return self.pulls, self.rest, self.statuses is None

    def recall(self, mark: str) -> None:
        """Take up where a broken connection left off; anything but our own mark is forgotten."""
        self.pulls, _dash, self.rest = mark.partition("-")

    def learn(self, news: "News") -> None:
        """Remember what was shown, and what there is to say."""
        self.pulls, self.rest, self.statuses = news.pulls, news.rest, news.statuses
        if news.sentence:
            if not self.sentence:  # what the page said when it was opened is no news
                self.announced = news.sentence
            self.sentence = news.sentence


@dataclass(slots=True, eq=False)
class Viewer:
    """Who looks at which page of which company, and what they have seen of it."""

    organization_id: UUID
    company_id: UUID
    watcher: Watcher
    view: View
    memory: Memory
    #: Rings for them once their page is open.
    bell: Bell | None = None


@dataclass(slots=True)
class News:
    """What has changed since, as it goes over the wire; nothing where nothing has."""

    pulls: str
    rest: str
    statuses: dict[UUID, str] | None
    sentence: str = ""
    message: bytes = b""

    @classmethod
    def since(cls, memory: Memory) -> "News":
        return cls(memory.pulls, memory.rest, memory.statuses)

    def write(self, regions: Sequence["Region"]) -> None:
        if regions:
            shown = "\n".join(map(str, regions))
            self.message = sse.message(shown, id=f"{self.pulls}-{self.rest}").encode()


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
        organization_id=request.organization.pk,
        company_id=company_id,
        watcher=Watcher(user.pk, request.session.session_key or ""),
        view=View(
            zone=timezone.get_current_timezone(),
            language=get_language(),
            page="summary" if request.GET.get("page") == "summary" else "history",
            filter=PullFilter.read(request.GET),
            pull_id=pull_id,
        ),
        memory=Memory(),
    )
    viewer.memory.recall(request.headers.get("Last-Event-ID", ""))
    # A look takes a connection of its own. If it were waited for with one in hand, as many pages as
    # there are connections, opened at once, would wait for each other.
    await sync_to_async(let_go, thread_sensitive=True)()
    first = await _together().look(viewer)
    if first is None:
        return HttpResponse(status=404)
    return sse.stream(_messages(viewer, first))


async def _messages(viewer: Viewer, news: News | None) -> AsyncIterator[str | bytes]:
    channel, topic = events.channel(viewer.organization_id), str(viewer.company_id)
    user_id, memory, together = viewer.watcher.user_id, viewer.memory, _together()
    _open_streams[user_id] += 1
    try:
        async with AsyncExitStack() as stack:
            stack.enter_context(metrics.STREAMS.held())
            board = switchboard(settings.REDIS_URL)
            bell = await stack.enter_async_context(board.bell(channel, topic=topic))
            viewer.bell = bell
            while news is not None:
                memory.learn(news)
                # Something is sent in any case, so that a browser that has gone is noticed.
                yield news.message or sse.KEEP_ALIVE
                for words in _announcements(memory):
                    yield sse.message(words, event="announce")
                async for keep_alive in _until_it_is_time(bell, memory):
                    yield keep_alive
                news = await together.look(viewer)
        yield sse.message("", event="close")
    finally:
        _open_streams[user_id] -= 1
        if not _open_streams[user_id]:
            del _open_streams[user_id]


type _Waiting = tuple[Viewer, asyncio.Future[News | None]]


class _Together:
    """Looks of one event loop: at each company one at a time, and not without a pause.

    Whoever comes while one is under way is part of the next, which begins when it has ended: what
    they see is never older than the ring that they heard.
    """

    def __init__(self) -> None:
        self._waiting: dict[
            tuple[UUID, UUID], list[tuple[Viewer, asyncio.Future[News | None]]]
        ] = {}
        self._looking: set[asyncio.Task[None]] = set()

    async def look(self, viewer: Viewer) -> News | None:
        """Return what has changed, or None when there is nothing to look at any more."""
        place = (viewer.organization_id, viewer.company_id)
        answer: asyncio.Future[News | None] = asyncio.get_running_loop().create_future()
        if place in self._waiting:
            self._waiting[place].append((viewer, answer))
        else:
            self._waiting[place] = [(viewer, answer)]
            # In nobody's context: what is logged of it is not about whoever came first.
            task = asyncio.create_task(self._look(place), context=Context())
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)
        return await answer

    async def _look(self, place: tuple[UUID, UUID]) -> None:
        clock = asyncio.get_running_loop().time
        try:
            while self._waiting[place]:
                await asyncio.sleep(GATHER_SECONDS)
                waiting, self._waiting[place] = self._waiting[place], []
                for viewer, _answer in waiting:
                    if viewer.bell is not None:
                        viewer.bell.forget()  # what rang so far is what is looked for
                looked_at = clock()
                await self._answer(waiting)
                await asyncio.sleep(max(0.0, looked_at + PAUSE_SECONDS - clock()))
        finally:
            for _viewer, answer in self._waiting.pop(place):
                answer.cancel()

    async def _answer(self, waiting: Sequence[_Waiting]) -> None:
        try:
            found = await _look([viewer for viewer, _answer in waiting])
        except Exception as error:  # noqa: BLE001 - each of those who wait raises it
            for _viewer, answer in waiting:
                if not answer.done():
                    answer.set_exception(error)
        else:
            for (_viewer, answer), news in zip(waiting, found, strict=True):
                if not answer.done():  # some leave while they wait
                    answer.set_result(news)
        finally:
            for _viewer, answer in waiting:
                answer.cancel()


_all_together: WeakKeyDictionary[asyncio.AbstractEventLoop, _Together] = WeakKeyDictionary()


def _together() -> _Together:
    return _all_together.setdefault(asyncio.get_running_loop(), _Together())


async def _until_it_is_time(bell: Bell, memory: Memory) -> AsyncIterator[str]:
    """Wait for the next look, keeping the connection open meanwhile."""
    clock = asyncio.get_running_loop().time
    began = clock()
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


def look(viewers: Sequence[Viewer]) -> list[News | None]:
    """Return for each what has changed since, or None when there is nothing to look at any more.

    They watch the same company; those to whom the same is to be told are answered with one.
    """
    organization_id, company_id = viewers[0].organization_id, viewers[0].company_id
    with tenancy.entered(organization_id):
        allowed = standings(organization_id, [viewer.watcher for viewer in viewers])
        company = Company.objects.within(organization_id).filter(pk=company_id).first()
        pages_read: dict[tuple[object, ...], _Page | None] = {}
        told: dict[tuple[object, ...], News | None] = {}
        for viewer in viewers:
            standing = allowed.get(viewer.watcher)
            if company is None or standing is None:
                continue
            reader, key = _reader(viewer, standing), _key(viewer, standing)
            with timezone.override(viewer.view.zone), override(viewer.view.language):
                if reader not in pages_read:
                    pages_read[reader] = _Page.read(viewer.view, standing, company)
                page = pages_read[reader]
                if key not in told:
                    told[key] = None if page is None else page.news(viewer.memory)
        return [
            told[_key(viewer, standing)]
            if company is not None and (standing := allowed.get(viewer.watcher))
            else None
            for viewer in viewers
        ]


def _reader(viewer: Viewer, standing: Standing) -> tuple[object, ...]:
    """Those of whom this is equal see the same page."""
    return viewer.view, standing.role, standing.absolute_times


def _key(viewer: Viewer, standing: Standing) -> tuple[object, ...]:
    """Those of whom this is equal have seen the same of it, too."""
    return *_reader(viewer, standing), viewer.memory.state


class _Page:
    """A page in one look: read once, however much of it each of its readers knows already."""

    def __init__(self, view: View, shell: dict[str, Any], company: Company) -> None:
        self._view, self._shell, self._company = view, shell, company
        self._pulls: dict[frozenset[UUID], Region] = {}

    @classmethod
    def read(cls, view: View, standing: Standing, company: Company) -> "_Page | None":
        """Open it for members of this standing; None when they were removed a moment ago."""
        membership = (
            Membership.objects.within(company.organization_id)
            .select_related("organization", "user")
            .filter(pk=standing.membership_id)
            .first()
        )
        if membership is None:
            return None
        shell = {
            "user": membership.user,  # how they read moments
            "organization": membership.organization,
            "membership": membership,
            "can": membership.can,
        }
        return cls(view, shell, company)

    def news(self, memory: Memory) -> News | None:
        news = News.since(memory)
        if self._view.pull_id is not None:
            return self._of_a_pull(self._view.pull_id, news)
        news.write(list(self._of_a_company(news)))
        return news

    def _of_a_pull(self, pull_id: UUID, news: News) -> News | None:
        """Follow one pull; when it is over and its end was shown, there is nothing more to come."""
        sees_data = self._shell["can"][Right.SEE_DATA]
        context = pages.pull(self._company, pull_id, sees_data=sees_data)
        if context is None:
            return None
        pull: Pull = context["pull"]
        mark = _digest(_state(pull))
        if mark == news.pulls:
            return news if pull.is_active else None
        news.pulls = mark
        news.sentence = _("%(data_type)s: %(status)s") % {
            "data_type": context["row"].label,
            "status": pull.get_status_display(),
        }
        shown = Region("pull", render_to_string("sync/pull.html#pull", self._shell | context))
        news.write([shown] if pull.is_active else [shown, Region("mark", "")])
        return news

    def _of_a_company(self, news: News) -> Iterator[Region]:
        if self._mark != news.pulls:
            yield self._changed_pulls(news.statuses)
            news.pulls = self._mark
            news.statuses = {row.pull.pk: row.pull.status for row in self._context["pulls"]}
        if self._context["progress"] is not None:
            news.sentence = self._context["progress"].sentence
        if self._view.page == "summary" and self._rest_mark != news.rest:
            news.rest = self._rest_mark
            yield from self._rest

    @cached_property
    def _context(self) -> dict[str, Any]:
        if self._view.page == "summary":
            return pages.panel(self._company)
        return pages.table(self._company, self._view.filter)

    @cached_property
    def _mark(self) -> str:
        rows: list[PullRow] = self._context["pulls"]
        return _digest([self._context["progress"], *(_state(row.pull) for row in rows)])

    @cached_property
    def _rest_mark(self) -> str:
        return _digest(overview.state(self._company))

    @cached_property
    def _rest(self) -> list[Region]:
        sees_data = self._shell["can"][Right.SEE_DATA]
        context = self._shell | pages.rest(self._company, sees_data=sees_data)
        return [
            Region(name, render_to_string(f"sync/summary.html#{name}", context))
            for name in _SUMMARY_REGIONS
        ]

    def _changed_pulls(self, shown: dict[UUID, str] | None) -> Region:
        """Mark what is new or has another status than these readers were shown last."""
        rows: list[PullRow] = self._context["pulls"]
        known = {row.pull.pk: row.pull.status for row in rows} if shown is None else shown
        fresh = frozenset(row.pull.pk for row in rows if known.get(row.pull.pk) != row.pull.status)
        if fresh not in self._pulls:
            marked = [replace(row, is_fresh=row.pull.pk in fresh) for row in rows]
            context = self._shell | self._context | {"pulls": marked}
            html = render_to_string(f"sync/{self._view.page}.html#pulls", context)
            self._pulls[fresh] = Region("pulls", html)
        return self._pulls[fresh]


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


def _digest(values: Iterable[object]) -> str:
    return blake2b(repr(list(values)).encode(), digest_size=9).hexdigest()


def _look_and_let_go(viewers: Sequence[Viewer]) -> list[News | None]:
    try:
        return look(viewers)
    finally:
        connection.close()  # gives it back to the pool: a viewer holds none while waiting


_look = sync_to_async(_look_and_let_go, thread_sensitive=False, executor=_looks)

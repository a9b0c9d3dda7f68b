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
#: Whoever was just shown something waits so long for the next: much that happens is one message.
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


@dataclass(frozen=True, slots=True, eq=False)
class Viewer:
    """Who looks at which page of which company, and what they have seen of it."""

    organization_id: UUID
    company_id: UUID
    watcher: Watcher
    view: View
    memory: Memory


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
    clock = asyncio.get_running_loop().time
    user_id, memory, together = viewer.watcher.user_id, viewer.memory, _together()
    _open_streams[user_id] += 1
    try:
        async with AsyncExitStack() as stack:
            stack.enter_context(metrics.STREAMS.held())
            board = switchboard(settings.REDIS_URL)
            bell = await stack.enter_async_context(board.bell(channel, topic=topic))
            while news is not None:
                looked_at = clock()
                memory.learn(news)
                # Something is sent in any case, so that a browser that has gone is noticed.
                yield news.message or sse.KEEP_ALIVE
                for words in _announcements(memory):
                    yield sse.message(words, event="announce")
                async for keep_alive in _until_it_is_time(bell, memory):
                    yield keep_alive
                await asyncio.sleep(max(GATHER_SECONDS, looked_at + PAUSE_SECONDS - clock()))
                bell.forget()
                news = await together.look(viewer)
        yield sse.message("", event="close")
    finally:
        _open_streams[user_id] -= 1
        if not _open_streams[user_id]:
            del _open_streams[user_id]


type _Waiting = tuple[Viewer, asyncio.Future[News | None]]


class _Together:
    """Looks of one event loop: at each company one at a time.

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
        try:
            while waiting := self._waiting[place]:
                self._waiting[place] = []
                await self._answer(waiting)
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
        told: dict[tuple[object, ...], News | None] = {}
        for viewer in viewers:
            standing = allowed.get(viewer.watcher)
            if company is not None and standing is not None:
                key = _key(viewer, standing)
                if key not in told:
                    told[key] = _news(viewer, standing, company)
        return [
            told[_key(viewer, standing)]
            if company is not None and (standing := allowed.get(viewer.watcher))
            else None
            for viewer in viewers
        ]


def _key(viewer: Viewer, standing: Standing) -> tuple[object, ...]:
    return viewer.view, standing.role, standing.absolute_times, viewer.memory.state


def _news(viewer: Viewer, standing: Standing, company: Company) -> News | None:
    view = viewer.view
    with timezone.override(view.zone), override(view.language):
        membership = (
            Membership.objects.within(viewer.organization_id)
            .select_related("organization", "user")
            .filter(pk=standing.membership_id)
            .first()
        )
        if membership is None:  # removed a moment ago
            return None
        shell = {
            "user": membership.user,  # how they read moments
            "organization": membership.organization,
            "membership": membership,
            "can": membership.can,
        }
        news = News.since(viewer.memory)
        if view.pull_id is not None:
            return _of_a_pull(view.pull_id, news, shell, company)
        news.write(list(_of_a_company(view, news, shell, company)))
        return news


def _of_a_pull(pull_id: UUID, news: News, shell: dict[str, Any], company: Company) -> News | None:
    """Follow one pull; when it is over and its end was shown, there is nothing more to come."""
    context = pages.pull(company, pull_id, sees_data=shell["can"][Right.SEE_DATA])
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
    shown = Region("pull", render_to_string("sync/pull.html#pull", shell | context))
    news.write([shown] if pull.is_active else [shown, Region("mark", "")])
    return news


def _of_a_company(
    view: View, news: News, shell: dict[str, Any], company: Company
) -> Iterator[Region]:
    context = pages.panel(company) if view.page == "summary" else pages.table(company, view.filter)
    rows: list[PullRow] = context["pulls"]
    mark = _digest([context["progress"], *(_state(row.pull) for row in rows)])
    if mark != news.pulls:
        context["pulls"] = _with_fresh(rows, news.statuses)
        news.pulls = mark
        news.statuses = {row.pull.pk: row.pull.status for row in rows}
        html = render_to_string(f"sync/{view.page}.html#pulls", shell | context)
        yield Region("pulls", html)
    if context["progress"] is not None:
        news.sentence = context["progress"].sentence
    if view.page == "summary":
        mark = _digest(overview.state(company))
        if mark != news.rest:
            news.rest = mark
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


def _digest(values: Iterable[object]) -> str:
    return blake2b(repr(list(values)).encode(), digest_size=9).hexdigest()


def _look_and_let_go(viewers: Sequence[Viewer]) -> list[News | None]:
    try:
        return look(viewers)
    finally:
        connection.close()  # gives it back to the pool: a viewer holds none while waiting


_look = sync_to_async(_look_and_let_go, thread_sensitive=False, executor=_looks)

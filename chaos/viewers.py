"""People who have live pages open while things break: streams that must not miss how a pull ended.

They come through a proxy of their own, reconnect as a browser does, with the id of the last message
they saw, and are shown out when their sign-in or membership ends. What they were shown last is held
against the pages as they are loaded afresh in the end.
"""

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from random import Random
from uuid import UUID

import httpx
import psycopg
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase

from chaos.database import Database
from chaos.scenario import Book, Scenario, Tenant
from companies import team, tenancy
from companies.models import Membership, User
from companies.roles import Role
from portal import sessions

#: Of each organization: so many look at a company's history, so many follow one pull after another.
HISTORIES, FOLLOWERS = 2, 1
_AGAIN_SECONDS = 0.5
#: What a stream answers to who is signed out, when its page is gone, and when to come back later.
_SIGNED_OUT, _GONE, _LATER = 401, 404, {429, 503}
#: Longer than the server leaves a connection without a word.
_SILENT_SECONDS = 45.0
_SETTLE_SECONDS = 40.0
_PAGES_COMPARED = 300
_LIVE_PULLS = re.compile(r'<hx-partial hx-target="#live-pulls".*?</hx-partial>', re.DOTALL)
_LIVE_PULL = re.compile(r'<hx-partial hx-target="#live-pull".*?</hx-partial>', re.DOTALL)
_ROW = re.compile(r'<tr id="pull-([0-9a-f-]{36})" data-tone="([^"]*)"')
_STATE = re.compile(r'<h2 id="pull-h">[^<]*</h2>(.*)')
_ACTIVE = """
SELECT id, company_id FROM sync_pull WHERE organization_id = %s
   AND status IN ('Queued', 'Fetching', 'Mapping', 'Validating', 'Processing')
 ORDER BY requested_at DESC LIMIT 20
"""


@dataclass(eq=False)
class Person:
    """A member who does nothing but look."""

    tenant: Tenant
    user: User
    cookie: str = ""
    #: Whether they may see nothing now, and all the moments since which that was so.
    is_out: bool = False
    outs: list[datetime] = field(default_factory=list)


@dataclass(eq=False)
class View:
    """An open page."""

    person: Person
    path: str
    last_id: str = ""
    #: What is shown: of a history each pull's colour, of a pull's page its status.
    shown: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Farewell:
    """How long somebody who may see nothing any more was left at an open page."""

    since: datetime
    until: datetime


class Viewers:
    def __init__(self, scenario: Scenario, web_url: str, through: str, random: Random) -> None:
        self._scenario = scenario
        self._random = random
        self._headers = {"Host": web_url.removeprefix("http://")}
        self._base = through
        self._direct = web_url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.people = [self._person(number, each) for number, each in enumerate(scenario.tenants)]
        self.histories: list[View] = []
        self.followed: list[View] = []
        #: How slowly they read what comes.
        self.seconds_a_line = 0.0
        self.messages = 0
        self.reconnections = 0
        self.farewells: list[Farewell] = []
        self.mishaps: list[str] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join(60)

    def sign_out(self, person: Person) -> None:
        self._session(person).delete()
        _note_out(person)

    def sign_in(self, person: Person) -> None:
        session = self._session(person, new=True)
        session[SESSION_KEY] = str(person.user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = person.user.get_session_auth_hash()
        sessions.begin(session)
        session.save()
        person.cookie = session.session_key or ""
        person.is_out = False

    def remove(self, person: Person) -> None:
        organization = person.tenant.organization
        with tenancy.entered(organization.pk):
            membership = Membership.objects.within(organization).get(user=person.user)
        team.remove(membership, actor=person.tenant.user)
        _note_out(person)

    def admit(self, person: Person) -> None:
        organization = person.tenant.organization
        with tenancy.entered(organization.pk):
            Membership.objects.create(
                organization=organization, user=person.user, role=Role.ADMINISTRATOR
            )
        person.is_out = False

    def differences(self) -> Iterator[str]:
        """Compare what they were shown last with pages loaded afresh; call it when all is quiet."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        for view in list(self.histories):
            while (fresh := self._fresh(view, _ROW)) is not None and fresh != view.shown:
                if time.monotonic() > deadline or self._stop.is_set():
                    yield f"a viewer of {view.path} was left with what is no longer true"
                    break
                time.sleep(0.5)
        for view in self.followed[-_PAGES_COMPARED:]:
            state = self._fresh(view, _STATE)
            if state is not None and state != view.shown:
                yield f"a viewer of {view.path} did not see how it ended"

    # People

    def _person(self, number: int, tenant: Tenant) -> Person:
        user = User.objects.create_user(f"viewer{number}@example.com", name=f"{tenant.canary} Eye")
        person = Person(tenant, user)
        self.admit(person)
        self.sign_in(person)
        return person

    def _session(self, person: Person, *, new: bool = False) -> SessionBase:
        store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
        return store() if new else store(person.cookie)

    # Pages

    def _run(self) -> None:
        asyncio.run(self._look())

    async def _look(self) -> None:
        limits = httpx.Limits(max_connections=None)
        timeout = httpx.Timeout(10, read=_SILENT_SECONDS)
        async with httpx.AsyncClient(
            base_url=self._base, trust_env=False, limits=limits, timeout=timeout
        ) as http:
            tasks = [
                asyncio.create_task(task)
                for person in self.people
                for task in (
                    *(self._watch_histories(http, person) for _ in range(HISTORIES)),
                    *(self._follow_pulls(http, person) for _ in range(FOLLOWERS)),
                )
            ]
            while not self._stop.is_set():
                await asyncio.sleep(0.2)
                for task in tasks:
                    if task.done():
                        task.result()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch_histories(self, http: httpx.AsyncClient, person: Person) -> None:
        while True:
            books: list[Book] = list(person.tenant.books)
            await asyncio.sleep(_AGAIN_SECONDS)
            if not books or person.is_out:
                continue
            book = self._random.choice(books)
            view = View(person, f"{_place(person)}/companies/{book.company.pk}/history/")
            self.histories.append(view)
            await self._keep_open(http, view)
            self.histories.remove(view)

    async def _follow_pulls(self, http: httpx.AsyncClient, person: Person) -> None:
        while True:
            await asyncio.sleep(_AGAIN_SECONDS)
            pull = None if person.is_out else await asyncio.to_thread(self._active, person)
            if pull is None:
                continue
            pull_id, company_id = pull
            view = View(person, f"{_place(person)}/companies/{company_id}/history/{pull_id}/")
            if await self._keep_open(http, view):
                self.followed.append(view)

    def _active(self, person: Person) -> tuple[UUID, UUID] | None:
        database = Database()
        try:
            rows = database.ask(_ACTIVE, person.tenant.organization.pk)
        except psycopg.OperationalError:
            return None
        finally:
            database.close()
        return self._random.choice(rows) if rows else None

    async def _keep_open(self, http: httpx.AsyncClient, view: View) -> bool:
        """Read a page's stream until there is nothing more to come; answer whether that is why."""
        cookie = view.person.cookie
        while True:
            opened = datetime.now(UTC)
            try:
                ended = await self._read(http, view, cookie)
            except httpx.HTTPError:
                ended = False
            finally:
                outs = [since for since in view.person.outs if since > opened]
                if outs:
                    self.farewells.append(Farewell(outs[0], datetime.now(UTC)))
            if outs or view.person.is_out or cookie != view.person.cookie:
                return False
            if ended:
                return True
            self.reconnections += 1
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _read(self, http: httpx.AsyncClient, view: View, cookie: str) -> bool:
        headers = {
            **self._headers,
            "Accept": "text/event-stream",
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}",
        }
        if view.last_id:
            headers["Last-Event-ID"] = view.last_id
        was_out = view.person.is_out
        async with http.stream("GET", f"{view.path}stream", headers=headers) as answer:
            if answer.status_code == _GONE:
                return True
            if not answer.is_success:
                is_out = view.person.is_out or cookie != view.person.cookie
                if answer.status_code not in _LATER and not (
                    is_out and answer.status_code == _SIGNED_OUT
                ):
                    self.mishaps.append(f"{view.path}stream: {answer.status_code}")
                return False
            if was_out:
                self.mishaps.append(f"{view.path}stream was opened by somebody who was out")
            async for id_, event, text in _events(answer, self):
                self.messages += 1
                if event == "close":
                    return True
                view.last_id = id_ or view.last_id
                if pulls := _LIVE_PULLS.search(text):
                    view.shown = dict(_ROW.findall(pulls[0]))
                if pull := _LIVE_PULL.search(text):
                    view.shown = _state_of(pull[0])
        return False

    def _fresh(self, view: View, pattern: re.Pattern[str]) -> dict[str, str] | None:
        """Load the page; None when it is gone, as its company is then."""
        person = view.person
        cookie = f"{settings.SESSION_COOKIE_NAME}={person.cookie}"
        with httpx.Client(trust_env=False, timeout=60) as http:
            answer = http.get(f"{self._direct}{view.path}", headers={"Cookie": cookie})
        if not answer.is_success:
            return None
        return dict(_ROW.findall(answer.text)) if pattern is _ROW else _state_of(answer.text)


def _state_of(text: str) -> dict[str, str]:
    found = _STATE.search(text)
    return {"status": found[1].strip()} if found else {}


def _note_out(person: Person) -> None:
    person.is_out = True
    person.outs.append(datetime.now(UTC))


def _place(person: Person) -> str:
    return f"/o/{person.tenant.organization.slug}"


async def _events(answer: httpx.Response, viewers: Viewers) -> AsyncIterator[tuple[str, str, str]]:
    id_, event, data = "", "", list[str]()
    async for line in answer.aiter_lines():
        if viewers.seconds_a_line:
            await asyncio.sleep(viewers.seconds_a_line)
        name, _, value = line.partition(": ")
        if not line:
            if data:
                yield id_, event, "\n".join(data)
            id_, event, data = "", "", []
        elif name == "id":
            id_ = value
        elif name == "event":
            event = value
        elif name.startswith("data"):
            data.append(value)

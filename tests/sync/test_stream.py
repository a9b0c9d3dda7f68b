"""Live pages: what an open page is told, and when it is told no more."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from typing import Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import redis
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings as django_settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.db import connection as database
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone

from companies import events, team, tenancy
from companies.models import Membership, User
from companies.roles import Role
from companies.watching import Watcher
from connections.models import Connection
from portal import doorbell, sse
from sync import stream
from sync.history import PullFilter
from sync.models import Pull, PullStatus, RejectedRecord
from tests.brackets import LANGUAGE, brackets  # noqa: F401
from tests.factories import (
    CompanyFactory,
    ConnectionFactory,
    MembershipFactory,
    OrganizationFactory,
    UserFactory,
)
from tests.sync.books import a_pull


@pytest.fixture
def user(transactional_db):
    return UserFactory(name="Alice Archer", email="alice@harbour.example")


@pytest.fixture
def connection(user):
    """Committed: the stream reads it over connections of its own."""
    organization = OrganizationFactory(name="Harbour Lending", slug="harbour")
    MembershipFactory(organization=organization, user=user, role=Role.ADMINISTRATOR)
    company = CompanyFactory(organization=organization, name="Eastgate Roasters")
    return ConnectionFactory(company=company)


@pytest.fixture(autouse=True)
def _brisk(transactional_db, monkeypatch):
    """Hurry, and leave no look behind that would be in the way of emptying the tables."""
    monkeypatch.setattr(stream, "GATHER_SECONDS", 0)
    monkeypatch.setattr(stream, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(stream, "KEEP_ALIVE_SECONDS", 0.05)
    monkeypatch.setattr(stream, "POLL_SECONDS", 0.05)
    with ThreadPoolExecutor(max_workers=2) as looks:
        look = sync_to_async(stream._look_and_let_go, thread_sensitive=False, executor=looks)
        monkeypatch.setattr(stream, "_look", look)
        yield


def url(connection, **asked):
    place = {
        "organization": connection.organization.slug,
        "company_id": connection.company_id,
    }
    return reverse("sync:history-stream", kwargs=place, query=asked)


class Browser:
    """Reads one stream message by message, as a page does."""

    def __init__(self, user, address, **headers):
        self.client = AsyncClient()
        self.user, self.address, self.sent = user, address, headers

    async def __aenter__(self):
        await self.client.aforce_login(self.user)
        response = await self.client.get(self.address, headers=self.sent)
        self.headers = response.headers
        self.messages = cast("Any", response).streaming_content  # the stubs know no streams
        return self

    async def __aexit__(self, *exception):
        """Go away as browsers do: whoever serves the stream is cancelled while it waits."""
        serving = asyncio.create_task(self.rest())
        await asyncio.sleep(0.02)
        serving.cancel()
        await asyncio.wait([serving])

    async def next(self, *, event=""):
        """Return the next message with an event of this name, passing what comes before it."""
        async with asyncio.timeout(10):
            async for chunk in self.messages:
                text = chunk.decode()
                found = re.search(r"^event: (.*)$", text, re.MULTILINE)
                if text != sse.KEEP_ALIVE and (found[1] if found else "") == event:
                    return text
        raise AssertionError("the stream ended")

    async def rest(self):
        async with asyncio.timeout(10):
            return [chunk.decode() async for chunk in self.messages]


def pull_url(pull):
    place = {
        "organization": pull.organization.slug,
        "company_id": pull.company_id,
        "pull_id": pull.pk,
    }
    return reverse("sync:pull-stream", kwargs=place)


def inside(connection, change):
    """Change something in a transaction of its own, as another process would."""

    def run():
        try:
            with tenancy.entered(connection.organization_id):
                change()
        finally:
            database.close()

    return sync_to_async(run, thread_sensitive=False)()


def test_the_first_message_is_the_page_as_it_is(connection, user):
    pull = a_pull(connection)

    async def scenario():
        async with Browser(user, url(connection)) as browser:
            return browser.headers, await browser.next()

    headers, message = async_to_sync(scenario)()

    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-store"
    assert re.match(r"id: \w+-\n", message)
    assert f'<tr id="pull-{pull.pk}"' in message
    assert '<hx-partial hx-target="#live-pulls" hx-swap="innerMorph">' in message
    assert 'class="fresh"' not in message


def test_a_change_arrives_when_redis_rings_and_only_its_row_is_fresh(connection, user):
    done, running = a_pull(connection, "bills"), a_pull(connection, status=PullStatus.FETCHING)

    def finish():
        Pull.objects.filter(pk=running.pk).update(status=PullStatus.COMPLETE)
        events.announce(connection.organization_id, connection.company_id)

    async def scenario():
        async with Browser(user, url(connection)) as browser:
            await browser.next()
            await inside(connection, finish)
            return await browser.next()

    message = async_to_sync(scenario)()

    assert re.search(rf'id="pull-{running.pk}" data-tone="green" class="fresh"', message)
    assert re.search(rf'id="pull-{done.pk}" data-tone="green">', message)


def test_much_that_happens_is_one_message(connection, user, monkeypatch):
    monkeypatch.setattr(stream, "PAUSE_SECONDS", 0.5)
    pull = a_pull(connection, status=PullStatus.FETCHING)

    def get_on(fetched):
        Pull.objects.filter(pk=pull.pk).update(fetched=fetched)
        events.announce(connection.organization_id, connection.company_id)

    async def scenario():
        async with Browser(user, url(connection)) as browser:
            await browser.next()
            for fetched in range(1001, 1006):
                await inside(connection, lambda fetched=fetched: get_on(fetched))
            return await browser.next()

    assert "1,005" in async_to_sync(scenario)()


@pytest.mark.parametrize("page", ["history", "summary"])
def test_rows_that_arrive_are_written_as_their_reader_reads_times(connection, user, page):
    a_pull(connection)
    user.time_zone = "Asia/Tokyo"
    user.absolute_times = True
    user.save()

    async def scenario():
        async with Browser(user, url(connection, page=page)) as browser:
            return await browser.next()

    message = async_to_sync(scenario)()

    pulls = message[message.index("live-pulls") :].partition("</hx-partial>")[0]
    assert re.search(r'<time datetime="[^"]+"[^>]*>\d+ \w{3} \d{4}, \d\d:\d\d:\d\d JST<', pulls)
    assert "data-relative" not in pulls


def test_rings_for_other_companies_are_not_heard(connection, user, monkeypatch):
    looked: list[object] = []
    monkeypatch.setattr(stream, "look", counting(stream.look, looked))

    async def scenario():
        async with Browser(user, url(connection)) as browser:
            await browser.next()
            await wait_until_connected(browser)
            before = len(looked)
            await inside(connection, lambda: events.announce(connection.organization_id, uuid4()))
            async with asyncio.timeout(5):
                for _ in range(5):
                    await anext(browser.messages)
            return len(looked) - before

    a_pull(connection)
    assert async_to_sync(scenario)() == 0


def counting(function, calls):
    def counted(*args):
        calls.append(args)
        return function(*args)

    return counted


async def wait_until_connected(browser):
    async with asyncio.timeout(5):
        board = doorbell.switchboard(django_settings.REDIS_URL)
        while not board.is_connected:
            await anext(browser.messages)
        await anext(browser.messages)


def test_nothing_is_sent_while_nothing_changes(connection, user):
    a_pull(connection)

    async def scenario():
        async with Browser(user, url(connection)) as browser:
            await browser.next()
            return [(await anext(browser.messages)).decode() for _ in range(10)]

    assert set(async_to_sync(scenario)()) == {sse.KEEP_ALIVE}


def test_without_redis_the_clock_does(connection, user, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    running = a_pull(connection, status=PullStatus.FETCHING)

    async def scenario():
        async with Browser(user, url(connection)) as browser:
            await browser.next()
            await inside(
                connection,
                lambda: Pull.objects.filter(pk=running.pk).update(status=PullStatus.COMPLETE),
            )
            return await browser.next()

    assert 'data-tone="green" class="fresh"' in async_to_sync(scenario)()


def test_one_subscription_serves_every_page_and_ends_with_the_last(connection, user):
    a_pull(connection)
    channel = events.channel(connection.organization_id)
    server = redis.Redis.from_url(django_settings.REDIS_URL)

    def subscribers():
        return dict(server.pubsub_numsub(channel))[channel.encode()]

    async def scenario():
        async with Browser(user, url(connection)) as one:
            await one.next()
            await wait_until_connected(one)
            async with Browser(user, url(connection)) as other:
                await other.next()
                both = await sync_to_async(subscribers)()
        return both

    assert async_to_sync(scenario)() == 1
    assert subscribers() == 0


def test_the_summary_is_told_of_everything_that_changed(connection, user):
    a_pull(connection)

    async def scenario():
        async with Browser(user, url(connection, page="summary")) as browser:
            return await browser.next()

    message = async_to_sync(scenario)()

    assert set(re.findall(r'hx-target="#live-(\w+)"', message)) == {
        "pulls",
        "figures",
        "trend",
        "connections",
        "freshness",
        "activity",
    }


def test_a_filtered_history_is_told_of_its_own_pulls_only(connection, user):
    bills = a_pull(connection, "bills")
    a_pull(connection)

    async def scenario():
        async with Browser(user, url(connection, type="bills")) as browser:
            return await browser.next()

    assert re.findall(r'<tr id="pull-([\w-]+)"', async_to_sync(scenario)()) == [str(bills.pk)]


def test_progress_is_announced_politely(connection, user, monkeypatch):
    monkeypatch.setattr(stream, "ANNOUNCE_SECONDS", 0.2)
    running = a_pull(connection, status=PullStatus.FETCHING)

    def finish():
        Pull.objects.filter(pk=running.pk).update(status=PullStatus.COMPLETE)
        events.announce(connection.organization_id, connection.company_id)

    async def scenario():
        async with Browser(user, url(connection)) as browser:
            await browser.next()
            await inside(connection, finish)
            return await browser.next(event="announce")

    assert "data: Refresh finished: 1 of 1 complete" in async_to_sync(scenario)()


def test_a_reader_who_knows_the_state_is_told_nothing_twice(connection, user):
    a_pull(connection)

    async def scenario():
        async with Browser(user, url(connection)) as browser:
            mark = (await browser.next()).splitlines()[0].removeprefix("id: ")
        async with Browser(user, url(connection), **{"Last-Event-ID": mark}) as again:
            return [(await anext(again.messages)).decode() for _ in range(4)]

    assert set(async_to_sync(scenario)()) == {sse.KEEP_ALIVE}


def sign_out(user):
    Session.objects.all().delete()


def disable(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_password(user):
    user.set_password("another long password")
    user.save(update_fields=["password"])


def stay_idle(user):
    for row in Session.objects.all():
        session = SessionStore(row.session_key)
        session["seen_at"] -= django_settings.SESSION_IDLE_SECONDS
        session.save()


def leave(user):
    Membership.objects.filter(user=user).delete()


@pytest.mark.parametrize("end", [sign_out, disable, change_password, stay_idle, leave])
def test_the_stream_ends_for_who_may_no_longer_look(connection, user, monkeypatch, end):
    monkeypatch.setattr(stream, "CHECK_SECONDS", 0.1)
    a_pull(connection)

    async def scenario():
        async with Browser(user, url(connection)) as browser:
            await browser.next()
            await inside(connection, lambda: end(user))
            return await browser.rest()

    assert async_to_sync(scenario)()[-1] == "event: close\ndata: \n\n"


def test_a_member_who_is_switched_off_loses_open_pages_at_once(connection, user):
    a_pull(connection)
    administrator = MembershipFactory(organization=connection.organization).user
    member = MembershipFactory(organization=connection.organization, role=Role.ADVISOR)

    async def scenario():
        async with Browser(member.user, url(connection)) as browser:
            await browser.next()
            await wait_until_connected(browser)
            await inside(connection, lambda: team.switch(member, on=False, actor=administrator))
            return await browser.rest()  # sooner than the reader is checked anyway

    assert async_to_sync(scenario)()[-1] == "event: close\ndata: \n\n"


def test_an_open_page_holds_no_database_connection(connection, user):
    """A web process has eight for everybody: as many open pages would have stopped it."""

    async def scenario():
        async with Browser(user, url(connection)) as browser:
            await browser.next()
            return await sync_to_async(lambda: database.connection, thread_sensitive=True)()

    assert async_to_sync(scenario)() is None


def test_nobody_opens_streams_without_end(connection, user, monkeypatch):
    monkeypatch.setattr(stream, "STREAMS_PER_PERSON", 1)
    a_pull(connection)

    async def scenario():
        async with Browser(user, url(connection)) as one:
            await one.next()
            refused = await one.client.get(url(connection))
        again = await one.client.get(url(connection))
        return refused.status_code, again.status_code

    assert async_to_sync(scenario)() == (429, 200)


def test_strangers_and_foreign_companies_get_no_stream(connection, user):
    elsewhere = CompanyFactory()
    foreign = url(connection).replace(str(connection.company_id), str(elsewhere.pk))
    stranger = UserFactory()

    async def status(person, address):
        client = AsyncClient()
        await client.aforce_login(person)
        return (await client.get(address)).status_code

    assert async_to_sync(status)(user, foreign) == 404
    assert async_to_sync(status)(stranger, url(connection)) == 404


def test_who_is_not_signed_in_is_refused_not_sent_to_a_form(connection):
    answer = Client().get(url(connection), headers={"Accept": "text/event-stream"})

    assert answer.status_code == 401


def test_the_summary_is_told_of_pulls_it_does_not_list(connection, user):
    together = {"batch": uuid4(), "requested_at": timezone.now()}
    a_pull(connection, "company", PullStatus.FETCHING, **together)
    for _ in range(12):
        a_pull(connection, "company", **together)
    last = a_pull(connection, "profitAndLoss", PullStatus.FETCHING, **together)

    def finish():
        Pull.objects.filter(pk=last.pk).update(status=PullStatus.COMPLETE)
        events.announce(connection.organization_id, connection.company_id)

    async def scenario():
        async with Browser(user, url(connection, page="summary")) as browser:
            first = await browser.next()
            await inside(connection, finish)
            return first, await browser.next()

    first, second = async_to_sync(scenario)()

    assert str(last.pk) not in first
    assert "Refresh: 12 of 14 complete" in first
    assert "Refresh: 13 of 14 complete" in second


def test_an_error_that_comes_without_an_event_is_told(connection, user):
    a_pull(connection)

    def break_it():
        Connection.objects.filter(pk=connection.pk).update(has_active_error=True)
        events.announce(connection.organization_id, connection.company_id)

    async def scenario():
        async with Browser(user, url(connection, page="summary")) as browser:
            await browser.next()
            await inside(connection, break_it)
            return await browser.next()

    assert 'data-shape="triangle">Error' in async_to_sync(scenario)()


def test_one_pull_is_followed_to_its_end(connection, user, monkeypatch):
    monkeypatch.setattr(stream, "CHECK_SECONDS", 0.1)
    monkeypatch.setattr(stream, "ANNOUNCE_SECONDS", 0)
    pull = a_pull(connection, status=PullStatus.FETCHING, progress=20)

    def go_on(**fields):
        Pull.objects.filter(pk=pull.pk).update(**fields)
        events.announce(connection.organization_id, connection.company_id)

    async def scenario():
        async with Browser(user, pull_url(pull)) as browser:
            first = await browser.next()
            await inside(connection, lambda: go_on(progress=60))
            second = await browser.next()
            done = {"status": PullStatus.COMPLETE, "fetched": 7, "added": 7}
            await inside(connection, lambda: go_on(**done, completed_at=timezone.now()))
            last = await browser.next()
            return first, second, last, "".join(await browser.rest())

    first, second, last, rest = async_to_sync(scenario)()

    assert 'hx-target="#live-pull"' in first
    assert '<progress max="100" value="20"' in first
    assert '<progress max="100" value="60"' in second
    assert "<progress" not in last
    assert '<hx-partial hx-target="#live-mark" hx-swap="innerMorph"></hx-partial>' in last
    assert "<dt>Added</dt><dd>7</dd>" in last
    assert "event: announce" in rest
    assert "Invoices: Complete" in rest
    assert rest.rstrip().endswith("event: close\ndata:")


def test_a_pull_shows_nobody_what_their_role_does_not_see(connection, user):
    pull = a_pull(connection, status=PullStatus.FETCHING)
    with tenancy.entered(connection.organization_id):
        RejectedRecord.objects.create(
            organization=connection.organization,
            pull=pull,
            source_id="INV-7",
            reason="No",
            raw="{}",
        )

    async def first():
        async with Browser(user, pull_url(pull)) as browser:
            return await browser.next()

    assert "INV-7" in async_to_sync(first)()
    with tenancy.entered(connection.organization_id):
        Membership.objects.filter(user=user).update(role=Role.ONBOARDING)
    assert "INV-7" not in async_to_sync(first)()


def test_a_pull_of_another_company_is_not_followed(connection, user):
    elsewhere = ConnectionFactory(company=CompanyFactory(organization=connection.organization))
    pull = a_pull(elsewhere, status=PullStatus.FETCHING)
    address = pull_url(pull).replace(str(pull.company_id), str(connection.company_id))
    browser = Client()
    browser.force_login(user)

    assert browser.get(address).status_code == 404


def test_an_open_page_goes_on_in_the_language_it_was_opened_in(user, connection, brackets):
    a_pull(connection, status=PullStatus.CANCELLED)

    async def watch():
        async with Browser(user, url(connection), **{"Accept-Language": LANGUAGE}) as browser:
            first = await browser.next()
            await sync_to_async(a_pull)(connection, status=PullStatus.CANCELLED)
            await sync_to_async(events.announce)(connection.organization_id, connection.company_id)
            return first, await browser.next()

    for message in async_to_sync(watch)():
        assert "⟦Cancelled⟧" in message


def viewer_of(connection, user, *, zone=UTC):
    """Somebody who is signed in and has the history open."""
    client = Client()
    client.force_login(user)
    return stream.Viewer(
        organization_id=connection.organization_id,
        company_id=connection.company_id,
        watcher=Watcher(user.pk, client.session.session_key or ""),
        view=stream.View(
            zone=zone, language="en-gb", page="history", filter=PullFilter(), pull_id=None
        ),
        memory=stream.Memory(),
    )


def test_those_to_whom_the_same_is_to_be_told_are_told_by_one_look(connection, user):
    a_pull(connection)
    reader = MembershipFactory(organization=connection.organization, role=Role.ADVISOR).user
    leaver = MembershipFactory(organization=connection.organization).user
    viewers = [
        viewer_of(connection, user),
        viewer_of(connection, user),
        viewer_of(connection, user, zone=ZoneInfo("Asia/Tokyo")),
        viewer_of(connection, reader),
        viewer_of(connection, leaver),
    ]
    with tenancy.entered(connection.organization_id):
        leave(leaver)

    one, same, abroad, other, gone = stream.look(viewers)

    assert one is same
    assert len({id(news) for news in (one, abroad, other)}) == 3
    assert all(news and b"pull-" in news.message for news in (one, abroad, other))
    assert gone is None


def test_a_look_asks_the_same_few_questions_for_any_number(
    connection, user, django_assert_max_num_queries
):
    a_pull(connection)
    viewers = [viewer_of(connection, user) for _ in range(20)]
    stream.look(viewers)  # opens each one's session once

    with django_assert_max_num_queries(10):
        again = stream.look(viewers)

    assert all(news is again[0] for news in again)


def test_a_session_is_opened_again_when_it_or_the_password_has_changed(connection, user):
    a_pull(connection)
    viewers = [viewer_of(connection, user), viewer_of(connection, user)]
    assert all(stream.look(viewers))

    Session.objects.filter(session_key=viewers[0].watcher.session_key).delete()
    first, second = stream.look(viewers)
    change_password(user)

    assert first is None
    assert second is not None
    assert stream.look(viewers) == [None, None]


def test_a_look_that_fails_fails_for_all_and_the_next_goes_on(connection, user, monkeypatch):
    a_pull(connection)
    viewers = [viewer_of(connection, user), viewer_of(connection, user)]
    answers = [DatabaseError("gone"), "news"]

    async def looked(waiting):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [answer] * len(waiting)

    monkeypatch.setattr(stream, "_look", looked)

    async def scenario():
        together = stream._together()
        failed = await asyncio.gather(*map(together.look, viewers), return_exceptions=True)
        return failed, await asyncio.gather(*map(together.look, viewers))

    failed, told = async_to_sync(scenario)()

    assert [type(each) for each in failed] == [DatabaseError, DatabaseError]
    assert told == ["news", "news"]

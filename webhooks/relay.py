"""The delivering process: takes the outbox, and makes the attempts that are due.

It is rung through Redis and looks by itself otherwise. Any number of relays may run; killing one
loses nothing. The database is asked in a few threads, endpoints are waited for in none.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from companies.events import RELAY_CHANNEL
from portal import logs, metrics, ringing, tracing
from portal.doorbell import Bell, switchboard
from webhooks import claims, outbox, sending, tasks
from webhooks.models import Attempt
from webhooks.schedule import SCHEDULE, Schedule

logger = logging.getLogger(__name__)

#: Requests at once, and how many of them one organization may have: a tenant with many endpoints
#: that hang leaves room for the others.
MOST = 400
MOST_OF_ONE = 100
#: Without a ring.
_LOOK_EVERY = 1.0
#: Ends that come close together are one reason to look.
_SHORTEST = 0.02
#: A consumer that can be sent no more now: others have all of its places.
_LEFT_ALONE = 0.2
_AFTER_TROUBLE = 2.0
_THREADS = 6
_LAST_WORDS = 5.0


class Relay:
    def __init__(
        self,
        *,
        schedule: Schedule = SCHEDULE,
        most: int = MOST,
        on_alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._schedule = schedule
        self._most = most
        self._on_alive = on_alive
        self._connections: list[BaseDatabaseWrapper] = []
        self._threads = ThreadPoolExecutor(
            _THREADS, thread_name_prefix="relay", initializer=self._enter_thread
        )
        self._running: set[asyncio.Task[None]] = set()
        self._busy: Counter[UUID] = Counter()
        self._crowding: Counter[UUID] = Counter()
        self._left_alone: dict[UUID, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is on its way then has a moment to arrive."""
        board = switchboard(settings.REDIS_URL)
        self._client = sending.new_client(
            most=self._most, allow_private=settings.ALLOW_PRIVATE_ADDRESSES
        )
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._client)
            heard = await stack.enter_async_context(board.bell(RELAY_CHANNEL, topic=""))
            # Rung by itself too, whenever there may be something new to send.
            self._due = await stack.enter_async_context(board.bell(RELAY_CHANNEL, topic=""))
            loops = [
                asyncio.create_task(self._take_outbox(heard)),
                asyncio.create_task(self._make_attempts()),
            ]
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait([*loops, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in (*loops, stopping):
                if not task.done():
                    task.cancel()
            results = await asyncio.gather(*loops, stopping, return_exceptions=True)
            if self._running:
                await asyncio.wait(self._running, timeout=_LAST_WORDS)
            for task in list(self._running):
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
        self._threads.shutdown()
        await asyncio.to_thread(self._hang_up)
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _enter_thread(self) -> None:
        """Note the thread's connection, which nobody else could close in the end."""
        own = connections[DEFAULT_DB_ALIAS]
        own.inc_thread_sharing()
        self._connections.append(own)

    def _hang_up(self) -> None:
        for each in self._connections:
            each.close()

    async def _take_outbox(self, bell: Bell) -> None:
        while True:
            self._on_alive()
            try:
                taken, with_emails = await self._ask(outbox.relay)
            except (DatabaseError, InterfaceError) as trouble:
                logger.warning("the outbox waits: %s", trouble)
                await asyncio.sleep(_AFTER_TROUBLE)
                continue
            if taken:
                self._due.ring()
                await self._ask(_ring_for_emails, with_emails)
            else:
                await bell.heard(within=_LOOK_EVERY)

    async def _make_attempts(self) -> None:
        while True:
            try:
                started, rest = await self._start_due()
            except (DatabaseError, InterfaceError) as trouble:
                logger.warning("deliveries wait: %s", trouble)
                await asyncio.sleep(_AFTER_TROUBLE)
                continue
            if not started:
                await self._due.heard(within=rest)
                await asyncio.sleep(_SHORTEST)

    async def _start_due(self) -> tuple[int, float]:
        """Begin what may be sent now; answer how much, and for how long there will be nothing."""
        started, rest = 0, _LOOK_EVERY
        now = asyncio.get_running_loop().time()
        self._left_alone = {key: at for key, at in self._left_alone.items() if at > now}
        for waiting in await self._ask(claims.waiting):
            if waiting.seconds > 0:
                rest = min(rest, waiting.seconds)
                break
            room = min(
                self._most - len(self._running),
                MOST_OF_ONE - self._crowding[waiting.organization_id],
                claims.PER_CONSUMER - self._busy[waiting.consumer_id],
            )
            if room < 1:
                continue
            if waiting.consumer_id in self._left_alone:
                rest = min(rest, _LEFT_ALONE)
                continue
            claimed = await self._ask(self._claim, waiting, room)
            if claimed is None:
                rest = _SHORTEST
            elif not claimed:
                self._left_alone[waiting.consumer_id] = now + _LEFT_ALONE
                rest = min(rest, _LEFT_ALONE)
            for claim in claimed or ():
                self._start(claim)
                started += 1
        return started, max(rest, _SHORTEST)

    def _claim(self, waiting: claims.Waiting, room: int) -> list[claims.Claim] | None:
        return claims.claim(
            waiting.organization_id, waiting.consumer_id, most=room, schedule=self._schedule
        )

    def _start(self, claim: claims.Claim) -> None:
        self._busy[claim.consumer_id] += 1
        self._crowding[claim.organization_id] += 1
        task = asyncio.create_task(self._deliver(claim))
        self._running.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._running.discard(task)
            for counter, key in (
                (self._busy, claim.consumer_id),
                (self._crowding, claim.organization_id),
            ):
                counter[key] -= 1
                if not counter[key]:
                    del counter[key]
            if not task.cancelled() and (error := task.exception()):
                logger.error("delivery %s stays leased: %r", claim.delivery_id, error)
            self._due.ring()

        task.add_done_callback(ended)

    async def _deliver(self, claim: claims.Claim) -> None:
        with logs.about(organization_id=claim.organization_id, delivery_id=claim.delivery_id):
            await self._finish_whenever(claim, await self._attempt(claim))

    async def _attempt(self, claim: claims.Claim) -> claims.Result:
        with tracing.span(
            "webhook attempt",
            kind="client",
            parent=claim.trace,
            organization_id=str(claim.organization_id),
            delivery_id=str(claim.delivery_id),
        ) as span:
            result = await sending.attempt(self._client, claim, self._schedule)
            span.set(outcome=result.outcome, status_code=result.status_code or 0)
            if result.outcome != Attempt.Outcome.OK:
                span.fail(result.outcome)
        metrics.WEBHOOK_ATTEMPTS.add(result.outcome)
        metrics.WEBHOOK_SECONDS.observe(seconds=result.milliseconds / 1000)
        return result

    async def _finish_whenever(self, claim: claims.Claim, result: claims.Result) -> None:
        """Write what came of it, as soon as the database lets us."""
        until = asyncio.get_running_loop().time() + self._schedule.lease.total_seconds()
        while True:
            try:
                await self._ask(self._finish, claim, result)
            except (DatabaseError, InterfaceError) as trouble:
                logger.warning("the end of delivery %s waits: %s", claim.delivery_id, trouble)
                if asyncio.get_running_loop().time() > until:
                    return  # it is due again, and comes again under the same id
                await asyncio.sleep(_AFTER_TROUBLE)
            else:
                return

    def _finish(self, claim: claims.Claim, result: claims.Result) -> bool:
        return claims.finish(claim, result, schedule=self._schedule)

    async def _ask[**P, R](self, question: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Ask the database in a thread of our own; each keeps its connection while that is good."""

        def asked() -> R:
            try:
                return question(*args, **kwargs)
            except (DatabaseError, InterfaceError):
                connection.close()
                raise

        return await asyncio.get_running_loop().run_in_executor(self._threads, asked)


def _ring_for_emails(organizations: set[UUID]) -> None:
    for organization_id in organizations:
        ringing.ring(tasks.send_alerts, expires=60, organization_id=organization_id)

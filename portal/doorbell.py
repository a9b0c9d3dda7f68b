"""One Redis subscription per process, fanned out to everybody who watches a page in it.

A bell says only that something changed: whoever hears it reads the database. Rings that come
faster than they are heard are one ring, so a slow reader never piles anything up.
"""

import asyncio
import logging
from asyncio import AbstractEventLoop
from contextlib import suppress
from typing import Self
from weakref import WeakKeyDictionary

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

logger = logging.getLogger(__name__)

_RECONNECT_SECONDS = 2.0


class Bell:
    """Rings for one watcher while its block is entered: a queue that holds one ring."""

    def __init__(self, switchboard: "Switchboard", channel: str, topic: str) -> None:
        self.channel = channel
        self.topic = topic
        self._switchboard = switchboard
        self._is_rung = False
        self._waiting: asyncio.Future[None] | None = None
        #: When whoever waits gives up, and what wakes them then. It stays set when a ring comes
        #: first: thousands of pages that are rung for would leave as many that are not needed.
        self._ends_at = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        await self._switchboard.add(self)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.silence()
        await self._switchboard.remove(self)

    @property
    def is_connected(self) -> bool:
        """Whether rings can be heard at all; when not, look at the clock instead."""
        return self._switchboard.is_connected

    def ring(self) -> None:
        self._is_rung = True
        self._wake()

    def forget(self) -> None:
        """Take what rang so far: whoever looks now sees what it was for."""
        self._is_rung = False

    async def heard(self, *, within: float) -> bool:
        """Wait for a ring, and take it."""
        if not self._is_rung:
            loop = asyncio.get_running_loop()
            self._waiting, self._ends_at = loop.create_future(), loop.time() + within
            if self._alarm is None or self._alarm.when() > self._ends_at:
                self._set_alarm(loop)
            try:
                await self._waiting
            finally:
                self._waiting = None
        rung, self._is_rung = self._is_rung, False
        return rung

    def silence(self) -> None:
        """Take the alarm back: nobody will wait any more."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _set_alarm(self, loop: AbstractEventLoop) -> None:
        self.silence()
        self._alarm = loop.call_at(self._ends_at, self._give_up, loop)

    def _give_up(self, loop: AbstractEventLoop) -> None:
        self._alarm = None
        if self._waiting is None:
            return
        if loop.time() < self._ends_at:  # somebody began to wait anew meanwhile
            self._set_alarm(loop)
        else:
            self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class Switchboard:
    """The subscription of one event loop, held as long as anybody watches."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._bells: dict[str, set[Bell]] = {}
        self._pubsub: PubSub | None = None
        self._listener: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        return self._pubsub is not None

    def bell(self, channel: str, *, topic: str) -> Bell:
        """Return a bell that rings for what is published there with this topic, or with none."""
        return Bell(self, channel, topic)

    async def add(self, bell: Bell) -> None:
        watchers = self._bells.setdefault(bell.channel, set())
        watchers.add(bell)
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())
        elif len(watchers) == 1:
            await self._tell("subscribe", bell.channel)

    async def remove(self, bell: Bell) -> None:
        watchers = self._bells[bell.channel]
        watchers.discard(bell)
        if not watchers:
            del self._bells[bell.channel]
            await self._tell("unsubscribe", bell.channel)
        if not self._bells:
            await self._stop()

    async def _tell(self, command: str, channel: str) -> None:
        """Change the subscription; a broken one is made anew by the listener, with all channels."""
        if self._pubsub is not None:
            with suppress(redis.RedisError, OSError):
                await getattr(self._pubsub, command)(channel)

    async def _stop(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.cancel()
            with suppress(asyncio.CancelledError):
                await listener

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except (redis.RedisError, OSError) as error:
                logger.warning("live pages look at the clock until Redis is back: %s", error)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _hear(self) -> None:
        client = redis.asyncio.Redis.from_url(
            self._url,
            decode_responses=True,
            socket_connect_timeout=2,
            health_check_interval=15,
            # Reconnecting is ours: whoever watches must be rung, since rings were missed.
            retry=Retry(NoBackoff(), 0),
        )
        async with client, client.pubsub() as pubsub:
            subscribed: set[str] = set()
            while missing := self._bells.keys() - subscribed:  # some may come while we subscribe
                await pubsub.subscribe(*missing)
                subscribed |= missing
            self._pubsub = pubsub
            try:
                self._ring_everybody()
                while True:
                    message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=10)
                    if message is not None:
                        self._ring(message["channel"], message["data"])
            finally:
                if self._pubsub is pubsub:
                    self._pubsub = None

    def _ring(self, channel: str, topic: str) -> None:
        for bell in self._bells.get(channel, ()):
            if not topic or topic == bell.topic:
                bell.ring()

    def _ring_everybody(self) -> None:
        for watchers in self._bells.values():
            for bell in watchers:
                bell.ring()


_switchboards: WeakKeyDictionary[AbstractEventLoop, Switchboard] = WeakKeyDictionary()


def switchboard(url: str) -> Switchboard:
    """Return this event loop's own: a process that serves has exactly one."""
    return _switchboards.setdefault(asyncio.get_running_loop(), Switchboard(url))

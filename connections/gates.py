"""The gate before a platform, shared by all our processes through Valkey, or Redis.

Four things are kept for each registration of ours at a platform, all by Valkey's own clock:

- buckets: a request takes a token, which comes back when the vendor's window has passed over it, to
  a sixtieth of the window. Never more is asked than allowed, and all of it may be asked at once.
  The vendor counts when a request arrives, which is at the latest when its answer does: from then
  on the token is out.
- a hold: an organization whose platform asks us to come back later is not asked before.
- slots: so many requests at the same time, each lent for a while: a killed worker's comes back.
- a breaker: when half of at least twenty requests of a minute failed, nobody asks for half a
  minute; then one tries, and the others wait for what comes of it.

PostgreSQL is the truth and this a courtesy: without Valkey each process keeps to a part of the
limits by itself, and nobody notices but the log.
"""

import hashlib
import logging
import random
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import Any
from uuid import UUID, uuid4

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from connections.models import Connection
from connections.platforms import get_platform
from connections.platforms.base import Credentials, Platform, PlatformApp
from connections.platforms.gates import Limits, Rate, Ticket
from connections.platforms.http import TOTAL_SECONDS

logger = logging.getLogger(__name__)

#: A request ends within a minute; whoever holds a slot for longer was killed.
LEASE_SECONDS = TOTAL_SECONDS + 30
#: After so many requests in a minute half of which failed …
FEWEST_CALLS = 20
#: … nobody asks for so long.
OPEN_SECONDS = 30
#: Whoever says to come back in a year is asked again after so long.
LONGEST_HOLD_SECONDS = 15 * 60
#: Of what the vendor allows a process takes so much by itself while Valkey does not answer.
LOCAL_SHARE = 8
#: Nobody waits for Valkey: after a failure it is not asked for a while.
_VALKEY_SECONDS = 0.3
_AVOIDED_SECONDS = 5.0
#: Slots come back after a request's length, which nobody knows.
_SLOT_POLL = (0.1, 0.4)
_KEPT_MS = 600_000

_ENTER = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local breaker, slots, held = KEYS[1], KEYS[2], KEYS[3]
local ticket, lease, at_once = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local shut = redis.call('HMGET', breaker, 'until', 'probe', 'since')
local is_probe = false
if shut[1] then
  local wait = math.max(tonumber(shut[1]) - now, 0)
  if wait == 0 and shut[2] and tonumber(shut[2]) > now then wait = 5000 end
  if wait > 0 then return {'outage', wait, shut[3]} end
  is_probe = true
end

local asked_to_wait = redis.call('PTTL', held)
if asked_to_wait > 0 then return {'held', asked_to_wait} end

local parts = {}
for i = 4, #KEYS do
  local limit, span = tonumber(ARGV[i * 2 - 4]), tonumber(ARGV[i * 2 - 3])
  local part = span / 60
  local this = math.floor(now / part)
  local used, taken = 0, {}
  local all = redis.call('HGETALL', KEYS[i])
  for j = 1, #all, 2 do
    local index = tonumber(all[j])
    if index < this - 60 then
      redis.call('HDEL', KEYS[i], all[j])
    else
      used = used + tonumber(all[j + 1])
      taken[#taken + 1] = {index, tonumber(all[j + 1])}
    end
  end
  if used >= limit then
    table.sort(taken, function(a, b) return a[1] < b[1] end)
    for _, each in ipairs(taken) do
      used = used - each[2]
      if used < limit then
        return {'bucket', math.ceil((each[1] + 61) * part - now), i - 3}
      end
    end
  end
  parts[i] = {this, span + 2 * part}
end

if at_once > 0 then
  redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
  if redis.call('ZCARD', slots) >= at_once then return {'slot', 0} end
  redis.call('ZADD', slots, now + lease, ticket)
  redis.call('PEXPIRE', slots, lease)
end
for i, each in pairs(parts) do
  redis.call('HINCRBY', KEYS[i], each[1], 1)
  redis.call('PEXPIRE', KEYS[i], math.ceil(each[2]))
end
if is_probe then redis.call('HSET', breaker, 'probe', now + lease, 'prober', ticket) end
return {'go', now}
"""

_HOLD = """
local wait = tonumber(ARGV[1])
if redis.call('PTTL', KEYS[1]) < wait then redis.call('SET', KEYS[1], '', 'PX', wait) end
return ''
"""

_LEAVE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local breaker, slots, calls = KEYS[1], KEYS[2], KEYS[3]
local ticket, outcome = ARGV[1], ARGV[2]
local fewest, open_for, kept = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local entered = tonumber(ARGV[6])

redis.call('ZREM', slots, ticket)
for i = 4, #KEYS do
  local span = tonumber(ARGV[i + 3])
  local part = span / 60
  local first, last = math.floor(entered / part), math.floor(now / part)
  if first < last then
    local there = redis.call('HEXISTS', KEYS[i], first) == 1
    if there and redis.call('HINCRBY', KEYS[i], first, -1) <= 0 then
      redis.call('HDEL', KEYS[i], first)
    end
    redis.call('HINCRBY', KEYS[i], last, 1)
    redis.call('PEXPIRE', KEYS[i], math.ceil(span + 2 * part))
  end
end
local shut = redis.call('HMGET', breaker, 'until', 'prober')
if shut[1] then
  if shut[2] ~= ticket then return '' end
  if outcome == 'ok' then
    redis.call('DEL', breaker, calls)
    return 'closed'
  end
  redis.call('HDEL', breaker, 'probe', 'prober')
  if outcome == 'bad' then
    redis.call('HSET', breaker, 'until', now + open_for)
    redis.call('PEXPIRE', breaker, open_for + kept)
  end
  return ''
end
if outcome == '' then return '' end

local this = math.floor(now / 6000)
redis.call('HINCRBY', calls, this .. ' ' .. outcome, 1)
redis.call('PEXPIRE', calls, 66000)
local total, bad = 0, 0
local all = redis.call('HGETALL', calls)
for j = 1, #all, 2 do
  local index, kind = string.match(all[j], '^(%d+) (%a+)$')
  if tonumber(index) <= this - 10 then
    redis.call('HDEL', calls, all[j])
  else
    total = total + tonumber(all[j + 1])
    if kind == 'bad' then bad = bad + tonumber(all[j + 1]) end
  end
end
if total < fewest or bad * 2 < total then return '' end
redis.call('HSET', breaker, 'until', now + open_for, 'since', now)
redis.call('PEXPIRE', breaker, open_for + kept)
redis.call('DEL', calls)
return 'opened'
"""


def gate_before(connection: Connection, app: PlatformApp, credentials: Credentials) -> "SharedGate":
    """Return the gate to the accounting organization that a connection reaches."""
    return gate_to(
        get_platform(connection.platform),
        app,
        credentials,
        owner=connection.organization_id,
        otherwise=connection.platform_company_id or str(connection.pk),
    )


def gate_to(
    platform: type[Platform],
    app: PlatformApp,
    credentials: Credentials,
    *,
    owner: UUID,
    otherwise: str,
) -> "SharedGate":
    """Return the gate to the books that credentials open, which may not be linked yet.

    A vendor's limits and outages concern all who come with the same registration. A server of a
    customer's own concerns nobody but whoever named its address, the ``owner``. ``otherwise``
    names the books where credentials do not.
    """
    url = platform.api_url(app, credentials)
    whose = app.client_id if platform.redirects else str(owner)
    return SharedGate(
        name=platform.name,
        app=_key(platform.key, url, whose),
        organization=_key(platform.organization_in(credentials) or otherwise),
        limits=platform.limits,
    )


def _key(*parts: str) -> str:
    return hashlib.blake2s("\n".join(parts).encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedGate:
    """Counts in Valkey; while that is down, by itself."""

    name: str
    #: Names the registration, and with the next one the accounting organization.
    app: str
    organization: str
    limits: Limits

    @property
    def _rates(self) -> list[tuple[str, Rate]]:
        """The buckets by name: in braces is what must lie together."""
        of_app = [(f"gate:{{{self.app}}}:{rate.seconds}", rate) for rate in self.limits.app]
        here = f"gate:{{{self.app}}}:{self.organization}"
        return of_app + [(f"{here}:{rate.seconds}", rate) for rate in self.limits.organization]

    @property
    def _slots(self) -> str:
        return f"gate:{{{self.app}}}:{self.organization}:slots"

    @property
    def _held(self) -> str:
        return f"gate:{{{self.app}}}:{self.organization}:held"

    @property
    def _breaker(self) -> str:
        return f"gate:{{{self.app}}}:breaker"

    def enter(self) -> Ticket:
        rates, ticket = self._rates, uuid4().hex
        keys = [self._breaker, self._slots, self._held, *(key for key, _ in rates)]
        arguments: list[Any] = [ticket, round(LEASE_SECONDS * 1000), self.limits.at_once or 0]
        for _, rate in rates:
            arguments += [rate.requests, rate.seconds * 1000]
        answer = _VALKEY.run("enter", keys, arguments)
        if answer is None:
            return _LOCAL.enter(rates, self._slots, self.limits.at_once, ticket)
        verdict, number = answer[0].decode(), int(answer[1])
        wait = number / 1000
        match verdict:
            case "outage":
                since = datetime.fromtimestamp(int(answer[2]) / 1000, UTC)
                return Ticket(wait=wait, outage_since=since)
            case "bucket":
                return Ticket(wait=wait, is_daily=rates[int(answer[2]) - 1][1].is_daily)
            case "held":
                return Ticket(wait=wait)
            case "slot":
                return Ticket(wait=_slot_wait())
            case _:
                return Ticket(id=ticket, entered=number)

    def hold(self, seconds: float) -> None:
        _VALKEY.run("hold", [self._held], [round(min(seconds, LONGEST_HOLD_SECONDS) * 1000)])

    def leave(self, ticket: Ticket, *, is_answered: bool | None) -> None:
        _LOCAL.leave(self._slots, ticket.id)
        # What went through while Valkey did not answer is in none of its buckets.
        rates = self._rates if ticket.entered else []
        told = _VALKEY.run(
            "leave",
            [self._breaker, self._slots, f"gate:{{{self.app}}}:calls", *(key for key, _ in rates)],
            [
                ticket.id,
                {None: "", True: "ok", False: "bad"}[is_answered],
                FEWEST_CALLS,
                OPEN_SECONDS * 1000,
                _KEPT_MS,
                ticket.entered,
                *(rate.seconds * 1000 for _, rate in rates),
            ],
        )
        if told == b"opened":
            logger.warning("%s does not answer: it is left alone, and tried again", self.name)
        elif told == b"closed":
            logger.warning("%s answers again", self.name)


def _slot_wait() -> float:
    return random.uniform(*_SLOT_POLL)  # noqa: S311 - spreads, not secret


class _Valkey:
    """Runs the scripts, or says at once that it cannot."""

    def __init__(self) -> None:
        self._avoided_until = 0.0
        self._is_down = False

    def run(self, name: str, keys: list[str], arguments: list[Any]) -> Any:
        if time.monotonic() < self._avoided_until:
            return None
        try:
            answer = _scripts()[name](keys=keys, args=arguments)
        except redis.RedisError as error:
            self._avoided_until = time.monotonic() + _AVOIDED_SECONDS
            if not self._is_down:
                self._is_down = True
                logger.warning(
                    "cannot share the platforms' limits (%s): this process takes a part of them",
                    type(error).__name__,
                )
            return None
        if self._is_down:
            self._is_down = False
            logger.warning("shares the platforms' limits again")
        return answer


@cache
def _scripts() -> dict[str, Any]:
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=_VALKEY_SECONDS,
        socket_connect_timeout=_VALKEY_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    scripts = {"enter": _ENTER, "hold": _HOLD, "leave": _LEAVE}
    return {name: client.register_script(script) for name, script in scripts.items()}


class _Local:
    """The same buckets and slots for this process alone, and a part of each; no breaker."""

    _MOST = 1000

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken: dict[str, deque[float]] = {}
        self._held: dict[str, dict[str, float]] = {}

    def enter(
        self, rates: list[tuple[str, Rate]], slots: str, at_once: int | None, ticket: str
    ) -> Ticket:
        now = time.monotonic()
        with self._lock:
            for key, rate in rates:
                taken = self._taken.get(key, ())
                share = max(1, rate.requests // LOCAL_SHARE)
                if len(taken) >= share and (wait := taken[-share] + rate.seconds - now) > 0:
                    return Ticket(wait=wait, is_daily=rate.is_daily)
            if at_once is not None:
                held = self._held.get(slots, {})
                held = {each: until for each, until in held.items() if until > now}
                if len(held) >= max(1, at_once // LOCAL_SHARE):
                    return Ticket(wait=_slot_wait())
                self._held[slots] = held | {ticket: now + LEASE_SECONDS}
            for key, rate in rates:
                taken = self._taken.pop(key, deque(maxlen=max(1, rate.requests // LOCAL_SHARE)))
                taken.append(now)
                self._taken[key] = taken  # the latest last: the oldest of many is forgotten
                if len(self._taken) > self._MOST:
                    del self._taken[next(iter(self._taken))]
        return Ticket(id=ticket)

    def leave(self, slots: str, ticket: str) -> None:
        with self._lock:
            held = self._held.get(slots)
            if held is not None:
                held.pop(ticket, None)
                if not held:
                    del self._held[slots]


_VALKEY = _Valkey()
_LOCAL = _Local()

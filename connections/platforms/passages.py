"""When a request may be made: through the gate, and not before its turn."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from connections.platforms.errors import RateLimited, Suspended
from connections.platforms.gates import Gate, Ticket, the_gate
from connections.platforms.refusals import is_failure
from connections.words import gettext_noop
from portal import metrics, tracing

type Sleep = Callable[[float], None]

#: Longer than this no worker sits still: who waits for a platform holds none.
LONGEST_PAUSE = 5.0
#: What never left us says nothing about the platform.
_OURS = (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.PoolTimeout)


@dataclass(slots=True)
class Outcome:
    """What came of a request, for the gate."""

    status: int = 0


@contextmanager
def passage(platform: str, sleep: Sleep) -> Iterator[Outcome]:
    """Make one request in the block, when it is its turn.

    :raises RateLimited: when that is longer than a worker should sit still.
    :raises Suspended: when the platform is left alone for a while.
    """
    gate, outcome = the_gate(), Outcome()
    if gate is None:
        with _measured(platform, outcome):
            yield outcome
        return
    ticket = _admitted(gate, platform, sleep)
    is_answered = None
    try:
        with _measured(platform, outcome):
            yield outcome
        is_answered = not is_failure(outcome.status)
    except httpx.TransportError as error:
        is_answered = None if isinstance(error, _OURS) else False
        raise
    finally:
        gate.leave(ticket, is_answered=is_answered)


@contextmanager
def _measured(platform: str, outcome: Outcome) -> Iterator[None]:
    """Count and time a request, from when it may be made."""
    try:
        with (
            tracing.span("platform request", kind="client", platform=platform) as span,
            metrics.timed(metrics.PLATFORM_SECONDS, platform),
        ):
            yield
            span.set(status_code=outcome.status)
    finally:
        status = f"{outcome.status // 100}xx" if outcome.status else "none"
        metrics.PLATFORM_REQUESTS.add(platform, status)


def _admitted(gate: Gate, platform: str, sleep: Sleep) -> Ticket:
    waited = 0.0
    while True:
        ticket = gate.enter()
        if ticket.wait <= 0:
            return ticket
        if ticket.outage_since is not None:
            raise Suspended(
                gettext_noop("%(platform)s does not answer at the moment."),
                {"platform": platform},
                retry_after=ticket.wait,
                since=ticket.outage_since,
                detail="left alone for a while",
            )
        waited += ticket.wait
        if waited > LONGEST_PAUSE:
            raise RateLimited(
                gettext_noop("%(platform)s allows no more requests at the moment."),
                {"platform": platform},
                retry_after=ticket.wait,
                is_daily=ticket.is_daily,
                was_asked=False,
                detail="held back by our own count",
            )
        sleep(ticket.wait)


def pause(platform: str, seconds: float, sleep: Sleep) -> None:
    """Wait for the next request's turn rather than run into the platform's limit.

    :raises RateLimited: when that takes longer than a worker should sit still.
    """
    if seconds > LONGEST_PAUSE:
        raise RateLimited(
            gettext_noop("%(platform)s asks us to slow down."),
            {"platform": platform},
            retry_after=seconds,
            was_asked=False,
            detail="no request left this minute",
        )
    if seconds > 0:
        sleep(seconds)

"""What stands before a platform: who may ask it now, and how long the others wait.

Adapters declare `Limits`; `http` asks the gate before every request and tells it afterwards what
came of it. Where the counts are kept is up to whoever opens a gate.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

__all__ = ["DAY", "MINUTE", "SECOND", "Gate", "Limits", "Rate", "Ticket", "gated", "the_gate"]

SECOND, MINUTE, DAY = 1, 60, 86_400


class Rate(NamedTuple):
    """So many requests in any so many seconds."""

    requests: int
    seconds: int

    @property
    def is_daily(self) -> bool:
        return self.seconds >= DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How often a platform answers, as its documentation says."""

    #: All that one registration of ours may ask, whomever for.
    app: tuple[Rate, ...] = ()
    #: What may be asked of one accounting organization.
    organization: tuple[Rate, ...] = ()
    #: How many requests one accounting organization answers at the same time.
    at_once: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The right to make one request, or how long it is until it is worth asking again."""

    id: str = ""
    #: When, in milliseconds by the clock of whoever counts.
    entered: int = 0
    wait: float = 0.0
    #: What is waited for is a day's allowance.
    is_daily: bool = False
    #: The platform does not answer since then, and is left alone.
    outage_since: datetime | None = None


class Gate(Protocol):
    """Before one accounting organization at one platform; never raises, and never takes long."""

    def enter(self) -> Ticket:
        """Count a request in, or say how long to wait."""

    def hold(self, seconds: float) -> None:
        """Let nobody in for so long: the platform asked us to come back later."""

    def leave(self, ticket: Ticket, *, is_answered: bool | None) -> None:
        """Give the place back; None says nothing about the platform's health."""


_gate: ContextVar[Gate | None] = ContextVar("gate", default=None)


def the_gate() -> Gate | None:
    return _gate.get()


@contextmanager
def gated(gate: Gate) -> Iterator[None]:
    """Let every request of the block, by this thread, pass a gate."""
    token = _gate.set(gate)
    try:
        yield
    finally:
        _gate.reset(token)

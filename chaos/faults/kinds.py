"""What a fault is, and all that can be broken."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from chaos import sink

if TYPE_CHECKING:
    from chaos.control import Control
    from chaos.database import Database
    from chaos.rig import Rig
    from chaos.scenario import Scenario
    from chaos.viewers import Viewers

type Undo = Callable[[], None]
type Apply = Callable[["World"], tuple[str, Undo | None]]


@dataclass
class World:
    """All that can be broken."""

    rig: "Rig"
    database: "Database"
    control: "Control"
    scenario: "Scenario"
    sink: sink.Sink
    viewers: "Viewers"
    random: Random

    def some_grant(self) -> str | None:
        books = self.scenario.books
        return self.random.choice(books).grants[-1] if books else None


@dataclass(frozen=True)
class Kind:
    """A kind of fault, and how often it is among others."""

    name: str
    plan: str
    weight: float
    apply: Apply
    #: What cannot be broken twice at once, nor while it starts.
    touches: str
    #: Whether pulls may fail of it, since the platform answers wrongly.
    excuses: bool = False
    #: Whether pages may fail of it.
    hides_web: bool = False
    #: Whether it has to be put right, and after how many seconds, from and to.
    lasts: bool = False
    seconds: tuple[float, float] = (2.0, 9.0)
    #: Whether it is among the faults of a run that names none.
    is_usual: bool = True


def kinds(
    plan: str,
    touches: str,
    applied: Mapping[str, tuple[float, Apply]],
    *,
    excuses: bool = False,
    hides_web: bool = False,
    seconds: tuple[float, float] | None = None,
    lasts: bool = False,
    is_usual: bool = True,
) -> Iterator[Kind]:
    for name, (weight, apply) in applied.items():
        yield Kind(
            name, plan, weight, apply, touches,
            excuses=excuses, hides_web=hides_web, lasts=lasts or seconds is not None,
            seconds=seconds or Kind.seconds, is_usual=is_usual,
        )  # fmt: skip

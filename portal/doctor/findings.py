"""What a check answers, and the finding it becomes under the check's id."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    #: As it should be.
    OK = "ok"
    #: Worth knowing; nothing has to be done, or not soon.
    NOTE = "note"
    #: Works, but will not for long, or not for everybody.
    WARNING = "warning"
    #: Does not work now, or what must hold does not.
    ERROR = "error"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found, what it means and what to do about it."""

    level: Level
    found: str
    means: str = ""
    remedy: str = ""
    #: False when it could not be asked: nothing is known of its subject then.
    is_asked: bool = True


#: One answer, or one for each of several things: of each queue, of each platform.
type Answers = Answer | Mapping[str, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    #: Stays the same from version to version: `database.migrations`.
    id: str
    answer: Answer

    @property
    def subject(self) -> str:
        return self.id.partition(".")[0]

    @property
    def level(self) -> Level:
        return self.answer.level

    @property
    def is_good(self) -> bool:
        """Whether what needs this can be asked."""
        return self.answer.is_asked and self.level != Level.ERROR


def ok(found: str) -> Answer:
    return Answer(level=Level.OK, found=found)


def note(found: str, means: str = "", remedy: str = "") -> Answer:
    return Answer(level=Level.NOTE, found=found, means=means, remedy=remedy)


def warning(found: str, means: str, remedy: str) -> Answer:
    return Answer(level=Level.WARNING, found=found, means=means, remedy=remedy)


def error(found: str, means: str, remedy: str) -> Answer:
    return Answer(level=Level.ERROR, found=found, means=means, remedy=remedy)


def graded(level: Level, found: str, means: str, remedy: str) -> Answer:
    """Say what it means and what to do only where something is wrong."""
    return (
        ok(found)
        if level == Level.OK
        else Answer(level=level, found=found, means=means, remedy=remedy)
    )


def not_asked(because: str) -> Answer:
    """Say that something before it failed, which is the finding to act upon."""
    return Answer(level=Level.NOTE, found=f"Not asked: {because}.", is_asked=False)


def unanswered(found: str, remedy: str = "") -> Answer:
    """Say that it was asked and nothing came of it: what it is about may be well or not."""
    return Answer(
        level=Level.WARNING,
        found=found,
        means="Nothing is known of this.",
        remedy=remedy or "Run doctor again; if it stays so, look into what it asks by hand.",
        is_asked=False,
    )


def findings(check_id: str, answers: Answers) -> list[Finding]:
    if isinstance(answers, Answer):
        return [Finding(id=check_id, answer=answers)]
    return [Finding(id=f"{check_id}.{part}", answer=each) for part, each in answers.items()]


def worst(found: Iterable[Finding]) -> Level:
    return max((each.level for each in found), key=lambda level: level.rank, default=Level.OK)


_NAMED = 5


def several(faults: Iterable[str]) -> str:
    """Name the first few, and count the others."""
    named = list(faults)
    more = f"; and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
    return "; ".join(named[:_NAMED]) + more

"""Two sets of facts laid side by side, and the reasons why they differ."""

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from api.contract.facts import REQUIRED, Facts

_HERE = Path(__file__).parent
FACTS = _HERE / "platform.json"
#: So many choices are not repeated as a whole.
_LONG = 4
_REASONS = _HERE / "reasons.toml"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why we differ. Its patterns are of the shell's kind, and match a difference's line."""

    why: str
    where: tuple[str, ...]

    def covers(self, line: str) -> bool:
        return any(fnmatchcase(line, _escaped(pattern)) for pattern in self.where)


@dataclass(frozen=True, slots=True)
class Difference:
    line: str
    reason: Reason | None


def read_facts() -> Facts:
    """Return the facts of the contract."""
    facts: Facts = json.loads(FACTS.read_text())
    return facts


def differences(ours: Facts, theirs: Facts) -> list[Difference]:
    """Return what differs, each with the first reason that covers it."""
    lines = [
        *(f"only there: {line}" for line in _missing(theirs, ours)),
        *(f"only here: {line}" for line in _missing(ours, theirs)),
    ]
    for name in sorted(theirs.keys() & ours.keys()):
        lines += _compared(name, theirs[name], ours[name])
    return [Difference(line, _reason(line)) for line in lines]


def _compared(name: str, there: str, here: str) -> Iterator[str]:
    type_there, type_here = there.removesuffix(REQUIRED), here.removesuffix(REQUIRED)
    if type_there != type_here:
        yield f"differs: {_shown(name)}: {_told(type_there, type_here)}"
    if there.endswith(REQUIRED) and not here.endswith(REQUIRED):
        yield f"required there: {_shown(name)}"
    if here.endswith(REQUIRED) and not there.endswith(REQUIRED):
        yield f"required here: {_shown(name)}"


def _told(there: str, here: str) -> str:
    """Of two lists of choices say only what is not in both."""
    choices_there, choices_here = there.split(" | "), here.split(" | ")
    if len(choices_there) < _LONG or len(choices_here) < _LONG:
        return f"{there} there, {here} here"
    only_there = [each for each in choices_there if each not in choices_here]
    only_here = [each for each in choices_here if each not in choices_there]
    parts = {"there": only_there, "here": only_here}
    return ", ".join(f"{' | '.join(found)} only {at}" for at, found in parts.items() if found)


def _shown(name: str) -> str:
    return name.removesuffix(" .")


def unused_reasons(found: Iterable[Difference]) -> list[str]:
    """Return the patterns that no difference needs (any more)."""
    lines = [each.line for each in found]
    return [
        pattern
        for reason in _reasons()
        for pattern in reason.where
        if not any(fnmatchcase(line, _escaped(pattern)) for line in lines)
    ]


def _missing(facts: Facts, others: Facts) -> list[str]:
    """Name what the others lack; what lies inside of something missing is not told again."""
    lacking = sorted(facts.keys() - others.keys())
    told: list[str] = []
    for name in lacking:
        if not any(name.startswith(_inside_of(each)) for each in told):
            told.append(name)
    return [f"{_shown(name)}: {facts[name]}" for name in told]


def _inside_of(name: str) -> tuple[str, ...]:
    stem = name.removesuffix(" .")
    return (f"{stem} ", f"{stem}[]", f"{stem}{{}}")


def _reason(line: str) -> Reason | None:
    return next((reason for reason in _reasons() if reason.covers(line)), None)


@cache
def _reasons() -> tuple[Reason, ...]:
    written = tomllib.loads(_REASONS.read_text())
    return tuple(Reason(each["why"], tuple(each["where"])) for each in written["reason"])


def _escaped(pattern: str) -> str:
    """Take brackets as they stand: paths of members are full of them."""
    return pattern.replace("[", "[[]")

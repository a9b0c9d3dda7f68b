"""Paths into a platform's own JSON, as an organization writes them: `$.lines[*].sku`.

The part of JSONPath that names members, places and all members of a list. Without `$.` in front a
path is read as if it were there, and `$[*]` at the beginning stands for each record.
"""

import re
from dataclasses import dataclass
from typing import Any, Self

LONGEST = 200
_MOST_STEPS = 20

_STEP = re.compile(
    r"\.(?P<name>[^.\[\]*$'\"]+)"
    r"|\[(?P<place>[0-9]{1,6})\]"
    r"|\[(?P<all>\*)\]"
    r"|\['(?P<single>[^']+)'\]"
    r'|\["(?P<double>[^"]+)"\]'
)


class BadPath(ValueError):
    """A text that is no such path, with the place where it stops to be one."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    #: A member's name, a place in a list, or None for all of a list.
    steps: tuple[str | int | None, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """:raises BadPath: with what is wrong."""
        if len(text) > LONGEST:
            raise BadPath(f"It is longer than {LONGEST} characters.")
        rest = text.removeprefix("$") if text.startswith("$") else f".{text}"
        offset = len(text) - len(rest)
        steps: list[str | int | None] = []
        at = 0
        while at < len(rest):
            found = _STEP.match(rest, at)
            if found is None:
                raise BadPath(
                    f"It cannot be read from character {max(at + offset, 0) + 1} on. Write members "
                    "as $.name or $['a name'], places as [0], and all of a list as [*]."
                )
            steps.append(_step(found))
            at = found.end()
        if steps[:1] == [None]:
            steps = steps[1:]
        if not steps:
            raise BadPath("It names no member.")
        if len(steps) > _MOST_STEPS:
            raise BadPath(f"It goes more than {_MOST_STEPS} steps deep.")
        return cls(tuple(steps))

    @property
    def root(self) -> str:
        """The member of the record that it begins with; empty where it begins with a place."""
        first = self.steps[0]
        return first if isinstance(first, str) else ""

    def of(self, record: Any) -> Any:
        """Return what is there; None where nothing is."""
        return _walk(record, self.steps)


def _step(found: re.Match[str]) -> str | int | None:
    if found["all"]:
        return None
    if found["place"]:
        return int(found["place"])
    name: str = found["name"] or found["single"] or found["double"]
    return name


def _walk(value: Any, steps: tuple[str | int | None, ...]) -> Any:
    for number, step in enumerate(steps):
        match step:
            case None if isinstance(value, list):
                return [_walk(each, steps[number + 1 :]) for each in value]
            case str() if isinstance(value, dict):
                value = value.get(step)
            case int() if isinstance(value, list) and step < len(value):
                value = value[step]
            case _:
                return None
    return value

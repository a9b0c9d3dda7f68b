"""What was found, for people and for programs. docs/operate.md tells the shape of the latter."""

import json
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from portal.doctor.findings import Finding, Level, worst

#: Of the JSON document; raised when a reader of the former one would go wrong.
SHAPE = 1

_MARKS = {Level.OK: "✓", Level.NOTE: "·", Level.WARNING: "!", Level.ERROR: "✗"}
_STYLES = {"ok": "32", "note": "36", "warning": "33", "error": "31", "title": "1"}
_TITLES = {
    "settings": "Settings",
    "keys": "Keys",
    "database": "Database",
    "valkey": "Valkey",
    "clock": "Clocks",
    "processes": "Processes",
    "work": "Work",
    "email": "E-mail",
    "outbound": "Outbound access",
    "disk": "Disk",
    "static": "Static files",
    "files": "Uploaded files",
}
_WIDEST = 120
_NARROWEST = 60
#: Room for a check's id, and where the words begin.
_ID = 22
_MARGIN = 13 + _ID


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    environment: str
    at: str
    seconds: float
    findings: Sequence[Finding]

    @property
    def worst(self) -> Level:
        return worst(self.findings)

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(each.level for each in self.findings)
        return {str(level): counted[level] for level in Level}

    @property
    def not_asked(self) -> int:
        return sum(not each.answer.is_asked for each in self.findings)


def as_json(report: Report) -> str:
    return json.dumps(
        {
            "version": SHAPE,
            "environment": report.environment,
            "askedAt": report.at,
            "seconds": report.seconds,
            "worst": report.worst,
            "counts": report.counts,
            "notAsked": report.not_asked,
            "findings": [_document(each) for each in report.findings],
        },
        ensure_ascii=False,
        indent=2,
    )


def _document(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "level": finding.level,
        "asked": finding.answer.is_asked,
        "found": finding.answer.found,
        "means": finding.answer.means,
        "remedy": finding.answer.remedy,
    }


def as_text(report: Report, *, in_color: bool) -> str:
    lines = [f"{report.environment}, {report.at}"]
    for subject, group in groupby(report.findings, key=lambda each: each.subject):
        lines += ["", _painted(_TITLES.get(subject, subject), "title", in_color)]
        lines += _group(list(group), in_color=in_color)
    counts = ", ".join(_counted(count, level) for level, count in report.counts.items())
    left_out = f" ({report.not_asked} could not be asked)" if report.not_asked else ""
    lines += ["", f"{counts}{left_out}. It took {report.seconds:.1f} seconds."]
    return "\n".join(lines)


def _group(group: Iterable[Finding], *, in_color: bool) -> Iterator[str]:
    width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((100, 24)).columns))
    for finding in group:
        answer = finding.answer
        word = _painted(f"{_MARKS[finding.level]} {finding.level:<7}", finding.level, in_color)
        first, *rest = _wrapped(answer.found, width)
        yield f"  {word} {finding.id:<{_ID}} {first}"
        yield from (f"{'':{_MARGIN}}{line}" for line in rest)
        for heading, told in (("Means", answer.means), ("Do", answer.remedy)):
            if told:
                first, *rest = _wrapped(told, width)
                yield f"{f'{heading}: ':>{_MARGIN}}{first}"
                yield from (f"{'':{_MARGIN}}{line}" for line in rest)


def _wrapped(text: str, width: int) -> list[str]:
    """Break between words only: commands are copied from here."""
    return textwrap.wrap(text, width - _MARGIN, break_long_words=False, break_on_hyphens=False) or [
        ""
    ]


def _counted(count: int, level: str) -> str:
    if level == Level.OK:
        return f"{count} ok"
    return f"{count} {level}{'' if count == 1 else 's'}"


def _painted(text: str, style: str, in_color: bool) -> str:  # noqa: FBT001 - private
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if in_color else text

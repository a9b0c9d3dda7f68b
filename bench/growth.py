"""What a record, a schedule and a page cost when there are ten to a thousand times as many.

As long as the lines stay level, the whole costs in proportion to what there is of it.
"""

import json
import subprocess
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import estate, pages, portfolio, schedule
from bench.contest import Contest
from bench.figures import Sheet
from bench.installation import Installation
from bench.invoices import Books
from bench.peers import CHART
from engines import locations

#: How much less than the most is measured besides.
DECADES = (1000, 100, 10, 1)
_EVERYTHING = "TRUNCATE companies_organization, companies_user CASCADE"
_ORGANIZATIONS = 10
_DUE = 1000
_PULLS_OF_A_COMPANY = 10


@dataclass(frozen=True)
class Plan:
    """The most of each kind."""

    records: int
    schedules: int
    companies: int
    rounds: int
    #: Of each page.
    calls: int

    @classmethod
    def of(cls, options: Namespace) -> "Plan":
        return cls(
            options.records, options.schedules, options.companies, options.rounds, options.calls
        )

    def sizes(self, most: int) -> list[int]:
        return [max(1, most // each) for each in DECADES]


def run(installation: Installation, plan: Plan, tell: Callable[[str], None]) -> list[Sheet]:
    measured = (
        _records(installation, plan, tell),
        _schedules(installation, plan, tell),
        _companies(installation, plan, tell),
    )
    return list(measured)


def _records(installation: Installation, plan: Plan, tell: Callable[[str], None]) -> Sheet:
    """Load them over one connection: what is merged at once grows with them."""
    contest = Contest(installation)
    sheet = Sheet("Records of a connection", ("loaded first, CPU µs each", "again, CPU µs each"))
    for size in plan.sizes(plan.records):
        tell(f"growth: {size:,} records")
        books = Books.write(installation.directory / f"books-{size}", size)
        took: dict[str, list[float]] = {"first": [], "second": []}
        for _ in range(plan.rounds):
            contest.sql(_EVERYTHING)
            ours = contest.contestant("load_ours", books.first, books.second, size, 1)
            for _name, phase, cost in contest.carried_out("", ours, size, tuple(took)):
                took[phase].append(cost.cpu / size * 1e6)
        sheet.add(f"{size:,}", took["first"], took["second"])
    return sheet


def _schedules(installation: Installation, plan: Plan, tell: Callable[[str], None]) -> Sheet:
    columns = ("a look when nothing is due, ms", "due at once, ms for a hundred")
    sheet = Sheet("Schedules", columns)
    with installation.connect() as database:
        for most in plan.sizes(plan.schedules):
            database.execute(_EVERYTHING)
            size = schedule.size_of(most)
            tell(f"growth: {size.schedules:,} schedules")
            estate.build(database, size)
            idle = schedule.idle()
            due = min(_DUE, size.schedules)
            each = [100 * 1000 / schedule.burst(database, due) for _ in range(plan.rounds)]
            sheet.add(f"{size.schedules:,}", idle, each)
    return sheet


def _companies(installation: Installation, plan: Plan, tell: Callable[[str], None]) -> Sheet:
    sheet = Sheet("Companies", tuple(f"{name}, p50 ms" for name in pages.OFTEN))
    with installation.connect() as database:
        for most in plan.sizes(plan.companies):
            database.execute(_EVERYTHING)
            tell(f"growth: {most:,} companies")
            shown = portfolio.build(database, _portfolio(most), tell)
            took = pages.often(shown, plan.rounds, plan.calls)
            sheet.add(f"{most:,}", *(took[name] for name in pages.OFTEN))
    return sheet


def _portfolio(companies: int) -> portfolio.Size:
    large = max(1, companies // 2)
    return portfolio.Size(
        min(_ORGANIZATIONS, companies), companies, large, companies * _PULLS_OF_A_COMPANY
    )


def draw(sheets: Sequence[Sheet], path: Path) -> None:
    """Draw them as an SVG, with a library that only this needs."""
    CHART.install()
    subprocess.run(
        [CHART.program("python"), "-m", "bench.chart", path],
        input=json.dumps([sheet.record() for sheet in sheets]),
        text=True,
        check=True,
        cwd=locations.PROJECT,
    )

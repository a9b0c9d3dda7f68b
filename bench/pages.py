"""How long the portal's pages take at a size that few will reach, at their start and at their end.

Pages are asked for by a signed-in member through all of Django's handler, in this process: what is
measured is the server's own time, that of PostgreSQL with it. The lists of Django's admin and of
django-tables2 show the same rows beside ours.
"""

import json
import os
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection as database
from django.db import models
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench import portfolio
from bench.figures import Findings, Sheet, part
from bench.installation import Installation
from bench.peers import TABLES
from bench.portfolio import Portfolio
from bench.race import Contestant
from companies import audit_log, listing, tenancy
from companies.models import AuditEntry, Company
from connections.models import Connection
from engines import locations
from portal.keyset import Keyset
from sync import history
from sync.models import Pull

#: Of a company's name: one in ten has it, and nobody.
_MANY, _NOBODYS = "Acme", "nowhere"
_LAST_PULLS = 50
#: What PostgreSQL is told about the transaction asks it nothing.
_SILENT = (
    *("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"),
    *("SET LOCAL ROLE", "WITH before AS MATERIALIZED"),
)
_ENTERING = "'app.organization'"
_SQL_CALLS = 40
_OK = 200


@dataclass(frozen=True)
class Plan:
    size: portfolio.Size
    rounds: int
    #: Of each page in each round.
    calls: int
    has_peers: bool

    @classmethod
    def of(cls, options: Namespace) -> "Plan":
        return cls(
            portfolio.Size(options.organizations, options.companies, options.large, options.pulls),
            options.rounds,
            options.calls,
            options.peers,
        )


class WrongAnswer(Exception):
    """A page was not shown."""


@dataclass(frozen=True)
class Asked:
    """A page and what it is called; `prepare` runs before each call, and is not measured."""

    name: str
    url: str
    prepare: Callable[[], object] = lambda: None


def run(
    installation: Installation, plan: Plan, tell: Callable[[str], None]
) -> list[Findings | Sheet]:
    tell(f"pages: {plan.size.companies:,} companies, {plan.size.pulls:,} pulls")
    with installation.connect() as superuser:
        shown = portfolio.build(superuser, plan.size, tell)
    return measured(installation, plan, shown, tell)


def measured(
    installation: Installation, plan: Plan, shown: Portfolio, tell: Callable[[str], None]
) -> list[Findings | Sheet]:
    """Ask for every page in turn, round by round."""
    client = _signed_in(shown)
    few = _few(shown)
    pages = _pages(shown, few)
    queries = {page.name: _queries(client, page) for page in pages}
    took: dict[str, list[list[float]]] = {page.name: [] for page in pages}
    lists = _Lists(installation, plan, shown, few)
    for number in range(1, plan.rounds + 1):
        tell(f"pages: round {number} of {plan.rounds}")
        for page in pages:
            took[page.name].append([_took(client, page) for _ in range(plan.calls)])
        if plan.has_peers:
            lists.ask()
    title = f"Pages, {plan.size.large:,} of {plan.size.companies:,} companies"
    sheet = Sheet(title, ("p50 ms", "p95 ms", "queries: its own + signed in"))
    for page in pages:
        sheet.add(page.name, *_halves(took[page.name]), queries[page.name])
    found: list[Findings | Sheet] = [sheet, _sql(shown, plan)]
    if plan.has_peers:
        found.append(lists.beside(took))
    return found


#: What people look at all day.
OFTEN = ("companies", "companies, last page", "a company", "pull history")


def often(shown: Portfolio, rounds: int, calls: int) -> dict[str, list[float]]:
    """Return of some pages how many milliseconds half of the calls stayed below, by round."""
    client = _signed_in(shown)
    took: dict[str, list[float]] = {}
    for page in _pages(shown, _few(shown)):
        if page.name in OFTEN:
            _took(client, page)
            took[page.name] = [
                part([_took(client, page) for _ in range(calls)], 0.5) for _ in range(rounds)
            ]
    return took


def _halves(rounds: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    return [part(each, 0.5) for each in rounds], [part(each, 0.95) for each in rounds]


def _signed_in(shown: Portfolio) -> Client:
    client = Client(headers={"host": settings.ALLOWED_HOSTS[0]})
    client.force_login(shown.user)
    return client


def _took(client: Client, page: Asked) -> float:
    page.prepare()
    began = time.perf_counter()
    _ask(client, page)
    return (time.perf_counter() - began) * 1000


def _ask(client: Client, page: Asked) -> None:
    response = client.get(page.url)
    if response.status_code != _OK or not response.content:
        raise WrongAnswer(f"{page.name}: {response.status_code} for {page.url}")


def _queries(client: Client, page: Asked) -> str:
    """Count what a page asks the database, and what any page asks about who is signed in."""
    _ask(client, page)
    page.prepare()
    with CaptureQueriesContext(database) as captured:
        _ask(client, page)
    asked = [query["sql"] for query in captured.captured_queries]
    entering = next(place for place, query in enumerate(asked) if _ENTERING in query)
    before, own = (
        sum(not query.startswith(_SILENT) for query in queries)
        for queries in (asked[:entering], asked[entering:])
    )
    return f"{own} + {before}"


def _few(shown: Portfolio) -> str:
    """Return a part of a name that hardly anyone else has."""
    with tenancy.entered(shown.organization.pk):
        last = Company.objects.within(shown.organization).order_by("-sort_name", "-id")[:1].get()
    return last.name.split()[1][:5]


def _pages(shown: Portfolio, few: str) -> list[Asked]:
    slug = shown.organization.slug
    companies = reverse("companies:list", args=[slug])
    with tenancy.entered(shown.organization.pk):
        cursors = _Cursors(shown)
        ordinary = (
            Company.objects.within(shown.organization)
            .filter(connections__status=Connection.Status.LINKED)
            .order_by("sort_name", "id")
            .first()
        )
        assert ordinary is not None
        own = Connection.objects.within(shown.organization).filter(company=ordinary).linked().get()
        pull = history.latest(ordinary, 1)[0]

    def of(company: object, name: str, *more: object) -> str:
        return reverse(name, args=[slug, company, *more])

    busy = shown.busy.company_id
    pulls, log = of(busy, "sync:history"), reverse("companies:audit-log", args=[slug])
    return [
        Asked("companies", companies),
        Asked("companies, counted anew", companies, cache.clear),
        Asked("companies, middle", f"{companies}?after={cursors.companies('name', 0.5)}"),
        Asked("companies, last page", f"{companies}?after={cursors.companies('name', 1)}"),
        Asked("companies, last pulled first", f"{companies}?sort=-pull"),
        Asked(
            "companies, last pulled first, last page",
            f"{companies}?sort=-pull&after={cursors.companies('-pull', 1)}",
        ),
        Asked("companies, newest first", f"{companies}?sort=-created"),
        *(
            Asked(f"companies, {each.value}", f"{companies}?status={each.value}")
            for each in listing.Filter
            if each is not listing.Filter.ALL
        ),
        Asked("companies, of a tag", f"{companies}?tag=region:north"),
        Asked("companies, search finding nobody", f"{companies}?q={_NOBODYS}"),
        Asked("companies, search finding few", f"{companies}?q={few}"),
        Asked("companies, search finding many", f"{companies}?q={_MANY}"),
        Asked(
            "companies, search, filter, tag and sort",
            f"{companies}?q={_MANY}&status=linked&tag=region:north&sort=-pull",
        ),
        Asked("jump to a company", f"{reverse('companies:find', args=[slug])}?q={few}"),
        Asked("a company", of(ordinary.pk, "sync:summary")),
        Asked("the busiest company", of(busy, "sync:summary")),
        Asked("its connections", of(ordinary.pk, "connections:manage")),
        Asked("a connection", of(ordinary.pk, "connections:panel", own.pk)),
        Asked("pull history", of(ordinary.pk, "sync:history")),
        Asked("pull history, busiest company", pulls),
        Asked("pull history, middle", f"{pulls}?after={cursors.pulls(0.5)}"),
        Asked("pull history, last page", f"{pulls}?after={cursors.pulls(1)}"),
        Asked("pull history, failed invoices", f"{pulls}?type=invoices&status=failed"),
        Asked("pull history, running", f"{pulls}?status=running"),
        Asked("a pull", of(ordinary.pk, "sync:pull", pull.pk)),
        Asked("audit log", log),
        Asked("audit log, last page", f"{log}?after={cursors.entries(1)}"),
        Asked("monitor", reverse("sync:monitor", args=[slug])),
    ]


class _Cursors:
    """Where a page begins that is so far from the first: 0.5 is the middle, 1 the last page."""

    def __init__(self, shown: Portfolio) -> None:
        self._shown = shown

    def companies(self, sort: str, share: float) -> str:
        rows = Company.objects.within(self._shown.organization).only("sort_name", "last_pull_at")
        return self._far(listing.ORDERS[sort], rows, share, listing.ROWS_PER_PAGE)

    def pulls(self, share: float) -> str:
        rows = Pull.objects.within(self._shown.organization).filter(
            company=self._shown.busy.company_id
        )
        rows = rows.only("requested_at", "sync_order")
        return self._far(history.NEWEST_FIRST, rows, share, history.PAGE_SIZE)

    def entries(self, share: float) -> str:
        rows = AuditEntry.objects.within(self._shown.organization).only("at")
        return self._far(audit_log.NEWEST_FIRST, rows, share, audit_log.PAGE_SIZE)

    def _far[M: models.Model](
        self, order: Keyset, rows: models.QuerySet[M], share: float, size: int
    ) -> str:
        ahead = min(int(rows.count() * share), rows.count() - size)
        return order.page(rows, {}, size=max(1, ahead)).next


def _sql(shown: Portfolio, plan: Plan) -> Findings:
    """Time PostgreSQL alone, as the app's own role beneath row-level security."""
    found = Findings(f"PostgreSQL alone, {plan.size.pulls:,} pulls")
    organization = shown.organization
    with tenancy.entered(organization.pk):
        named = list(Company.objects.within(organization).order_by("id")[:_SQL_CALLS])
        texts = [company.name.split()[1] for company in named]
        found.add("a search by name", "ms", [_asking(_search, organization, t) for t in texts])
        took = [_asking(history.latest, company, _LAST_PULLS) for company in named]
        found.add(f"the last {_LAST_PULLS} pulls of a company", "ms", took)
        busy = Company.objects.within(organization).get(pk=shown.busy.company_id)
        took = [_asking(history.latest, busy, _LAST_PULLS) for _ in range(_SQL_CALLS)]
        found.add(f"the last {_LAST_PULLS} pulls of the busiest company", "ms", took)
        took = [_asking(history.progress, company) for company in named]
        found.add("how far a company's newest refresh has come", "ms", took)
    return found


def _search(organization: Any, text: str) -> list[Company]:
    question = listing.Question.parse(QueryDict(f"q={text}"))
    found = listing.selected(organization, question).order_by("sort_name", "id")
    return list(found[: listing.ROWS_PER_PAGE + 1])


def _asking(question: Callable[..., object], *arguments: object) -> float:
    """Return how many milliseconds the database took over all that a question asks it."""
    with _timed() as took:
        question(*arguments)
    return sum(took)


@contextmanager
def _timed() -> Iterator[list[float]]:
    took: list[float] = []

    def wrapper(execute: Any, *arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            took.append((time.perf_counter() - began) * 1000)

    with database.execute_wrapper(wrapper):
        yield took


#: What the others are asked, and our page that answers the same.
_QUESTIONS = {
    "first": ("the first page", "companies"),
    "last": ("the last page", "companies, last page"),
    "few": ("a search that finds few", "companies, search finding few"),
    "many": ("a search that finds many", "companies, search finding many"),
    "pending": ("those pending", "companies, pending"),
}
_OTHERS = {
    "admin": "Django admin",
    "prefetching": "Django admin, prefetching, not counting all",
    "tables": "django-tables2 and django-filter",
}


class _Lists:
    """The other lists, asked in a process and an environment of their own."""

    def __init__(self, installation: Installation, plan: Plan, shown: Portfolio, few: str) -> None:
        self._installation = installation
        self._few = few
        self._plan = plan
        self._directory = installation.directory / "lists"
        self._organization = shown.organization.pk
        self._took: dict[str, list[list[float]]] = {}
        self._queries: dict[str, int] = {}

    def ask(self) -> None:
        """Carry out one round."""
        self._directory.mkdir(exist_ok=True)
        with self._contestant() as lists:
            for other in _OTHERS:
                for question in _QUESTIONS:
                    name = f"{other}-{question}"
                    lists.run(name, self._plan.calls)
                    answer = json.loads((self._directory / f"{name}.json").read_text())
                    self._took.setdefault(name, []).append(answer["milliseconds"])
                    self._queries[name] = answer["queries"]

    def beside(self, ours: dict[str, list[list[float]]]) -> Sheet:
        """Tell how many times as long they took, round by round."""
        columns = ("p50 ms", "p95 ms", "queries", "times ours (p50)")
        sheet = Sheet("The same companies in other lists", columns)
        for other, called in _OTHERS.items():
            for question, (words, page) in _QUESTIONS.items():
                name = f"{other}-{question}"
                p50, p95 = _halves(self._took[name])
                our_p50, _ = _halves(ours[page])
                times = [theirs / own for theirs, own in zip(p50, our_p50, strict=True)]
                sheet.add(f"{called}: {words}", p50, p95, str(self._queries[name]), times)
        return sheet

    def _contestant(self) -> Contestant:
        arguments = (self._organization, max(3, self._plan.calls // 4), self._few, _MANY)
        return Contestant(
            [
                *(TABLES.program("python"), "-m", "bench.contestants.pages_lists"),
                *(str(each) for each in arguments),
                Path(self._directory),
            ],
            installation=self._installation,
            environment={
                **{k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"},
                "PYTHONPATH": str(locations.PROJECT),
            },
            directory=locations.PROJECT,
        )

"""Rounds of racers and kills on connections whose tokens are due, and what each must come to."""

import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from typing import Any, Self

from django.conf import settings

from chaos.control import Control
from companies import operations as companies
from companies import tenancy
from companies.models import Company, User
from connections.models import Connection, StoredCredentials
from engines import locations
from link.sandbox import link_sandbox

#: The steps of a refresh, in their order; `chaos.POINTS` says what each means.
POINTS = (
    "token.due",
    "token.lease-taken",
    "token.intent-written",
    "token.answered",
    "token.stored",
    "token.committed",
    "token.handed-out",
)
#: Between the platform's answer and our commit nothing but the platform's grace helps.
_NEEDS_GRACE = frozenset({"token.answered", "token.stored"})
_SHARE_WITHOUT_GRACE = 0.3
_MOST_RACERS = 50
_CONNECTIONS = 5
_KILLED = -9


class Worker:
    """A process of `tests.chaos.token_worker`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.token_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=locations.PROJECT,
            text=True,
        )

    def tell(self, **command: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass(slots=True)
class Chain:
    """A connection and the grant at the platform that its tokens belong to."""

    company: Company
    connection: Connection
    grant: str


@dataclass(slots=True)
class Platform:
    """A sandbox, and whether it takes back a token whose successor was never used."""

    url: str
    has_grace: bool
    control: Control
    chains: list[Chain] = field(default_factory=list)

    def counts(self, chain: Chain) -> tuple[int, int]:
        """What the platform's own ledger says: refreshes and reuses of one grant."""
        (grant,) = [each for each in self.control.grants() if each["id"] == chain.grant]
        return int(grant["refreshes"]), int(grant["reuses"])


class Rounds:
    """Everything that is tried; what is chosen follows from the seed."""

    def __init__(self, platforms: list[Platform], *, workers: int, seed: int) -> None:
        self._random = Random(seed)
        self._platforms = platforms
        self._user = User.objects.create_user("tokens@example.com", name="Tokens")
        self._organization = companies.create_organization(self._user, "Token Lending")
        self._workers = [Worker() for _ in range(workers)]
        #: Never opens the database, so that it can be forked.
        self._killer = Worker()
        self.violations: list[str] = []
        self.races: Counter[str] = Counter()
        self.kills: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)

    def __enter__(self) -> Self:
        for worker in (*self._workers, self._killer):
            assert worker.answer() == "ready"
        for platform in self._platforms:
            for number in range(_CONNECTIONS):
                with tenancy.entered(self._organization.pk):
                    company = companies.create_company(
                        self._organization, name=f"Chain {number}", created_by=self._user
                    )
                platform.chains.append(self._link(platform, company))
        return self

    def __exit__(self, *_: object) -> None:
        for worker in (*self._workers, self._killer):
            worker.stop()

    def race(self) -> None:
        """Have many find the same token due at once: the platform must see one refresh."""
        platform = self._random.choice(self._platforms)
        chain = self._random.choice(platform.chains)
        racers = round(2 * (_MOST_RACERS / 2) ** self._random.random())
        self._make_due(chain)
        before, began = platform.counts(chain), time.monotonic()
        outcomes = self._use(platform, chain, racers, self._workers)
        self.seconds["races"].append(time.monotonic() - began)
        refreshes, reuses = self._since(platform, chain, before)
        lost = sum(outcome["is"] == "AuthorizationRevoked" for outcome in outcomes)
        self.races.update(
            rounds=1, racers=racers, refreshes=refreshes, reuses=reuses, lost=bool(lost)
        )
        tokens = {outcome.get("token", outcome["is"]) for outcome in outcomes}
        if (refreshes, reuses) != (1, 0) or len(tokens) != 1 or outcomes[0]["is"] != "open":
            kinds = Counter(outcome["is"] for outcome in outcomes)
            self._violation(
                f"{racers} racers: {refreshes} refreshes, {reuses} reuses, {dict(kinds)}, "
                f"{len(tokens)} tokens"
            )
        if lost:
            self._relink(platform, chain)

    def kill(self, point: str) -> None:
        """Kill a process at a point of its refresh; whoever comes next must make it good."""
        has_grace = self._random.random() >= _SHARE_WITHOUT_GRACE
        platform = next(each for each in self._platforms if each.has_grace == has_grace)
        chain = self._random.choice(platform.chains)
        self._make_due(chain)
        before = platform.counts(chain)
        self._killer.tell(do="kill", point=point, **self._name(platform, chain))
        if (code := self._killer.answer()) != _KILLED:
            self._violation(f"{point}: the process ended with {code} instead of being killed")
        self._let_lease_run_out(chain)
        began = time.monotonic()
        worker, racers = self._random.choice(self._workers), self._random.randint(1, 4)
        outcomes = self._use(platform, chain, racers, [worker])
        self.seconds[point].append(time.monotonic() - began)
        refreshes, reuses = self._since(platform, chain, before)
        kinds = {outcome["is"] for outcome in outcomes}
        may_be_lost = not has_grace and point in _NEEDS_GRACE
        counts = self.kills[point]
        counts["kills"] += 1
        counts["without grace"] += not has_grace
        if kinds == {"open"}:
            counts["recovered"] += 1
            if reuses and not (has_grace and point in _NEEDS_GRACE):
                self._violation(f"{point}: {reuses} reuses")
            if refreshes + reuses > 1 + (point in _NEEDS_GRACE):
                self._violation(f"{point}: {refreshes} refreshes and {reuses} reuses")
        elif kinds == {"AuthorizationRevoked"}:
            counts["lost"] += 1
            if not may_be_lost:
                self._violation(f"{point}: the chain was lost, grace: {has_grace}")
            self._expect_true_words(platform, chain, worker)
            self._relink(platform, chain)
        else:
            self._violation(f"{point}: {sorted(kinds)}")

    def table(self) -> list[str]:
        """Say what was done and what came of it."""
        races, took = self.races, self.seconds["races"] or [0.0]
        head = "{:<22}{:>8}{:>10}{:>11}{:>14}{:>8}{:>10}{:>8}"
        lines = [
            head.format(
                "races",
                "rounds",
                "racers",
                "refreshes",
                "chains lost",
                "reuses",
                "median s",
                "max s",
            ),
            head.format(
                *("", races["rounds"], races["racers"], races["refreshes"], races["lost"]),
                *(races["reuses"], f"{median(took):.2f}", f"{max(took):.2f}"),
            ),
            "",
            head.format(
                *("killed at", "kills", "no grace", "recovered", "deauthorized", ""),
                *("median s", "max s"),
            ),
        ]
        total: Counter[str] = Counter()
        for point in POINTS:
            counts, took = self.kills[point], self.seconds[point] or [0.0]
            total.update(counts)
            spent = f"{median(took):.2f}", f"{max(took):.2f}"
            lines.append(head.format(point, *_figures(counts), "", *spent))
        return [*lines, head.format("all", *_figures(total), "", "", "")]

    def _use(
        self, platform: Platform, chain: Chain, racers: int, workers: list[Worker]
    ) -> list[dict[str, str]]:
        shares = [racers // len(workers)] * len(workers)
        for number in range(racers % len(workers)):
            shares[number] += 1
        at = time.monotonic() + 0.02
        busy = [pair for pair in zip(workers, shares, strict=True) if pair[1]]
        for worker, share in busy:
            worker.tell(do="race", at=at, racers=share, **self._name(platform, chain))
        return [outcome for worker, _ in busy for outcome in worker.answer()]

    def _name(self, platform: Platform, chain: Chain) -> dict[str, str]:
        return {
            "url": platform.url,
            "organization_id": str(self._organization.pk),
            "connection_id": str(chain.connection.pk),
        }

    def _since(self, platform: Platform, chain: Chain, before: tuple[int, int]) -> tuple[int, int]:
        refreshes, reuses = platform.counts(chain)
        return refreshes - before[0], reuses - before[1]

    def _make_due(self, chain: Chain) -> None:
        now = datetime.now(UTC)
        self._change(
            chain,
            expires_at=now + timedelta(seconds=20),
            refreshed_at=now - timedelta(minutes=30),
        )

    def _let_lease_run_out(self, chain: Chain) -> None:
        """Move the clock instead of waiting for half a minute."""
        with tenancy.entered(self._organization.pk):
            rows = StoredCredentials.objects.filter(connection=chain.connection)
            rows.exclude(lease_until=None).update(lease_until=datetime.now(UTC))

    def _change(self, chain: Chain, **fields: object) -> None:
        with tenancy.entered(self._organization.pk):
            StoredCredentials.objects.filter(connection=chain.connection).update(**fields)

    def _link(self, platform: Platform, company: Company) -> Chain:
        """Authorize as a customer does, on the platform's own page."""
        settings.SANDBOX_URL = platform.url
        known = {grant["id"] for grant in platform.control.grants()}
        connection = link_sandbox(company, business="small", actor=self._user)
        if connection is None:
            raise RuntimeError("the sandbox did not authorize")
        (grant,) = {grant["id"] for grant in platform.control.grants()} - known
        return Chain(company, connection, grant)

    def _relink(self, platform: Platform, chain: Chain) -> None:
        platform.chains[platform.chains.index(chain)] = self._link(platform, chain.company)

    def _expect_true_words(self, platform: Platform, chain: Chain, worker: Worker) -> None:
        """A chain that is lost is told of as such, once, and the platform left alone."""
        with tenancy.entered(self._organization.pk):
            chain.connection.refresh_from_db()
            words = [each.error_message for each in chain.connection.errors.all()]
            steps = chain.connection.transitions.filter(kind="deauthorized").count()
        if chain.connection.status != Connection.Status.DEAUTHORIZED or not all(words):
            self._violation(f"lost, but shown as {chain.connection.status}: {words}")
        if not words or not steps:
            self._violation("lost, and nothing says so")
        before = platform.counts(chain)
        self._use(platform, chain, 1, [worker])
        if platform.counts(chain) != before:
            self._violation("the platform is asked again and again")

    def _violation(self, words: str) -> None:
        self.violations.append(words)


def _figures(counts: Counter[str]) -> tuple[int, ...]:
    return counts["kills"], counts["without grace"], counts["recovered"], counts["lost"]

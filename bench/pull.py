"""How fast a platform's invoices are pulled, beside the ordinary stack and dlt on the same pages.

The platform is the sandbox, on a server of its own whose work is not counted. Each pulls
everything, and then everything once more, although hardly anything is new.
"""

import os
import secrets
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from bench.contest import Contest, WrongResult
from bench.contestants.paging import PATH, read_tokens
from bench.figures import Findings, Table
from bench.installation import Installation
from bench.peers import DLT
from bench.race import Contestant, Measurement
from engines import data_dir, locations
from portal.supervisor import programs
from portal.supervisor.readiness import address, answers, chosen_port

_HOST = "127.0.0.1"
#: About so many invoices has the busy business.
_OF_A_BUSINESS = 10_000
_ENOUGH = "1000000"
#: As often as `bench.contestants.pull_ours` asks.
_OF_LITTLE = 20
_EMPTY = """
TRUNCATE sync_record, sync_recordversion, sync_stagedrecord, sync_stagedpage, sync_pull CASCADE
"""


@dataclass(frozen=True)
class Plan:
    records: int
    rounds: int
    has_peers: bool

    @classmethod
    def of(cls, options: Namespace) -> "Plan":
        return cls(options.records, options.rounds, options.peers)


def run(
    installation: Installation, plan: Plan, tell: Callable[[str], None]
) -> tuple[Table, Findings]:
    """Let all pull in turn, round by round."""
    with _sandbox() as url:
        pulls = _Pulls(installation, plan, url)
        table = Table("Pull")
        for number in range(1, plan.rounds + 1):
            tell(f"pull: round {number} of {plan.rounds}")
            for name, phase, measured in pulls.of_a_round():
                table.add(name, phase, measured, limit=None)
                tell(f"  {name}, {phase}: {measured.records / measured.cpu:,.0f} records/CPU s")
        few = Findings("A pull that asks for what has changed, and hardly anything has")
        for name, values in pulls.of_little.items():
            few.add(f"{name}, CPU of client and server", "ms", values)
    return table, few


@contextmanager
def _sandbox() -> Iterator[str]:
    """Run the platform, with limits that nobody meets, for whoever is started meanwhile."""
    port = chosen_port(_HOST, 0)
    url = address(_HOST, port)
    os.environ |= {
        "SANDBOX_URL": url,
        "SANDBOX_CLIENT_ID": "ledgerport",
        "SANDBOX_CLIENT_SECRET": secrets.token_hex(20),
        "SANDBOX_CONTROL_KEY": secrets.token_hex(20),
        "SANDBOX_ACCESS_TOKEN_SECONDS": _ENOUGH,
        "SANDBOX_REQUESTS_PER_MINUTE": _ENOUGH,
        "LEDGERPORT_BASE_URL": "http://ledgerport.test",
    }
    program = programs.sandbox(
        host=_HOST,
        port=port,
        data_dir=data_dir(),
        redirect_uri="http://ledgerport.test/link/callback/sandbox",
    )
    child = subprocess.Popen(
        program.arguments, cwd=locations.PROJECT, stdout=sys.stderr, env=dict(os.environ)
    )
    try:
        is_up = answers(f"{url}/health")
        while not is_up():
            time.sleep(0.1)
        yield url
    finally:
        child.terminate()
        child.wait(30)


class _Pulls(Contest):
    def __init__(self, installation: Installation, plan: Plan, url: str) -> None:
        super().__init__(installation)
        self._plan = plan
        self._url = url
        self._connections = max(1, plan.records // _OF_A_BUSINESS)
        self._tokens = installation.directory / "tokens.json"
        #: CPU milliseconds of each such pull, by contestant, round by round.
        self.of_little: dict[str, list[float]] = {}

    def of_a_round(self) -> Iterator[tuple[str, str, Measurement]]:
        for name, way in (("Ledgerport", "direct"), ("Ledgerport, by a Celery worker", "worker")):
            yield from self._ours(name, way)
        pages = self.contestant("pull_pages", self._url, self._tokens)
        yield from self.carried_out("HTTP alone (httpx)", pages, self._there(), ("first",))
        stack = self.contestant("pull_stack", self._url, self._tokens)
        yield from self._peer("httpx, pydantic, bulk_create", stack, "bench_pulled")
        if self._plan.has_peers:
            yield from self._peer("dlt, merge", self._dlt(), "bench_dlt.invoices")

    def _ours(self, name: str, way: str) -> Iterator[tuple[str, str, Measurement]]:
        self.sql(_EMPTY)
        contestant = self.contestant("pull_ours", way, self._connections, self._tokens)
        with contestant as ours:
            yield name, "first", ours.run("first", self._there())
            ours.run("forget", 1)
            yield name, "again", ours.run("again", self._there())
            number = _OF_LITTLE * self._connections
            cpu = ours.run("nothing new", number).cpu / number * 1000
            self.of_little.setdefault(name, []).append(cpu)
        self._require_all("sync_record")

    def _peer(
        self, name: str, contestant: Contestant, table: str
    ) -> Iterator[tuple[str, str, Measurement]]:
        yield from self.carried_out(name, contestant, self._there(), ("first", "again"))
        self._require_all(table)

    def _dlt(self) -> Contestant:
        self.sql("DROP SCHEMA IF EXISTS bench_dlt CASCADE")
        self.sql("DROP SCHEMA IF EXISTS bench_dlt_staging CASCADE")
        directory = self.scratch("dlt")
        return self.contestant(
            "pull_dlt",
            *(self.peers_url, self._url, self._tokens, directory),
            peer=DLT,
            environment={"HOME": str(directory)},
        )

    def _there(self) -> int:
        """Ask how many rows the platform has by now: its books grow."""
        number = 0
        for token in read_tokens(self._tokens):
            answer = httpx.get(
                self._url + PATH,
                params={"page_size": 1},
                headers={"Authorization": f"Bearer {token}"},
                trust_env=False,
                timeout=60,
            )
            number += int(answer.raise_for_status().json()["total"])
        return number

    def _require_all(self, table: str) -> None:
        """:raises WrongResult: when much less is there than the platform has, or more."""
        stored = self.number(f"SELECT count(*) FROM {table}")  # noqa: S608 - named above
        there = self._there()
        # Deleted rows are told of, and not kept by all.
        if not there * 0.98 <= stored <= there:
            raise WrongResult(f"{table} has {stored} of {there} records")

"""How fast records reach the store, beside a bare COPY, Django's ORM, dlt and a Singer target.

Each loads the same invoices, and then loads them again with one in twenty changed.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Table
from bench.installation import Installation
from bench.invoices import CHANGED_EVERY, Books
from bench.peers import DLT, SINGER
from bench.race import Contestant, Measurement
from engines import locations

LIMIT = "COPY, key alone (limit)"
OF_A_CONNECTION = 10_000
_ONE_BY_ONE = 1000

_EMPTY = "TRUNCATE sync_record, sync_recordversion, sync_stagedrecord, sync_stagedpage"


@dataclass(frozen=True)
class Plan:
    records: int
    peer_records: int
    rounds: int
    has_peers: bool


class WrongResult(Exception):
    """A contestant did not store what it was given."""


def run(installation: Installation, plan: Plan, tell: Callable[[str], None]) -> Table:
    """Let all load in turn, round by round."""
    loads = _Loads(installation, plan)
    table = Table("Load")
    for number in range(1, plan.rounds + 1):
        tell(f"load: round {number} of {plan.rounds}")
        limit: Measurement | None = None
        for name, phase, measured in loads.of_a_round():
            if name == LIMIT:
                limit = measured
            table.add(name, phase, measured, limit=limit)
            tell(f"  {name}, {phase}: {measured.rate:,.0f} records/s")
    return table


class _Loads:
    def __init__(self, installation: Installation, plan: Plan) -> None:
        self._installation = installation
        self._plan = plan
        self._books = Books.write(installation.directory / "books", plan.records)
        self._few = Books.write(installation.directory / "few", plan.peer_records)

    def of_a_round(self) -> Iterator[tuple[str, str, Measurement]]:
        """Yield each contestant's phases; the limit comes as soon as there is something to copy."""
        plan = self._plan
        self._sql(_EMPTY)
        ours = list(self._ours(self._books))
        for name, indexes in ((LIMIT, "key"), ("COPY, every index", "every")):
            with self._python("load_copy", indexes) as copy:
                yield name, "first", copy.run("first", plan.records)
        yield from ours
        if not plan.has_peers:
            return
        few = plan.peer_records
        self._sql(_EMPTY)
        for name, phase, measured in self._ours(self._few):
            yield f"{name}, as few as peers", phase, measured
        yield from self._peer("Django bulk_create", few, self._django("bulk", few), "bench_invoice")
        yield from self._peer("dlt, merge", few, self._dlt(few), "bench_dlt.invoices")
        yield from self._peer(
            "Singer (pipelinewise)", few, self._singer(few), "bench_singer.invoices"
        )
        one = _ONE_BY_ONE
        yield from self._peer(
            "Django update_or_create", one, self._django("each", one), "bench_invoice"
        )

    def _ours(self, books: Books) -> Iterator[tuple[str, str, Measurement]]:
        connections = max(1, books.number // OF_A_CONNECTION)
        with self._python(
            "load_ours", books.first, books.second, books.number, connections
        ) as ours:
            for phase in ("first", "second"):
                yield "Ledgerport", phase, ours.run(phase, books.number)
        self._require(books.number, "SELECT count(*) FROM sync_record")
        changed = -(-books.number // CHANGED_EVERY)
        self._require(changed, "SELECT count(*) FROM sync_record WHERE record_status = 'Paid'")
        self._require(changed, "SELECT count(*) FROM sync_recordversion")

    def _peer(
        self, name: str, records: int, contestant: AbstractContextManager[Contestant], table: str
    ) -> Iterator[tuple[str, str, Measurement]]:
        with contestant as peer:
            for phase in ("first", "second"):
                yield name, phase, peer.run(phase, records)
        self._require(records, f"SELECT count(*) FROM {table}")  # noqa: S608 - named above

    def _django(self, way: str, records: int) -> Contestant:
        return self._python("load_django", way, self._few.first, self._few.second, records)

    def _dlt(self, records: int) -> Contestant:
        self._sql("DROP SCHEMA IF EXISTS bench_dlt CASCADE")
        self._sql("DROP SCHEMA IF EXISTS bench_dlt_staging CASCADE")
        host = str(locations.postgres_socket_dir()).replace("/", "%2F")
        url = f"postgresql://postgres:unused@{host}:5432/{locations.DATABASE}"
        directory = self._scratch("dlt")
        return self._start(
            DLT.program("python"),
            "load_dlt",
            (url, self._few.first, self._few.second, records, directory),
            {"HOME": str(directory)},
        )

    def _singer(self, records: int) -> Contestant:
        self._sql("DROP SCHEMA IF EXISTS bench_singer CASCADE")
        host, directory = locations.postgres_socket_dir(), self._scratch("singer")
        target = SINGER.program("target-postgres")
        books = (self._few.first, self._few.second, records)
        return self._start(
            SINGER.program("python"),
            "load_singer",
            (target, host, locations.DATABASE, *books, directory),
            {},
        )

    def _python(self, module: str, *arguments: object) -> Contestant:
        return self._start(Path(sys.executable), module, arguments, {})

    def _start(
        self, python: Path, module: str, arguments: Sequence[object], extra: Mapping[str, str]
    ) -> Contestant:
        return Contestant(
            [python, "-m", f"bench.contestants.{module}", *map(str, arguments)],
            installation=self._installation,
            environment={**os.environ, "PYTHONPATH": str(locations.PROJECT), **extra},
            directory=locations.PROJECT,
        )

    def _scratch(self, name: str) -> Path:
        directory = self._installation.directory / name
        directory.mkdir(exist_ok=True)
        return directory

    def _sql(self, statement: str) -> None:
        with self._installation.connect() as database:
            database.execute(statement)

    def _require(self, expected: int, question: str) -> None:
        with self._installation.connect() as database:
            row = database.execute(question).fetchone()
        if row != (expected,):
            raise WrongResult(f"{question}: {row} instead of {expected}")

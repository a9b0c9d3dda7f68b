"""How fast records reach the store, beside a bare COPY, Django's ORM, dlt and a Singer target.

Each loads the same invoices, and then loads them again with one in twenty changed.
"""

from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.contest import Contest
from bench.figures import Table
from bench.installation import Installation
from bench.invoices import CHANGED_EVERY, Books
from bench.peers import DLT, SINGER
from bench.race import Contestant, Measurement
from engines import locations

LIMIT = "COPY, key alone (limit)"
OF_A_CONNECTION = 10_000
_ONE_BY_ONE = 1000
_PHASES = ("first", "second")

_EMPTY = "TRUNCATE sync_record, sync_recordversion, sync_stagedrecord, sync_stagedpage"


@dataclass(frozen=True)
class Plan:
    records: int
    peer_records: int
    rounds: int
    has_peers: bool

    @classmethod
    def of(cls, options: Namespace) -> "Plan":
        return cls(options.records, options.peer_records, options.rounds, options.peers)


def run(installation: Installation, plan: Plan, tell: Callable[[str], None]) -> list[Table]:
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
    return [table]


class _Loads(Contest):
    def __init__(self, installation: Installation, plan: Plan) -> None:
        super().__init__(installation)
        self._plan = plan
        self._books = Books.write(installation.directory / "books", plan.records)
        self._few = Books.write(installation.directory / "few", plan.peer_records)

    def of_a_round(self) -> Iterator[tuple[str, str, Measurement]]:
        """Yield each contestant's phases; the limit comes as soon as there is something to copy."""
        plan = self._plan
        self.sql(_EMPTY)
        ours = list(self._ours("Ledgerport", self._books))
        for name, indexes in ((LIMIT, "key"), ("COPY, every index", "every")):
            copy = self.contestant("load_copy", indexes)
            yield from self.carried_out(name, copy, plan.records, _PHASES[:1])
        yield from ours
        if not plan.has_peers:
            return
        self.sql(_EMPTY)
        yield from self._ours("Ledgerport, as few as peers", self._few)
        few = plan.peer_records
        yield from self._peer("Django bulk_create", few, self._django("bulk", few), "bench_invoice")
        yield from self._peer("dlt, merge", few, self._dlt(few), "bench_dlt.invoices")
        yield from self._peer(
            "Singer (pipelinewise)", few, self._singer(few), "bench_singer.invoices"
        )
        one = _ONE_BY_ONE
        yield from self._peer(
            "Django update_or_create", one, self._django("each", one), "bench_invoice"
        )

    def _ours(self, name: str, books: Books) -> Iterator[tuple[str, str, Measurement]]:
        connections = max(1, books.number // OF_A_CONNECTION)
        ours = self.contestant("load_ours", books.first, books.second, books.number, connections)
        yield from self.carried_out(name, ours, books.number, _PHASES)
        self.require(books.number, "SELECT count(*) FROM sync_record")
        changed = -(-books.number // CHANGED_EVERY)
        self.require(changed, "SELECT count(*) FROM sync_record WHERE record_status = 'Paid'")
        self.require(changed, "SELECT count(*) FROM sync_recordversion")

    def _peer(
        self, name: str, records: int, contestant: Contestant, table: str
    ) -> Iterator[tuple[str, str, Measurement]]:
        yield from self.carried_out(name, contestant, records, _PHASES)
        self.require(records, f"SELECT count(*) FROM {table}")  # noqa: S608 - named above

    def _django(self, way: str, records: int) -> Contestant:
        return self.contestant("load_django", way, self._few.first, self._few.second, records)

    def _dlt(self, records: int) -> Contestant:
        self.sql("DROP SCHEMA IF EXISTS bench_dlt CASCADE")
        self.sql("DROP SCHEMA IF EXISTS bench_dlt_staging CASCADE")
        directory = self.scratch("dlt")
        books = (self._few.first, self._few.second, records)
        return self.contestant(
            "load_dlt",
            *(self.peers_url, *books, directory),
            peer=DLT,
            environment={"HOME": str(directory)},
        )

    def _singer(self, records: int) -> Contestant:
        self.sql("DROP SCHEMA IF EXISTS bench_singer CASCADE")
        target, host = SINGER.program("target-postgres"), locations.postgres_socket_dir()
        books = (self._few.first, self._few.second, records)
        return self.contestant(
            "load_singer",
            *(target, host, locations.DATABASE, *books, self.scratch("singer")),
            peer=SINGER,
        )

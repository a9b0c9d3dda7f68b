"""Looks at the installation all the time: readers at 20 Hz, and a clock for what gets stuck."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import httpx
import psycopg

from chaos.database import Database
from chaos.scenario import Scenario

_READS_EVERY = 0.05
_PAGES_EVERY = 1.0
_LOOKS_EVERY = 0.5
_PAGE_SECONDS = 10.0

#: Both numbers are of one moment: whoever reads them sees a data set whole, or not at all.
_READ = """
SELECT d.data_type, d.record_count, (
    SELECT count(*) FROM sync_record r
     WHERE r.connection_id = d.connection_id AND r.data_type = d.data_type AND NOT r.is_deleted
  ), (
    SELECT count(*) FROM sync_record r JOIN sync_pull p ON p.id = r.pull_id
     WHERE r.connection_id = d.connection_id AND r.data_type = d.data_type
       AND p.status <> 'Complete'
  )
  FROM sync_datastatus d WHERE d.connection_id = %s AND d.data_type = %s
"""
_OVERDUE = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - lease_until)), 0) FROM sync_pull
 WHERE status IN ('Fetching', 'MapQueued', 'Mapping', 'ValidationQueued', 'Validating',
                  'ProcessingQueued', 'Processing')
   AND lease_until < clock_timestamp()
"""
_INTERRUPTED = """
SELECT id FROM sync_pull
 WHERE status = 'Queued'
   AND (status_description LIKE 'Its worker was %' OR status_description LIKE 'The database was %')
"""
_RUNNING = "SELECT id, lease_until FROM sync_pull WHERE lease_until IS NOT NULL"
_LEASE = timedelta(seconds=75)
_READ_TYPES = ("invoices", "bills", "customers", "payments", "journalEntries", "bankTransactions")


class Watch:
    """Everything that must hold at every moment, looked at by threads of its own."""

    def __init__(self, scenario: Scenario, web_url: str, random: Random) -> None:
        self._scenario = scenario
        self._random = random
        self._web = httpx.Client(base_url=web_url, trust_env=False, timeout=_PAGE_SECONDS)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.reads = 0
        self.torn: list[str] = []
        self.pages = 0
        #: When a page that did not come was asked for, when that was known, and why.
        self.missing: list[tuple[datetime, datetime, str]] = []
        #: Most seconds that a pull was left lying by its worker.
        self.overdue = 0.0
        #: When a pull was first interrupted, at the earliest.
        self.interrupted_at: dict[UUID, datetime] = {}
        #: When what runs last wrote: whatever it was interrupted by came later.
        self._alive_at: dict[UUID, datetime] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        for look, every in (
            (self._read, _READS_EVERY), (self._ask, _PAGES_EVERY), (self._look, _LOOKS_EVERY),
        ):  # fmt: skip
            self._threads.append(threading.Thread(target=self._repeat, args=(look, every)))
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(60)

    def _repeat(self, look: Callable[[Database], None], every: float) -> None:
        database = Database()
        due = time.monotonic()
        while not self._stop.is_set():
            try:
                look(database)
            except psycopg.OperationalError:
                self._stop.wait(0.5)  # it is away, which is none of ours to judge
            due = max(due + every, time.monotonic())
            self._stop.wait(due - time.monotonic())
        database.close()

    def _read(self, database: Database) -> None:
        books = self._scenario.books
        if not books:
            return
        book = self._random.choice(books)
        data_type = self._random.choice(_READ_TYPES)
        for kind, said, really, unfinished in database.ask(_READ, book.connection_id, data_type):
            self.reads += 1
            if said != really or unfinished:
                self.torn.append(
                    f"torn: {said} {kind} of {book.connection_id} counted, {really} there, "
                    f"{unfinished} of pulls that have not ended"
                )

    def _ask(self, _database: Database) -> None:
        tenant = self._random.choice(self._scenario.tenants)
        headers = {"Authorization": f"Bearer {tenant.api_key}"}
        self.pages += 1
        asked_at = datetime.now(UTC)
        try:
            answer = self._web.get("/api/companies?page=1&pageSize=10", headers=headers)
        except httpx.TransportError as error:
            self.missing.append((asked_at, datetime.now(UTC), type(error).__name__))
            return
        if not answer.is_success:
            self.missing.append((asked_at, datetime.now(UTC), str(answer.status_code)))
        for other in self._scenario.tenants:
            if other is not tenant and other.canary in answer.text:
                self.torn.append(f"{tenant.canary} was shown {other.canary}")

    def _look(self, database: Database) -> None:
        self.overdue = max(self.overdue, float(database.ask(_OVERDUE)[0][0]))
        for (pull,) in database.ask(_INTERRUPTED):
            since = self._alive_at.get(pull, datetime.now(UTC))
            self.interrupted_at.setdefault(pull, since)
        self._alive_at = {
            pull: lease_until - _LEASE for pull, lease_until in database.ask(_RUNNING)
        }

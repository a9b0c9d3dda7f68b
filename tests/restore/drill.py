"""Back up while pulls run, go on for a while, lose the database, restore, and go on again.

    uv run python -m tests.restore

Companies are linked to the sandbox and pulled by real workers, webhooks go to a sink. The backup is
taken in the middle of that. What comes after it is lost with the database: ended pulls, messages
that arrived, a company, and tokens that the platform has replaced since. Everything is killed, the
database dropped and restored. Then `verify` must find nothing, the store must equal the sandbox's
ledger, no event may reach the sink under a second id, and whoever's token is too old must be asked
to link again, at the first try. Exits with 1 when not.
"""

import importlib
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import django

from chaos.control import Control
from chaos.database import Database
from chaos.oracle import Verdict, records
from tests.restore.installation import Installation, Said
from tests.restore.told import Told
from tests.webhooks.sink import serving

_PATIENCE = 300

_IN_THE_MIDDLE = """
SELECT count(*) FROM sync_pull WHERE status IN ('Fetching', 'Mapping', 'Validating', 'Processing')
AND lease_until > clock_timestamp()
"""
#: So long that access granted before has ended; refresh tokens stay good for longer.
_ACCESS_ENDS = 31 * 60
EVENTS = [
    "company.created",
    "connection.connected",
    "connection.disconnected",
    "read.completed",
    "read.completed.initial",
]


class Drill:
    def __init__(self, rig: Installation, told: Told, sink_url: str, *, companies: int) -> None:
        django.setup()
        # Models can be imported only now.
        scenario: Any = importlib.import_module("tests.restore.scenario")
        self._questions: Any = importlib.import_module("tests.restore.questions")
        self._rig, self._told, self._companies = rig, told, companies
        # It knows the product's models, too.
        self._pulls: Any = importlib.import_module("chaos.oracle.pulls")
        self._control = Control(rig.control_url)
        self._scenario = scenario.Scenario(self._control)
        self._questions.subscribe(self._scenario.organization_id, sink_url, EVENTS)
        self._database = Database()
        self.figures: dict[str, float] = {}
        self.violations: list[str] = []

    def run(self) -> None:
        backup = self._back_up_in_the_middle()
        grants = dict(self._scenario.grants)
        self._go_on_for_a_while()
        self._lose_everything()
        self._restore(backup)
        arrived_then = self._questions.messages(self._scenario.organization_id, "succeeded")
        self._verify("verify seconds, before anything starts")
        self._rig.start_again()
        # The messages of before are about pulls that these workers repeat.
        self._drain()
        self._scenario.refresh_all()
        self._drain()
        known = self._questions.messages(self._scenario.organization_id, None)
        self._compare(grants)
        self.violations += self._told.violations(arrived_then=arrived_then, known=known)
        self._verify("verify seconds, in the end")
        self.figures["webhook messages before"] = len(self._told.before)
        self.figures["… after"] = len(self._told.after)
        self.figures["… of these sent before, under the same id"] = self._told.again()

    def _back_up_in_the_middle(self) -> str:
        self._questions.upload(self._scenario.organization_id)
        for _ in range(self._companies):
            self._scenario.link_another()
        path = str(self._rig.directory / "monday.backup")
        self._wait("pulls under way", lambda: self._database.number(_IN_THE_MIDDLE))
        said = self._ran(self._rig.command("backup", path), "backup")
        self.figures["backup seconds"] = said.seconds
        self.figures["backup bytes"] = said.number("bytes")
        self.figures["rows"] = said.number("rows")
        return path

    def _go_on_for_a_while(self) -> None:
        """Make a later that gets lost."""
        self._drain()
        self._scenario.link_another()
        self._lost = self._scenario.companies.pop()
        self._drain()
        # Every connection's token is replaced once, one company's twice: the one that the backup
        # has of it is then past the platform's grace.
        for companies in (self._scenario.companies, self._scenario.companies[:1]):
            self._advance_clock()
            for company in companies:
                self._questions.refresh(company)
            self._drain()
        self.stale = self._questions.connection_of(self._scenario.companies[0])

    def _lose_everything(self) -> None:
        self._rig.end()
        self._questions.hang_up()
        self._database.close()
        self._told.mark()
        self._rig.drop_database()

    def _restore(self, path: str) -> None:
        said = self._ran(self._rig.command("restore", path), "restore")
        self.figures["restore seconds"] = said.seconds
        self.figures["pulls queued again"] = said.number("pulls queued again")
        if not said.number("pulls queued again"):
            self.violations.append("the backup was not taken in the middle of pulls")
        # Their access has ended by now, so that each has to be renewed.
        self._advance_clock()

    def _compare(self, grants: dict[str, str]) -> None:
        """See that the stale connection asks to be linked again, and that all others are whole."""
        status, words, tries = self._questions.how_it_stands(self.stale)
        if status != "Deauthorized" or "Link URL" not in words:
            self.violations.append(f"the stale connection is {status}: {words}")
        if tries != 1:
            self.violations.append(f"the stale connection was tried {tries} times")
        fresh = {each: grant for each, grant in grants.items() if each != str(self.stale)}
        verdict = Verdict()
        records.judge(
            self._database, self._control, {UUID(each): [fresh[each]] for each in fresh}, verdict
        )
        self._pulls.judge_traces(self._database, verdict)
        for status_of_pull, count in self._database.rows(
            "SELECT status, count(*) FROM sync_pull WHERE status <> 'Complete' "
            "AND connection_id <> %s GROUP BY 1",
            self.stale,
        ):
            verdict.blame(f"{count} pulls are {status_of_pull}")
        self.violations += verdict.violations
        self.figures["records"] = verdict.figures["records in the store"]
        self.figures["connections that recovered"] = len(fresh)
        self.figures["connections that ask to be linked again"] = int(status == "Deauthorized")
        linked = self._scenario.linked()
        if linked != len(fresh):
            self.violations.append(f"{linked} connections are linked instead of {len(fresh)}")

    def _verify(self, what: str) -> None:
        said = self._rig.command("verify")
        self.figures[what] = said.seconds
        if said.code:
            self.violations.append(f"verify, {what}:\n{said.text}")

    def _ran(self, said: Said, what: str) -> Said:
        if said.code:
            raise RuntimeError(f"{what} failed: {said.text}")
        return said

    def _advance_clock(self) -> None:
        """Let the platform's clock go on: access tokens end before we take them for ended."""
        self._control.advance(_ACCESS_ENDS)

    def _drain(self) -> None:
        """Wait until all pulls and messages have ended."""
        self._wait(
            "all quiet",
            lambda: not self._pulls.active(self._database) and not self._database.number(_UNSENT),
        )

    def _wait(self, what: str, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {_PATIENCE} s\n{self._rig.last_words()}")
            time.sleep(0.05)


_UNSENT = """
SELECT (SELECT count(*) FROM companies_outboxentry)
     + (SELECT count(*) FROM webhooks_delivery WHERE next_attempt_at IS NOT NULL)
"""


def main() -> int:
    companies = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    began = time.monotonic()
    with Installation() as rig, serving() as sink:
        drill = Drill(rig, Told(sink), sink.url, companies=companies)
        drill.run()
    table = drill.figures | {
        "seconds in all": time.monotonic() - began,
        "violations": len(drill.violations),
    }
    for what, figure in table.items():
        print(f"{what:>44}  {round(figure, 1):>12,}")
    for violation in drill.violations[:50]:
        print(f"VIOLATION  {violation}")
    return 1 if drill.violations else 0

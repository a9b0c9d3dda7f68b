"""One run: keep it busy, break it, mend it, wait until all is quiet, and judge."""

import heapq
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from uuid import UUID

import httpx
import psycopg
import redis
from django.db import Error as DatabaseError
from django.db import connection as product_database

from chaos import orders
from chaos.control import Control
from chaos.database import Database
from chaos.faults import LOST_ANSWER, Kind, Undo, World, choose
from chaos.oracle import Verdict, audit, pulls, records, tokens, webhooks
from chaos.oracle.pulls import Excuse
from chaos.rig import HOST, WEB, Rig
from chaos.scenario import Scenario
from chaos.sink import Sink
from chaos.viewers import Viewers
from chaos.watch import Watch
from portal.supervisor.readiness import address

_DRAIN_SECONDS = 900.0
_WARM_UP_PULLS = 5
#: After a fault that hides pages, they may be missing for so long.
_BACK_WITHIN = timedelta(seconds=20)
#: A web process that was killed has to start first, on a machine that is busy.
_STARTED_SECONDS = 60.0
_STUCK_SECONDS = 60.0
_RECOVERED_SECONDS = 180.0
_MANY = 100
#: So many kinds are drawn until one is found that can be broken now.
_DRAWS = 8
#: How often the run says how far everything is.
_TOLD_EVERY = 10.0
#: After somebody may see nothing more, a page may stay open for half a minute, and a moment.
_SHOWN_OUT = timedelta(seconds=35)
#: What says that something another fault has broken cannot be reached.
_AWAY = (redis.RedisError, psycopg.OperationalError, DatabaseError, httpx.HTTPError, OSError)


@dataclass
class Plan:
    minutes: float
    seed: int
    kinds: list[Kind]
    #: Mean seconds between two faults.
    every: float
    #: Companies that are linked at one time.
    live: int


@dataclass
class Outcome:
    verdict: Verdict
    faults: Counter[str] = field(default_factory=Counter)
    plans: dict[str, str] = field(default_factory=dict)


class Run:
    def __init__(self, rig: Rig, sink: Sink, plan: Plan) -> None:
        self._rig = rig
        self._sink = sink
        self._plan = plan
        self._random = Random(plan.seed)
        self._database = Database()
        self._began = time.monotonic()
        self._undo: list[tuple[float, int, str, Undo]] = []
        self._numbers = count()
        self._touched: set[str] = set()
        self._excuses: list[Excuse] = []
        self._open: dict[int, tuple[Kind, datetime, str]] = {}
        self._hidden: list[tuple[datetime, datetime]] = []
        #: When web was killed, while it has not come back; and how long that took.
        self._web_left: list[datetime] = []
        self._web_back: list[float] = []
        #: When nobody could have told a page that it is to close.
        self._cut_off: list[tuple[datetime, datetime]] = []
        self._told_at = 0.0
        self._lost_answers = 0
        self._fell: Counter[str] = Counter()
        self.outcome = Outcome(Verdict())

    def carry_out(self) -> Outcome:
        control = Control(self._rig.control_url)
        scenario = Scenario(
            control,
            self._sink,
            web_url=self._rig.web_url,
            random=Random(self._plan.seed + 1),
            live=self._plan.live,
        )
        viewers = Viewers(
            scenario,
            self._rig.web_url,
            address(HOST, self._rig.to_web.port),
            Random(self._plan.seed + 3),
        )
        self._world = World(
            self._rig, self._database, control, scenario, self._sink, viewers, self._random
        )
        watch = Watch(scenario, self._rig.web_url, Random(self._plan.seed + 2))
        with watch.watching(), viewers.watching():
            scenario.start()
            self._rig.wait_for("the first pulls", self._is_warm)
            self._began = time.monotonic()
            self._break_things()
            self._mend_everything()
            scenario.stop()
            broken_until = time.monotonic()
            self._drain(scenario)
            self._judge_viewers(viewers)
        self._judge(scenario, watch, broken_until)
        return self.outcome

    def _is_warm(self) -> bool:
        done = "SELECT count(*) FROM sync_pull WHERE status = 'Complete'"
        return self._database.number(done) >= _WARM_UP_PULLS

    # Breaking

    def _break_things(self) -> None:
        end = time.monotonic() + self._plan.minutes * 60
        while True:
            due = time.monotonic() + self._random.expovariate(1 / self._plan.every)
            while time.monotonic() < min(due, end):
                self._look_after()
                time.sleep(0.1)
            if due > end:
                break
            for _ in range(_DRAWS):
                kind = choose(self._plan.kinds, self._random)
                if kind.touches not in self._touched and self._is_breakable(kind):
                    self._break(kind)
                    break

    def _is_breakable(self, kind: Kind) -> bool:
        """Leave alone what has not come back yet: it would only be broken once."""
        names = {
            "workers": "worker", "children": "worker", "beats": "beat", "relays": "relay",
            "web": "web",
        }  # fmt: skip
        prefix = names.get(kind.touches)
        return prefix is None or all(
            self._rig.is_up(name) for name in self._rig.names if name.startswith(prefix)
        )

    def _break(self, kind: Kind) -> None:
        number, since = next(self._numbers), datetime.now(UTC)
        try:
            what, undo = kind.apply(self._world)
        except _AWAY as error:
            product_database.close()
            # What another fault has broken already cannot be reached to be broken.
            self._say(f"could not: {kind.name}: {type(error).__name__}")
            return
        self.outcome.faults[kind.name] += 1
        self.outcome.plans[kind.name] = kind.plan
        self._lost_answers += kind.name == LOST_ANSWER
        self._say(f"{kind.plan:>3} {kind.name}{f' ({what})' if what else ''}")
        self._open[number] = (kind, since, what)
        if undo is None or not kind.lasts:
            self._close(number)
        else:
            self._touched.add(kind.touches)
            at = time.monotonic() + self._random.uniform(*kind.seconds)
            heapq.heappush(self._undo, (at, number, kind.touches, undo))

    def _look_after(self) -> None:
        """Put right what is due, and start again what fell by itself, as a supervisor does."""
        while self._undo and self._undo[0][0] <= time.monotonic():
            _, number, touches, undo = heapq.heappop(self._undo)
            self._put_right(number, touches, undo)
        if self._web_left and self._rig.is_up(WEB):
            self._note_web_back()
        self._rig.see_off()
        if time.monotonic() >= self._told_at + _TOLD_EVERY:
            self._told_at = time.monotonic()
            self._tell_progress()
        for name in self._rig.dead():
            self._fell[name.partition("-")[0]] += 1
            self._say(f"    {name} ended by itself")
            self._rig.kill(name)
            self._rig.start(name)

    def _tell_progress(self) -> None:
        with suppress(psycopg.OperationalError):
            progress = pulls.progress(self._database).items()
            self._say("    pulls: " + ", ".join(f"{number} {what}" for what, number in progress))

    def _note_web_back(self) -> None:
        now, since = datetime.now(UTC), self._web_left[0]
        self._hidden.append((since, now + _BACK_WITHIN))
        self._web_back.append((now - self._web_left[-1]).total_seconds())
        self._web_left.clear()

    def _put_right(self, number: int, touches: str, undo: Undo) -> None:
        for _ in range(20):
            try:
                undo()
            except _AWAY:
                product_database.close()
                time.sleep(0.5)  # what is to be mended was broken once more meanwhile
            else:
                break
        self._touched.discard(touches)
        self._close(number)

    def _close(self, number: int) -> None:
        kind, since, what = self._open.pop(number)
        until = datetime.now(UTC)
        if kind.excuses:
            grant = what.partition(",")[0] if what.startswith("grt_") else None
            self._excuses.append(Excuse(since, until, grant))
        if kind.touches == WEB:
            self._web_left.append(since)
        if kind.hides_web:
            self._hidden.append((since, until + _BACK_WITHIN))
        if kind.touches == "viewers' way":
            self._cut_off.append((since, until + _BACK_WITHIN))

    def _mend_everything(self) -> None:
        while self._undo:
            _, number, touches, undo = heapq.heappop(self._undo)
            self._put_right(number, touches, undo)
        orders.withdraw(self._rig.orders)
        self._world.control.mend_all()
        self._say("all is mended")

    def _drain(self, scenario: Scenario) -> None:
        self._wait("pulls to end", lambda: not pulls.active(self._database))
        self._rig.wait_for("web", lambda: self._rig.is_up("web"))
        scenario.refresh_everything()
        self._wait("the last pulls to end", lambda: not pulls.active(self._database))
        self._wait("webhooks to arrive", self._webhooks_are_out)
        self._say("all is quiet")

    def _webhooks_are_out(self) -> bool:
        webhooks.hasten(self._database)
        return not webhooks.pending(self._database)

    def _wait(self, what: str, condition: "object") -> None:
        deadline = time.monotonic() + _DRAIN_SECONDS
        assert callable(condition)
        while not condition():
            self._look_after()
            if time.monotonic() > deadline:
                self.outcome.verdict.blame(f"still waiting for {what}")
                return
            time.sleep(0.5)

    # Judging

    def _judge(self, scenario: Scenario, watch: Watch, broken_until: float) -> None:
        verdict = self.outcome.verdict
        grants = {book.connection_id: book.grants for book in scenario.books}
        verdict.add("seconds until all was quiet", time.monotonic() - broken_until)
        self._judge_watch(watch, verdict)
        self._judge_recovery(watch, verdict)
        verdict.add("requests over the API", scenario.requests)
        verdict.add("requests answered with 503", scenario.refused - len(scenario.mishaps))
        for mishap in scenario.mishaps:
            verdict.blame(f"answered with a fault of ours: {mishap}")
        verdict.add("companies deleted meanwhile", len(scenario.deleted))
        verdict.add("pulls", scenario.pulls_deleted)
        verdict.add("of them deleted with their company", scenario.pulls_deleted)
        verdict.add("records fetched", scenario.records_deleted)
        pulls.judge(self._database, scenario, self._excuses, grants, verdict)
        records.judge(self._database, self._world.control, grants, verdict)
        webhooks.judge(self._database, scenario, self._sink, verdict)
        audit.judge(self._database, scenario.changed, verdict)
        tokens.judge(self._world.control, self._lost_answers, verdict)
        tokens.judge_secrecy(self._rig.directory, self._database, scenario, verdict)
        if self._rig.stopped_within:
            verdict.add("most seconds until a process had stopped", max(self._rig.stopped_within))
        for name, fell in self._fell.items():
            verdict.add(f"{name} ended by itself", fell)
        verdict.add("orders carried out at points", len(orders.taken(self._rig.orders)))

    def _judge_viewers(self, viewers: Viewers) -> None:
        """I8, live: whoever watches sees the end, and nobody watches who may not."""
        verdict = self.outcome.verdict
        for difference in viewers.differences():
            verdict.blame(difference)
        for mishap in viewers.mishaps:
            verdict.blame(mishap)
        verdict.add("messages to open pages", viewers.messages)
        if not viewers.messages:
            verdict.blame("no open page was told anything")
        verdict.add("times that open pages came back", viewers.reconnections)
        verdict.add("pulls that were followed to their end", len(viewers.followed))
        judged = [
            each.until - each.since
            for each in viewers.farewells
            if not any(
                each.since <= until and since <= each.until
                for since, until in self._cut_off + self._hidden
            )
        ]
        verdict.add("open pages that were closed to their reader", len(judged))
        if judged:
            slowest = max(judged)
            verdict.add("most seconds until that", round(slowest.total_seconds(), 1))
            if slowest > _SHOWN_OUT:
                verdict.blame(f"a page stayed open for {slowest} to somebody who was out")

    def _judge_watch(self, watch: Watch, verdict: Verdict) -> None:
        verdict.add("reads at 20 Hz", watch.reads)
        verdict.add("pages asked for", watch.pages)
        unexcused = [
            (asked, why)
            for asked, answered, why in watch.missing
            if not any(asked <= until and since <= answered for since, until in self._hidden)
        ]
        verdict.add(
            "pages missing while PostgreSQL or web was down", len(watch.missing) - len(unexcused)
        )
        verdict.add("pages missing otherwise", len(unexcused))
        if self._web_back:
            verdict.add("most seconds until web was back", round(max(self._web_back)))
            if max(self._web_back) > _STARTED_SECONDS:
                verdict.blame(f"web was away for {max(self._web_back):.0f} s after it was killed")
        for at, why in unexcused[:20]:
            self._say(f"a page was missing at {at:%H:%M:%S}: {why}")
        if len(unexcused) > max(1, watch.pages // 1000):
            verdict.blame(f"{len(unexcused)} of {watch.pages} pages were missing")
        verdict.violations += watch.torn
        verdict.add("most seconds a pull lay there after its lease", round(watch.overdue))
        if watch.overdue > _STUCK_SECONDS:
            verdict.blame(f"a pull lay there for {watch.overdue:.0f} s after its lease")

    def _judge_recovery(self, watch: Watch, verdict: Verdict) -> None:
        ended: dict[UUID, datetime] = dict(
            self._database.rows(
                "SELECT id, completed_at FROM sync_pull WHERE id = ANY(%s)",
                list(watch.interrupted_at),
            )
        )
        seconds = sorted(
            (ended[pull] - at).total_seconds()
            for pull, at in watch.interrupted_at.items()
            if ended.get(pull)
        )
        verdict.add("pulls that were interrupted", len(seconds))
        if not seconds:
            return
        verdict.add("median seconds to their end, lease included", _share(seconds, 0.5))
        verdict.add("99 % of them within seconds, lease included", _share(seconds, 0.99))
        verdict.add("slowest recovery, seconds, lease included", seconds[-1])
        # Of few, one in a hundred is none: then the figure is told, and nobody blamed.
        if len(seconds) >= _MANY and _share(seconds, 0.99) > _RECOVERED_SECONDS:
            verdict.blame("more than 1 % of the interrupted pulls took more than 3 minutes to end")

    def _say(self, words: str) -> None:
        print(f"{time.monotonic() - self._began:7.1f} s  {words}", flush=True)


def _share(ordered: Sequence[float], share: float) -> float:
    if share == 0.5:  # noqa: PLR2004 - half
        return round(statistics.median(ordered), 1)
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 1)

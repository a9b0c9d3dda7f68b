"""Kill workers in the middle of pulls, empty the broker, and see that nothing was lost or doubled.

    uv run python -m tests.chaos.pulls --kills 20 --flushes 3

Starts engines, sandbox, workers and beat in a directory of its own, links companies to the sample
businesses, and, while they are pulled, kills whole workers with SIGKILL, stops others in order and
flushes Valkey at random moments. When all is quiet again every pull must have ended as Complete,
and the store must equal what the sandbox's own ledger says it served. Exits with 1 when not.
"""

import argparse
import importlib
import sys
import time
from random import Random, SystemRandom
from typing import Any

import django

from tests.chaos.oracle import Oracle, Verdict
from tests.chaos.rig import Control, Rig

#: With nothing pulled for so long by workers that are up, another company is linked.
IDLE_SECONDS = 2
#: A lease that was taken or renewed in the last second: what a lost worker left does not count.
_IN_THE_MIDDLE = """
SELECT count(*) FROM sync_pull
 WHERE status IN ('Fetching', 'Mapping', 'Validating', 'Processing')
   AND lease_until > clock_timestamp() + interval '74 seconds'
"""
DRAIN_SECONDS = 600


class Chaos:
    """One run: what is broken when follows from the seed."""

    def __init__(self, rig: Rig, *, kills: int, stops: int, flushes: int, seed: int) -> None:
        self._rig = rig
        self._random = Random(seed)
        self._faults = ["kill"] * kills + ["stop"] * stops + ["flush"] * flushes
        self._random.shuffle(self._faults)
        self._began = time.monotonic()
        self.in_the_middle = 0

    def run(self) -> tuple[Verdict, float]:
        """Break things, wait until all is quiet, judge."""
        django.setup()
        # Models can be imported only now.
        scenario_module: Any = importlib.import_module("tests.chaos.scenario")
        control = Control(self._rig.sandbox_url)
        self._scenario = scenario_module.Scenario(control, self._random)
        self._oracle = Oracle(str(self._scenario.organization_id))
        for fault in self._faults:
            self._keep_busy()
            time.sleep(self._random.uniform(0, 1.5))
            self._break(fault)
        broken_until = time.monotonic()
        self._drain()
        self._scenario.refresh_all()
        self._drain()
        drained = time.monotonic() - broken_until
        return self._oracle.judge(control, self._scenario.grants), drained

    def _keep_busy(self) -> None:
        """Have pulls under way in workers that are up."""
        self._rig.wait_for("the workers", self._all_up)
        deadline = time.monotonic() + DRAIN_SECONDS
        idle_since = time.monotonic()
        while not self._oracle.number(_IN_THE_MIDDLE):
            if time.monotonic() - idle_since > IDLE_SECONDS:
                self._scenario.link_another()
                if self._random.random() < 0.5:
                    self._scenario.refresh_some()
                idle_since = time.monotonic()
            if time.monotonic() > deadline:
                raise TimeoutError(f"no worker pulls: {self._rig.log_of('worker-1')}")
            time.sleep(0.02)

    def _all_up(self) -> bool:
        return all(map(self._rig.is_ready, self._rig.worker_names))

    def _break(self, fault: str) -> None:
        running = self._oracle.number(_IN_THE_MIDDLE)
        if fault == "flush":
            self._rig.flush()
            self._say(f"FLUSHALL, {running} pulls advancing")
            return
        victim = self._random.choice(self._rig.worker_names)
        if fault == "kill":
            self._rig.kill(victim)
            self.in_the_middle += bool(running)
            self._say(f"kill -9 {victim}, {running} pulls advancing")
        else:
            self._rig.stop_worker(victim)
            self._say(f"SIGTERM {victim}, {running} pulls advancing")
        self._rig.start_worker(victim)

    def _drain(self) -> None:
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._oracle.active():
            if time.monotonic() > deadline:
                self._say(f"{self._oracle.active()} pulls have not ended")
                return
            time.sleep(0.5)

    def _say(self, words: str) -> None:
        print(f"{time.monotonic() - self._began:7.1f} s  {words}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.pulls")
    parser.add_argument("--kills", type=int, default=20, help="workers to kill (%(default)s)")
    parser.add_argument("--stops", type=int, default=3, help="workers to stop (%(default)s)")
    parser.add_argument("--flushes", type=int, default=3, help="FLUSHALLs (%(default)s)")
    parser.add_argument(
        "--workers", type=int, default=1, help="workers of two processes each (%(default)s)"
    )
    parser.add_argument("--seed", type=int, help="repeat a run's choices")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    with Rig(workers=options.workers) as rig:
        chaos = Chaos(
            rig, kills=options.kills, stops=options.stops, flushes=options.flushes, seed=seed
        )
        verdict, drained = chaos.run()
    table = {
        "workers killed": options.kills,
        "… while pulls advanced": chaos.in_the_middle,
        "workers stopped in order": options.stops,
        "broker flushed": options.flushes,
        "seconds until all was quiet": round(drained),
        **verdict.figures,
        "violations": len(verdict.violations),
    }
    for what, figure in table.items():
        print(f"{what:>36}  {figure:>9,}")
    for violation in verdict.violations[:50]:
        print(f"VIOLATION  {violation}  (seed {seed})")
    return 1 if verdict.violations else 0


if __name__ == "__main__":
    sys.exit(main())

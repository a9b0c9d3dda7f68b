"""Race for tokens and kill whoever renews them, and see that no authorization is lost by it.

    uv run python -m tests.chaos.tokens --races 1000 --kills 700

Starts engines and two sandbox platforms in a directory of its own: one takes a token back whose
successor was never used, for half an hour, the other never does. Processes that live on use
connections whose tokens are due, 2 to 50 at once; others are killed with SIGKILL at each step of a
refresh. The platforms' own ledgers say how often they were asked. Exits with 1 when a token was
refreshed or used twice, a chain was lost that need not have been, or a lost one is not told of.
"""

import argparse
import importlib
import signal
import sys
import time
from dataclasses import replace
from random import Random, SystemRandom
from typing import Any

import django
import httpx

from chaos.control import Control
from chaos.rig import HOST, SANDBOX, Rig
from portal.supervisor import programs
from portal.supervisor.readiness import address, chosen_port

_WORKERS = 3
_TOLD_EVERY = 100


class TokenRig(Rig):
    """Engines, and a second sandbox that gives no grace."""

    #: What is asked here is asked in minutes, not in a day.
    requests_per_minute = "1000000"

    def start_strict_sandbox(self) -> str:
        port = chosen_port(HOST, 0)
        directory = self.directory / "strict"
        directory.mkdir()
        program = programs.sandbox(
            host=HOST, port=port, data_dir=directory, redirect_uri=self.callback_url
        )
        grace = {"SANDBOX_REFRESH_GRACE_SECONDS": "0"}
        self.run("strict", replace(program, environment={**program.environment, **grace}))
        url = address(HOST, port)
        self.wait_for("the strict sandbox", lambda: _serves(url))
        return url


def _serves(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.tokens")
    parser.add_argument("--races", type=int, default=1000, help="rounds of racers (%(default)s)")
    parser.add_argument(
        "--kills", type=int, default=700, help="processes killed, over seven points (%(default)s)"
    )
    parser.add_argument("--seed", type=int, help="repeat a run's choices")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    # Whoever is asked to stop takes everything along that was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with TokenRig(runs=[SANDBOX]) as rig:
        strict = rig.start_strict_sandbox()
        django.setup()
        # Models can be imported only now.
        module: Any = importlib.import_module("tests.chaos.token_rounds")
        platforms = [
            module.Platform(rig.control_url, has_grace=True, control=Control(rig.control_url)),
            module.Platform(strict, has_grace=False, control=Control(strict)),
        ]
        began = time.monotonic()
        with module.Rounds(platforms, workers=_WORKERS, seed=seed) as rounds:
            for name in _plan(module.POINTS, options.races, options.kills, Random(seed)):
                if name == "race":
                    rounds.race()
                else:
                    rounds.kill(name)
                done = rounds.races["rounds"] + sum(each["kills"] for each in rounds.kills.values())
                if done % _TOLD_EVERY == 0:
                    print(f"{time.monotonic() - began:7.1f} s  {done:,} rounds", flush=True)
    print("\n".join(rounds.table()))
    print(f"{time.monotonic() - began:.0f} s, {len(rounds.violations)} violations")
    for violation in rounds.violations[:50]:
        print(f"VIOLATION  {violation}  (seed {seed})")
    return 1 if rounds.violations else 0


def _plan(points: tuple[str, ...], races: int, kills: int, random: Random) -> list[str]:
    plan = ["race"] * races + [points[number % len(points)] for number in range(kills)]
    random.shuffle(plan)
    return plan


if __name__ == "__main__":
    sys.exit(main())

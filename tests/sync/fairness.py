"""How long one click waits while another organization has 5,000 pulls waiting.

    uv run python -m tests.sync.fairness [--pulls 5000] [--clicks 100] [--workers 2]

Starts engines, the sandbox platform, beat and workers in a directory of its own. Organization A
refreshes everything over some 280 connections at once; then B asks for one data type at a time, at
random moments. Prints how long B's pulls waited for a worker, and what was left of A's. Exits with
1 when p99 is above ten seconds, or when A's pulls were over before B's were: then nothing is shown.
"""

import argparse
import importlib
import random
import sys
import time
from typing import Any

import django

from chaos.rig import BEATS, SANDBOX, WORKERS, Rig

LONGEST_SECONDS = 10.0
_DRAIN_SECONDS = 120


def percentile(delays: list[float], part: float) -> float:
    return sorted(delays)[min(len(delays) - 1, int(len(delays) * part))]


def run(options: argparse.Namespace) -> bool:
    # Models can be imported only now.
    load: Any = importlib.import_module("tests.sync.fairness_load")
    chance = random.Random(options.seed)
    crowd, alone = load.link(pulls=options.pulls)
    queued = crowd.refresh_all()
    print(f"A has {queued} pulls waiting over {len(crowd.companies)} connections", flush=True)
    for _ in range(options.clicks):
        time.sleep(chance.uniform(0, 2 * options.seconds / options.clicks))
        alone.click(chance)
    left = crowd.waiting()
    deadline = time.monotonic() + _DRAIN_SECONDS
    while alone.waiting() and time.monotonic() < deadline:
        time.sleep(0.5)
    delays = alone.delays()
    print(f"A ended {queued - left} and had {left} waiting at B's last click")
    figures = {"p50": percentile(delays, 0.5), "p99": percentile(delays, 0.99), "max": max(delays)}
    told = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in figures.items())
    print(f"B's {len(delays)} of {options.clicks} clicks waited: {told}")
    is_shown = left > 0 and len(delays) == options.clicks
    return is_shown and figures["p99"] <= LONGEST_SECONDS


class Unhurried(Rig):
    #: What is measured is our queue, not the platform's limit.
    requests_per_minute = "1000000"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sync.fairness")
    parser.add_argument("--pulls", type=int, default=5000, help="of A's (%(default)s)")
    parser.add_argument("--clicks", type=int, default=100, help="of B's (%(default)s)")
    parser.add_argument("--seconds", type=float, default=90, help="for them (%(default)s)")
    parser.add_argument(
        "--workers", type=int, default=1, choices=[1, 2], help="of two processes (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the moments (%(default)s)")
    options = parser.parse_args()
    with Unhurried(runs=[SANDBOX, *WORKERS[: options.workers], BEATS[0]]):
        django.setup()
        is_fair = run(options)
    print("fair" if is_fair else "NOT SHOWN TO BE FAIR")
    return 0 if is_fair else 1


if __name__ == "__main__":
    sys.exit(main())

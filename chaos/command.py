"""`manage.py chaos`: break an installation on purpose, and see that nothing is lost or doubled."""

import argparse
import importlib
import sys
import time
from pathlib import Path
from random import SystemRandom
from typing import Any

import django

from chaos.rig import Rig

HELP = (
    "Start an installation of its own, keep it busy, break it again and again, and hold what is "
    "left against what the platform and the receivers of webhooks know. For development."
)
#: Shown; the rest of a long list says no more.
_MOST_VIOLATIONS = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=5, help="how long (%(default)s)")
    parser.add_argument("--seed", type=int, help="repeat a run's choices")
    parser.add_argument(
        "--every", type=float, default=3, help="mean seconds between two faults (%(default)s)"
    )
    parser.add_argument(
        "--live", type=int, default=12, help="companies linked at a time (%(default)s)"
    )
    parser.add_argument(
        "--logs", type=Path, metavar="DIRECTORY", help="keep there what the processes said"
    )
    parser.add_argument(
        "--faults", nargs="*", default=[], metavar="F1", help="only some parts of the plan"
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="manage.py chaos", description=HELP)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    with Rig(keep_logs=options.logs, has_small_disk="F8" in options.faults) as rig:
        django.setup()
        # Only now: models, and everything that knows them.
        faults: Any = importlib.import_module("chaos.faults")
        run: Any = importlib.import_module("chaos.run")
        sinks: Any = importlib.import_module("chaos.sink")
        try:
            kinds = faults.selected(options.faults)
        except ValueError as error:
            parser.error(str(error))
        left_out = {} if options.faults else faults.unavailable()
        for name, lacking in left_out.items():
            print(f"left out: {name}, {lacking}", flush=True)
        plan = run.Plan(
            minutes=options.minutes,
            seed=seed,
            kinds=kinds,
            every=options.every,
            live=options.live,
        )
        began = time.monotonic()
        with sinks.Sink() as sink:
            outcome = run.Run(rig, sink, plan).carry_out()
        took = time.monotonic() - began
    _print(outcome, took)
    for violation in outcome.verdict.violations[:_MOST_VIOLATIONS]:
        print(f"VIOLATION  {violation}  (seed {seed})")
    return 1 if outcome.verdict.violations else 0


def _print(outcome: Any, took: float) -> None:
    print(f"\n{'faults':>56}  {outcome.faults.total():>12,}")
    for name, number in sorted(outcome.faults.items(), key=lambda each: outcome.plans[each[0]]):
        print(f"{f'{outcome.plans[name]}  {name}':>56}  {number:>12,}")
    print()
    for name, figure in {
        **outcome.verdict.figures,
        "minutes in all": took / 60,
        "violations": len(outcome.verdict.violations),
    }.items():
        shown = f"{figure:>12,.1f}" if isinstance(figure, float) else f"{figure:>12,}"
        print(f"{name:>56}  {shown}")
    sys.stdout.flush()

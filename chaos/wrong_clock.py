"""Run a program with a clock that is wrong: `python -m chaos.wrong_clock SECONDS -m MODULE …`.

Dates and the time of day are that much ahead; how long something takes is measured as ever. Child
processes that are forked have the same clock.
"""

import runpy
import sys
from datetime import UTC, datetime, timedelta

import time_machine


def main(seconds: str, *program: str) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=int(seconds))
    time_machine.travel(moment, tick=True).start()
    if program[0] == "-m":
        sys.argv = [*program[1:]]
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [*program]
        runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])

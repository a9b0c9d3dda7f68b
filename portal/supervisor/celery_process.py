"""A Celery process that says when it really works.

Called as `python -m portal.supervisor.celery_process ARGUMENTS…`, with the arguments of `celery`.
The file named in `LEDGERPORT_PROCESS_READY` appears once the worker consumes, or beat ticks.
"""

import os
import warnings
from pathlib import Path

from celery.__main__ import main
from celery.exceptions import SecurityWarning
from celery.signals import beat_init, worker_ready


def run() -> None:
    # Development only, and messages are JSON: running as root in a container is no danger here.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker_ready.connect(_say_so)
    beat_init.connect(_say_so)
    main()


def _say_so(**_: object) -> None:
    Path(os.environ["LEDGERPORT_PROCESS_READY"]).touch()


if __name__ == "__main__":
    run()

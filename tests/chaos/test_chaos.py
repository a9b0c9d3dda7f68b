"""A short run of the fault rig; `manage.py chaos --minutes 60` is the long one."""

import os
import subprocess
import sys

import pytest

from engines.locations import PROJECT
from tests.server import environment

MINUTES = os.environ.get("CHAOS_MINUTES", "2")
SEED = os.environ.get("CHAOS_SEED", "11")


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_whatever_breaks(record_property):
    run = subprocess.run(
        [sys.executable, "manage.py", "chaos", "--minutes", MINUTES, "--seed", SEED],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
        env=environment(),
    )

    record_property("summary", run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr[-20_000:]

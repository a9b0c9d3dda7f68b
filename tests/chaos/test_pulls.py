"""The short form of `python -m tests.chaos.pulls`."""

import subprocess
import sys

import pytest

from engines.locations import PROJECT


@pytest.mark.full
@pytest.mark.timeout(900)
def test_killed_workers_and_a_forgetful_broker_lose_and_double_nothing():
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.chaos.pulls",
            "--kills",
            "4",
            "--stops",
            "1",
            "--flushes",
            "1",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )

    assert run.returncode == 0, run.stdout + run.stderr

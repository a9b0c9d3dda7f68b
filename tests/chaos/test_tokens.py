"""The short form of `python -m tests.chaos.tokens`."""

import subprocess
import sys

import pytest

from engines.locations import PROJECT


@pytest.mark.full
@pytest.mark.timeout(600)
def test_no_race_and_no_kill_costs_an_authorization():
    run = subprocess.run(
        [sys.executable, "-m", "tests.chaos.tokens", "--races", "30", "--kills", "28"],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )

    assert run.returncode == 0, run.stdout + run.stderr

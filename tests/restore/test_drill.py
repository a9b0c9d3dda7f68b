"""The drill as a test: real engines, sandbox, workers, beat and relay."""

import subprocess
import sys

import pytest

from engines.locations import PROJECT


@pytest.mark.full
@pytest.mark.timeout(900)
def test_a_restored_backup_goes_on_without_losing_or_doubling_anything():
    run = subprocess.run(
        [sys.executable, "-m", "tests.restore", "2"],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )

    assert run.returncode == 0, run.stdout + run.stderr

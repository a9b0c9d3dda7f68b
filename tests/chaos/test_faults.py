"""What the rig can break, and how it is chosen."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from chaos import faults


def test_a_full_disk_is_for_those_who_name_it():
    assert "F8" not in {kind.plan for kind in faults.selected([])}
    assert {kind.plan for kind in faults.selected(["F8", "F12"])} == {"F8", "F12"}


def test_what_there_is_not_is_refused():
    with pytest.raises(ValueError, match="F99: not among F1, "):
        faults.selected(["F99"])


def test_what_lacks_here_is_left_out_with_a_sentence(monkeypatch):
    monkeypatch.setattr(faults.clocks, "is_possible", lambda: False)

    assert "F12" not in {kind.plan for kind in faults.selected([])}
    with pytest.raises(ValueError, match="F12: no clock can be set wrong"):
        faults.selected(["F12"])


def test_a_clock_that_is_wrong_tells_another_day_and_waits_as_long():
    program = (
        "import time, datetime; began = time.monotonic(); time.sleep(0.01);"
        "assert time.monotonic() - began < 60; print(datetime.datetime.now(datetime.UTC))"
    )
    wrong = [sys.executable, "-m", "chaos.wrong_clock", "-86400", "-m", "timeit", "-n1", "-r1"]

    told = subprocess.run([*wrong, program], capture_output=True, text=True, check=True).stdout

    ahead = datetime.fromisoformat(told.splitlines()[0]) - datetime.now(UTC)
    assert round(ahead.total_seconds() / 86400) == -1

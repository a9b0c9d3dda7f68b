"""Who has a lease, and whether that process is gone."""

import os
import signal
import subprocess
import sys

from portal import processes

_SAYS_WHO_IT_IS = "from portal import processes; print(processes.this_process(), flush=True)"


def test_what_runs_is_not_gone():
    assert not processes.is_gone(processes.this_process())


def test_what_ended_is_gone(dead_process):
    assert processes.is_gone(dead_process)


def test_what_was_killed_is_gone_before_its_parent_looks():
    waits = f"{_SAYS_WHO_IT_IS}; input()"
    with subprocess.Popen(
        [sys.executable, "-c", waits], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        name = child.stdout.readline().decode().strip()
        assert not processes.is_gone(name)

        os.kill(child.pid, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and still in the list

        assert processes.is_gone(name)


def test_another_one_that_has_its_number_now_is_another_one():
    machine, pid, began = processes.this_process().split(":")

    assert processes.is_gone(f"{machine}:{pid}:{int(began) - 1}")


def test_of_what_ran_elsewhere_nobody_here_knows(dead_process):
    _, _, process = dead_process.partition(":")

    assert not processes.is_gone(f"0123456789abcdef:{process}")
    assert not processes.is_gone("")


def test_two_processes_have_two_names(dead_process):
    assert dead_process != processes.this_process()
    assert dead_process.partition(":")[0] == processes.this_process().partition(":")[0]


def test_a_name_fits_where_it_is_kept():
    assert 0 < len(processes.this_process()) <= 50


def test_where_the_system_tells_nothing_leases_are_waited_for(monkeypatch, tmp_path, dead_process):
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    processes._machine.cache_clear()
    try:
        assert processes.this_process() == ""
        assert not processes.is_gone(dead_process)
    finally:
        processes._machine.cache_clear()

"""What the fault rig has processes do at a point."""

import signal
import subprocess
import sys

import pytest

import chaos
from chaos import orders
from engines.locations import PROJECT
from tests.portal.test_production import start

_PASS_BY = (
    "import sys; from pathlib import Path; from chaos import orders; import chaos;"
    " orders.obey(Path(sys.argv[1])); chaos.point('pull.claimed'); print('passed')"
)


def pass_by(directory):
    return subprocess.run(
        [sys.executable, "-c", _PASS_BY, directory],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("order", "status"), [("kill", -signal.SIGKILL), ("crash", -signal.SIGSEGV), ("exit", 3)]
)
def test_an_order_is_carried_out_once(tmp_path, order, status):
    (tmp_path / "taken").mkdir()
    orders.give(tmp_path, "pull.claimed", order)

    assert pass_by(tmp_path).returncode == status
    assert pass_by(tmp_path).stdout == "passed\n"
    assert orders.taken(tmp_path) == ["pull.claimed"]


def test_an_order_that_nobody_came_by_is_withdrawn(tmp_path):
    (tmp_path / "taken").mkdir()
    orders.give(tmp_path, "pull.claimed", "kill")

    orders.withdraw(tmp_path)

    assert pass_by(tmp_path).stdout == "passed\n"
    assert orders.taken(tmp_path) == []


def test_an_order_to_a_point_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"kill at pull\.nowhere"):
        orders.give(tmp_path, "pull.nowhere", "kill")
    with pytest.raises(ValueError, match="sing at"):
        orders.give(tmp_path, next(iter(chaos.POINTS)), "sing")


@pytest.mark.full
def test_production_takes_no_orders(tmp_path):
    (tmp_path / "taken").mkdir()
    orders.give(tmp_path, "pull.claimed", "kill")
    started = start(
        then="import chaos; chaos.point('pull.claimed')", LEDGERPORT_CHAOS_ORDERS=str(tmp_path)
    )

    assert started.returncode == 0, started.stderr
    assert (tmp_path / "pull.claimed").exists()

"""Do the clocks agree? What is stored goes by the database's."""

import time
from collections.abc import Callable

from portal.doctor.asking import rows
from portal.doctor.checks import valkey as valkey_checks
from portal.doctor.findings import Answer, Level, graded

_NOTICED = 5.0
#: Codes of authenticator apps are good for half a minute more or less.
_TOO_FAR = 30.0


def database() -> Answer:
    rows("SELECT 1")  # connects, which takes time of its own
    skew = _skew(_database_time)
    level = Level.OK if skew < _NOTICED else Level.WARNING if skew < _TOO_FAR else Level.ERROR
    return graded(
        level,
        f"This machine's clock and the database's are {skew:.1f} seconds apart.",
        "Schedules and leases go by the database's clock, codes of authenticator apps, TLS and the "
        "hour of daily e-mails by this one's. Half a minute off, those codes are refused.",
        "Have both machines keep time over the network: timedatectl set-ntp true",
    )


def valkey() -> Answer:
    skew = _skew(_valkey_time)
    return graded(
        Level.OK if skew < _NOTICED else Level.NOTE,
        f"This machine's clock and Valkey's are {skew:.1f} seconds apart.",
        "Valkey counts only how long things last, so nothing goes wrong by that alone.",
        "Have its machine keep time over the network: timedatectl set-ntp true",
    )


def _skew(ask: Callable[[], float]) -> float:
    """Compare with the middle of the time that asking took."""
    before = time.time()
    theirs = ask()
    return abs(theirs - (before + time.time()) / 2)


def _database_time() -> float:
    ((theirs,),) = rows("SELECT extract(epoch FROM clock_timestamp())::float8")
    return float(theirs)


def _valkey_time() -> float:
    with valkey_checks.client() as server:
        seconds, microseconds = server.time()
    return float(seconds) + float(microseconds) / 1e6

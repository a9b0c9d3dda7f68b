"""The last resort: ends the children's process groups when the supervisor was killed.

The kernel tells each direct child of the supervisor's death (see `engines.launch`), but not that
child's own children, such as the worker's pool. This process reads the leaders of the groups from
its standard input ("+123" and "-123"); the end of that stream is the end of the supervisor.
"""

import contextlib
import os
import signal
import sys
import time

_GRACE_SECONDS = 1.5


def main() -> None:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    leaders: set[int] = set()
    for line in sys.stdin:
        sign, leader = line[0], int(line[1:])
        if sign == "+":
            leaders.add(leader)
        else:
            leaders.discard(leader)
    _signal_all(leaders, signal.SIGTERM)
    if leaders:
        time.sleep(_GRACE_SECONDS)
    _signal_all(leaders, signal.SIGKILL)


def _signal_all(leaders: set[int], signum: signal.Signals) -> None:
    for leader in leaders:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signum)


if __name__ == "__main__":
    main()

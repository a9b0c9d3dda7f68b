"""The side of a contestant: a process that does each phase when it is told to.

Only the standard library, and no more than Python 3.11: peers run in environments of their own.
"""

import os
import sys
import traceback
from collections.abc import Callable, Mapping


def take_part(phases: Mapping[str, Callable[[], object]]) -> None:
    """Say that everything is ready, then carry out the phases named on the standard input.

    What happens before this call, or in another process, is not measured. Whatever anybody prints
    goes to the standard error; the standard output is for the answers.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    print("ready", file=answers)
    for line in sys.stdin:
        try:
            phases[line.strip()]()
        except Exception:  # noqa: BLE001 - whoever asked tells it
            traceback.print_exc()
            print("failed", file=answers)
        else:
            print("done", file=answers)

"""`python -m tests.portal.prune_process DATABASE STEP`: a pruning that is killed at a step."""

import os
import signal
import sys


def main() -> None:
    os.environ["LEDGERPORT_ENV"] = "test"
    database, step = sys.argv[1:]
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    settings.DATABASES["default"]["NAME"] = database
    django.setup()
    import chaos  # noqa: PLC0415
    from portal import pruning  # noqa: PLC0415

    left = [int(step)]

    def die(_: str) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    chaos.arm(die)
    pruning.prune(pruning.Report(), tell=lambda _: None, rest=0)


if __name__ == "__main__":
    main()

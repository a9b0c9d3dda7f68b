"""`python -m tests.portal.rekey_process DATABASE KEYS STEP`: a rekey that is killed at a step."""

import os
import signal
import sys


def main() -> None:
    os.environ["LEDGERPORT_ENV"] = "test"
    database, os.environ["LEDGERPORT_ENCRYPTION_KEYS"], step = sys.argv[1:]
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    settings.DATABASES["default"]["NAME"] = database
    django.setup()
    import chaos  # noqa: PLC0415
    from portal import rekeying  # noqa: PLC0415

    left = [int(step)]

    def die(_: str) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    chaos.arm(die)
    rekeying.rekey(new_data_keys=True)


if __name__ == "__main__":
    main()

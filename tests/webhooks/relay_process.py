"""`python -m tests.webhooks.relay_process DATABASE`: a relay to kill, with a short lease."""

import os
import sys
from datetime import timedelta


def main() -> None:
    os.environ["LEDGERPORT_ENV"] = "test"
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()
    import asyncio  # noqa: PLC0415

    from webhooks.relay import Relay  # noqa: PLC0415
    from webhooks.schedule import Schedule  # noqa: PLC0415

    schedule = Schedule(
        waits=(timedelta(milliseconds=100),) * 7,
        answer_within=timedelta(seconds=2),
        lease=timedelta(seconds=3),
    )
    asyncio.run(Relay(schedule=schedule).run(asyncio.Event()))


if __name__ == "__main__":
    main()

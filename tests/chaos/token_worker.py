"""A process that uses connections when it is told to, one command a line; see `tokens`.

It forks for a kill, so nothing that a fork must not share (a pool, a thread) is made before that in
a process which is told to kill.
"""

import hashlib
import importlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from unittest import mock
from uuid import UUID

import django
import httpx

_LATE = 3
_USED = ("chaos", "companies.tenancy", "connections.credentials", "connections.models")
#: A racer may wait for a lease for so long, and the platform is asked after that.
_PATIENCE = 60


def main() -> None:
    django.setup()
    for name in _USED:  # before a fork, not after each
        importlib.import_module(name)
    # Nothing here is asked over TLS, and a context for each thread is most of what a round costs.
    context = httpx.create_ssl_context()
    mock.patch("httpx._transports.default.create_ssl_context", return_value=context).start()
    acts: dict[str, Callable[..., object]] = {"race": _race, "kill": _kill}
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        act = acts[command.pop("do")]
        print(json.dumps(act(**command)), flush=True)


def _race(*, at: float, racers: int, **connection: str) -> list[dict[str, str]]:
    """Open the connection in so many threads at a moment; answer what came of each."""
    found: list[dict[str, str]] = [{"is": "stuck"}] * racers

    def run(number: int) -> None:
        from django.db import connection as database  # noqa: PLC0415 - Django is set up by now

        time.sleep(max(0.0, at - time.monotonic()))
        try:
            # One of them asks the platform for something: the others have the same token.
            found[number] = _use(asks=number == 0, **connection)
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_PATIENCE)
    return found


def _kill(*, point: str, **connection: str) -> int:
    """Have a process die at a point while it uses the connection; answer what it died of."""
    child = os.fork()
    if not child:
        import chaos  # noqa: PLC0415

        def die(name: str) -> None:
            if name == point:
                os.kill(os.getpid(), signal.SIGKILL)

        chaos.arm(die)
        _use(asks=True, **connection)
        os._exit(_LATE)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _use(*, asks: bool, url: str, organization_id: str, connection_id: str) -> dict[str, str]:
    from django.conf import settings  # noqa: PLC0415

    from companies import tenancy  # noqa: PLC0415
    from connections.credentials import open_platform  # noqa: PLC0415
    from connections.models import Connection  # noqa: PLC0415
    from connections.platforms.base import PlatformError  # noqa: PLC0415

    settings.SANDBOX_URL = url
    with tenancy.entered(UUID(organization_id)):
        connection: Any = Connection.objects.get(pk=connection_id)
    try:
        with open_platform(connection) as platform:
            if asks:
                platform.identity()
            token = platform.credentials.access_token.encode()
    except PlatformError as error:
        return {"is": type(error).__name__, "why": error.message}
    return {"is": "open", "token": hashlib.sha256(token).hexdigest()}


if __name__ == "__main__":
    main()

"""A web process of the product's own, started as `manage.py up` starts it."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from bench.installation import Installation
from engines import locations
from portal.supervisor import programs
from portal.supervisor.readiness import address, answers, chosen_port

_HOST = "127.0.0.1"
_START_SECONDS = 120


class DoesNotServe(Exception):
    """It ended, or does not answer."""


@dataclass(frozen=True)
class Web:
    url: str
    process: psutil.Process

    @property
    def cpu(self) -> float:
        """CPU seconds so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    @property
    def memory(self) -> int:
        return int(self.process.memory_info().rss)


@contextmanager
def serving(installation: Installation) -> Iterator[Web]:
    """Run one while the block runs.

    :raises DoesNotServe: with what it said.
    """
    port = chosen_port(_HOST, 0)
    url = address(_HOST, port)
    program = programs.web(host=_HOST, port=port)
    log = installation.directory / "web.log"
    environment = {**os.environ, "LEDGERPORT_BASE_URL": url, **program.environment}
    with log.open("wb") as output:
        started = subprocess.Popen(
            [str(each) for each in program.arguments],
            cwd=locations.PROJECT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        ends_at = time.monotonic() + _START_SECONDS
        while not answers(f"{url}/live")():
            if started.poll() is not None or time.monotonic() > ends_at:
                raise DoesNotServe(log.read_text()[-2000:])
            time.sleep(0.1)
        yield Web(url, psutil.Process(started.pid))
    finally:
        started.terminate()
        started.wait(30)

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from engines import locations
from tests.processes import processes_of, until


@dataclass
class RunningUp:
    """One `manage.py up` with a data directory of its own."""

    process: subprocess.Popen[str]
    data_dir: Path
    ready_file: Path
    log: Path

    @property
    def ready(self) -> dict[str, str]:
        answer: dict[str, str] = json.loads(self.ready_file.read_text())
        return answer

    def wait_until_ready(self) -> None:
        until(lambda: self.ready_file.exists() or self.process.poll() is not None, seconds=90)
        assert self.ready_file.exists(), self.log.read_text()

    def says(self, text: str) -> bool:
        return text in self.log.read_text()

    def has_left_nothing(self) -> bool:
        return not processes_of(self.data_dir)

    def pids_of(self, words: str) -> list[int]:
        return [pid for pid, line in processes_of(self.data_dir).items() if words in line]

    def status_of(self, path: str) -> int:
        """Give the status of a page, 0 while nobody answers."""
        address = self.ready["url"].removeprefix("http://").rstrip("/")
        connection = http.client.HTTPConnection(address, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()


StartUp = Callable[..., RunningUp]


@pytest.fixture(scope="module")
def start_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartUp]:
    """Start `manage.py up` as a user would; whatever is left of it ends with the test."""
    running: list[RunningUp] = []

    def start(
        *arguments: str,
        data_dir: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> RunningUp:
        place = tmp_path_factory.mktemp("up")
        data_dir = data_dir or place / "data"
        ready_file = place / "ready.json"
        log = place / "log"
        ours = ("LEDGERPORT_", "SANDBOX_", "DJANGO_", "PYTEST_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        with log.open("w") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, str(locations.PROJECT / "manage.py"), "up", "--port", "0"),
                    *("--data", str(data_dir), "--ready-file", str(ready_file), *arguments),
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=place,
                env={**inherited, **(environment or {})},
                text=True,
            )
        running.append(RunningUp(process, data_dir, ready_file, log))
        return running[-1]

    yield start
    for one in running:
        one.process.terminate()
    for one in running:
        one.process.wait(60)
    for one in running:
        until(one.has_left_nothing)

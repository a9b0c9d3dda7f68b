"""An installation to break: real engines, sandbox, workers and beat in a directory of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Self

import httpx
import redis

from engines import Engines, data_dir, locations, process, redis_url
from portal.supervisor import programs
from portal.supervisor.children import Program
from portal.supervisor.environment import use_development_environment
from portal.supervisor.readiness import address, chosen_port

HOST = "127.0.0.1"
_PATIENCE = 90
_STOP_PATIENCE = 20


class Rig:
    """Everything that runs; each process leads a group of its own, killed as a whole."""

    def __init__(self, *, workers: int) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="ledgerport-chaos-"))
        for name in ("DATABASE_URL", "REDIS_URL"):
            os.environ.pop(name, None)
        os.environ["LEDGERPORT_DATA"] = str(self.directory)
        os.environ["LEDGERPORT_ENV"] = "development"
        use_development_environment(data_dir())
        self.sandbox_url = address(HOST, chosen_port(HOST, 0))
        os.environ["SANDBOX_URL"] = self.sandbox_url
        self.worker_names = [f"worker-{number}" for number in range(1, workers + 1)]
        self._engines = Engines(exclusive=True)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        try:
            self._engines.start()
            self._engines.wait_until_ready()
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0"],
                check=True,
                cwd=locations.PROJECT,
            )
            port = int(self.sandbox_url.rpartition(":")[2])
            callback = "http://127.0.0.1:8000/link/callback/sandbox"
            self._start(
                programs.sandbox(
                    host=HOST, port=port, data_dir=self.directory, redirect_uri=callback
                )
            )
            self.wait_for("the sandbox", self._sandbox_serves)
            for name in self.worker_names:
                self.start_worker(name)
            ready = self._ready_file("beat")
            self._start(programs.beat(ready=ready))
            self.wait_for("beat", ready.exists)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        for name in list(self._running):
            self.kill(name)
        self._engines.stop()
        for log in self._logs:
            log.close()
        shutil.rmtree(locations.run_dir(), ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    def start_worker(self, name: str) -> None:
        program = programs.worker(ready=self._ready_file(name))
        arguments = (*program.arguments, "--hostname", f"{name}@chaos")
        self._start(Program(name=name, arguments=arguments, environment=program.environment))

    def is_ready(self, name: str) -> bool:
        return self._ready_file(name).exists()

    def kill(self, name: str) -> None:
        """Kill -9 a process with all its children, as the kernel or a power cut would."""
        child = self._running.pop(name)
        process.kill_group(child.pid)
        child.wait()

    def stop_worker(self, name: str) -> None:
        """Ask a worker to stop, as a deployment does."""
        child = self._running.pop(name)
        process.stop(child, signal.SIGTERM, _STOP_PATIENCE)
        process.kill_group(child.pid)

    def flush(self) -> None:
        """Lose everything the broker knows."""
        with redis.Redis.from_url(redis_url()) as client:
            client.flushall()

    def log_of(self, name: str) -> str:
        return process.tail(self.directory / f"{name}.log", 4000)

    def wait_for(self, what: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not start within {_PATIENCE} s")
            time.sleep(0.1)

    def _start(self, program: Program) -> None:
        log = (self.directory / f"{program.name}.log").open("ab")
        self._logs.append(log)
        self._running[program.name] = process.spawn(
            program.arguments,
            output=log,
            environment={**os.environ, **program.environment, "PYTHONUNBUFFERED": "1"},
            directory=locations.PROJECT,
        )

    def _ready_file(self, name: str) -> Path:
        return locations.run_dir() / f"{name}.ready"

    def _sandbox_serves(self) -> bool:
        try:
            return httpx.get(f"{self.sandbox_url}/health", trust_env=False).is_success
        except httpx.TransportError:
            return False


class Control:
    """What the sandbox itself knows: which grants there are, and what it served to each."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/control",
            headers={"X-Control-Key": os.environ["SANDBOX_CONTROL_KEY"]},
            trust_env=False,
            timeout=60,
        )

    def grants(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self._http.get("/grants").raise_for_status().json()
        return found

    def served(self, grant_id: str) -> list[dict[str, str]]:
        """Return the newest state of every record that went out."""
        answer = self._http.get("/served", params={"grant_id": grant_id})
        served: list[dict[str, str]] = answer.raise_for_status().json()
        return served

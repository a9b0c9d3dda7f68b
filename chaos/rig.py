"""An installation to break: everything that runs in production, in a directory of its own.

Between our processes and PostgreSQL, Valkey and the platform stand proxies, at which the way can be
cut. The rig itself goes past them.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, Self

import httpx
import redis

from chaos import small_disk
from chaos.proxy import Proxy
from engines import Engines, data_dir, locations, process, redis_url
from engines.postgres import Postgres
from engines.valkey import Valkey
from portal.supervisor import programs
from portal.supervisor.children import Program
from portal.supervisor.environment import use_development_environment
from portal.supervisor.readiness import address, chosen_port

HOST = "127.0.0.1"
#: Two of what may be there twice.
WORKERS = ("worker-1", "worker-2")
BEATS = ("beat-1", "beat-2")
RELAYS = ("relay-1", "relay-2")
WEB = "web"
SANDBOX = "sandbox"
EVERYTHING = (SANDBOX, WEB, *WORKERS, *BEATS, *RELAYS)
#: What a deployment gives a worker.
STOP_SECONDS = 40.0
_PATIENCE = 120.0
_WORKER_PROCESSES = "3"
#: Short, so that tokens are renewed all the time.
_ACCESS_TOKEN_SECONDS = "120"  # noqa: S105 - a time


class Rig:
    """Everything that runs; each process leads a group of its own, killed as a whole."""

    #: What the sandbox allows each authorization.
    requests_per_minute = "6000"

    def __init__(
        self,
        *,
        runs: Sequence[str] = EVERYTHING,
        keep_logs: Path | None = None,
        has_small_disk: bool = False,
    ) -> None:
        self._has_small_disk = has_small_disk
        self._runs = runs
        self._keep_logs = keep_logs
        self.directory = Path(tempfile.mkdtemp(prefix="ledgerport-chaos-"))
        for name in [each for each in os.environ if each.startswith(("LEDGERPORT_", "SANDBOX_"))]:
            del os.environ[name]
        for name in ("DATABASE_URL", "REDIS_URL"):
            os.environ.pop(name, None)
        os.environ["LEDGERPORT_DATA"] = str(self.directory)
        os.environ["LEDGERPORT_ENV"] = "development"
        use_development_environment(data_dir())
        self._sandbox_port = chosen_port(HOST, 0)
        self._web_port = chosen_port(HOST, 0)
        self.control_url = address(HOST, self._sandbox_port)
        self.web_url = address(HOST, self._web_port)
        os.environ["LEDGERPORT_BASE_URL"] = self.web_url
        self.orders = self.directory / "orders"
        locations.make_run_dir()
        self.to_database = Proxy(locations.postgres_socket_dir() / ".s.PGSQL.5432")
        self.to_valkey = Proxy(locations.valkey_socket())
        self.to_platform = Proxy(self._sandbox_port)
        #: For whoever has a page open; all others ask directly.
        self.to_web = Proxy(self._web_port)
        self._engines = Engines(exclusive=True)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        #: What was told to stop and when, by the monotonic clock.
        self._leaving: list[tuple[subprocess.Popen[bytes], float]] = []
        #: How many seconds those took that had been told to.
        self.stopped_within: list[float] = []
        self._log: dict[str, IO[bytes]] = {}
        self._stack = ExitStack()
        #: Messages that were seen in the queue, to come again when they are old.
        self.messages: list[bytes] = []

    def __enter__(self) -> Self:
        try:
            self._engines.start()
            self._engines.wait_until_ready()
            if self._has_small_disk:
                small_disk.move(self.postgres)
            for proxy in (self.to_database, self.to_valkey, self.to_platform, self.to_web):
                self._stack.enter_context(proxy)
            os.environ["SANDBOX_URL"] = address(HOST, self.to_platform.port)
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0"],
                check=True,
                cwd=locations.PROJECT,
            )
            for name in self._runs:
                self.start(name)
            self.wait_for("everything", lambda: all(map(self.is_up, self._running)))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        for name in list(self._running):
            self.kill(name)
        for child, _ in self._leaving:
            process.kill_group(child.pid)
            child.wait()
        engines = list(self._engines.started)
        self._engines.stop()
        self._stack.close()
        for engine in engines:
            if isinstance(engine, Postgres):
                small_disk.give_back(engine)
        for log in self._log.values():
            log.close()
        if self._keep_logs is not None:
            self._keep_logs.mkdir(parents=True, exist_ok=True)
            for path in self.logs:
                shutil.copy(path, self._keep_logs)
        shutil.rmtree(locations.run_dir(), ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def postgres(self) -> Postgres:
        return next(each for each in self._engines.started if isinstance(each, Postgres))

    @property
    def valkey(self) -> Valkey:
        return next(each for each in self._engines.started if isinstance(each, Valkey))

    @property
    def callback_url(self) -> str:
        """Say where the sandbox sends people back to."""
        return f"{self.web_url}/link/callback/sandbox"

    @property
    def names(self) -> list[str]:
        """Name what runs."""
        return list(self._running)

    @property
    def logs(self) -> list[Path]:
        return sorted(self.directory.glob("*.log"))

    def start(self, name: str, *, ahead: int = 0) -> None:
        """Start one of what there may be, with a clock that is so many seconds ahead."""
        program = self._program(name)
        if ahead:
            python, *what = program.arguments
            arguments = (python, "-m", "chaos.wrong_clock", str(ahead), *what)
            program = replace(program, arguments=arguments)
        self.run(name, program)

    def run(self, name: str, program: Program) -> None:
        """Start a program under a name, in the environment that all of them have."""
        if name not in self._log:
            self._log[name] = (self.directory / f"{name}.log").open("ab")
        self._running[name] = process.spawn(
            program.arguments,
            output=self._log[name],
            environment={**os.environ, **self._environment(), **program.environment},
            directory=locations.PROJECT,
        )

    def is_up(self, name: str) -> bool:
        """Tell whether a process does its work by now."""
        if name in (WEB, SANDBOX):
            url = f"{self.web_url}/live" if name == WEB else f"{self.control_url}/health"
            try:
                return httpx.get(url, trust_env=False, timeout=2).is_success
            except httpx.TransportError:
                return False
        return self._ready_file(name).exists()

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def children(self, name: str) -> list[int]:
        """Return the processes that a worker lets do its work."""
        listed = Path(f"/proc/{self.pid(name)}/task/{self.pid(name)}/children")
        return [int(each) for each in listed.read_text().split()]

    def dead(self) -> list[str]:
        """Name the processes that ended without having been told to."""
        return [name for name, child in self._running.items() if child.poll() is not None]

    def kill(self, name: str) -> None:
        """Kill -9 a process with all its children, as the kernel or a power cut would."""
        child = self._running.pop(name)
        process.kill_group(child.pid)
        child.wait()

    def terminate(self, name: str) -> float:
        """Ask a process to stop, as a deployment does; answer how many seconds it took."""
        child, began = self._running.pop(name), time.monotonic()
        process.stop(child, signal.SIGTERM, STOP_SECONDS)
        process.kill_group(child.pid)
        return time.monotonic() - began

    def send_off(self, name: str) -> None:
        """Ask a process to stop, and do not wait: another one may take its place meanwhile."""
        child = self._running.pop(name)
        child.send_signal(signal.SIGTERM)
        self._leaving.append((child, time.monotonic()))

    def see_off(self) -> None:
        """Note who of those is gone by now, and kill who had its time."""
        for each in list(self._leaving):
            child, since = each
            took = time.monotonic() - since
            if child.poll() is None and took < STOP_SECONDS:
                continue
            process.kill_group(child.pid)
            child.wait()
            self._leaving.remove(each)
            self.stopped_within.append(took)

    def crash(self, engine: Postgres | Valkey, *, empty: bool = False) -> None:
        """Kill -9 an engine and start it again; an empty one has lost everything."""
        assert engine.process is not None
        process.kill_group(engine.process.pid)
        engine.process.wait()
        if empty:
            shutil.rmtree(self.directory / "valkey", ignore_errors=True)
        engine.start()
        engine.wait_until_ready()

    def revive(self, engine: Postgres | Valkey) -> None:
        """Start an engine again that has ended by itself, as a supervisor does."""
        assert engine.process is not None
        if engine.process.poll() is not None:
            process.kill_group(engine.process.pid)
            engine.start()
        engine.wait_until_ready()

    def freeze(self, engine: Postgres | Valkey) -> None:
        self._signal(engine, signal.SIGSTOP)

    def thaw(self, engine: Postgres | Valkey) -> None:
        self._signal(engine, signal.SIGCONT)

    def client(self) -> redis.Redis:
        """Talk to Valkey past the proxy."""
        return redis.Redis.from_url(redis_url(), socket_timeout=5)

    def wait_for(self, what: str, condition: Callable[[], bool], within: float = _PATIENCE) -> None:
        """:raises TimeoutError: when it does not come true."""
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {within:.0f} s\n{self.last_words()}")
            time.sleep(0.1)

    def last_words(self) -> str:
        """Return the ends of all logs."""
        return "\n".join(f"{log.name}: {process.tail(log, 1000)}" for log in self.logs)

    def _signal(self, engine: Postgres | Valkey, number: signal.Signals) -> None:
        """Send a signal to an engine with all its children."""
        assert engine.process is not None
        os.killpg(engine.process.pid, number)

    def _program(self, name: str) -> Program:
        kind = name.partition("-")[0]
        if name == SANDBOX:
            return programs.sandbox(
                host=HOST,
                port=self._sandbox_port,
                data_dir=self.directory,
                redirect_uri=self.callback_url,
            )
        if name == WEB:
            return programs.web(host=HOST, port=self._web_port)
        ready = self._ready_file(name)
        program = {"worker": programs.worker, "beat": programs.beat, "relay": programs.relay}[kind](
            ready=ready
        )
        # Some of them wait, as a rule, for a platform that hangs.
        worker = ("--hostname", f"{name}@chaos", "--concurrency", _WORKER_PROCESSES)
        more = worker if kind == "worker" else ()
        return Program(
            name=name,
            arguments=(*program.arguments, *more),
            environment=program.environment,
        )

    def _environment(self) -> Mapping[str, str]:
        """Say to children how to reach the engines: through the proxies."""
        return {
            "DATABASE_URL": f"postgresql://{locations.ROLE}@{HOST}:{self.to_database.port}"
            f"/{locations.DATABASE}",
            "REDIS_URL": f"redis://{HOST}:{self.to_valkey.port}/0",
            "LEDGERPORT_CHAOS_ORDERS": str(self.orders),
            "SANDBOX_ACCESS_TOKEN_SECONDS": _ACCESS_TOKEN_SECONDS,
            "SANDBOX_REQUESTS_PER_MINUTE": self.requests_per_minute,
            "PYTHONUNBUFFERED": "1",
        }

    def _ready_file(self, name: str) -> Path:
        return locations.run_dir() / f"{name}.ready"

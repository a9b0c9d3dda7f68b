"""From nothing to everything serving, and back in the opposite order."""

import json
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from engines import Engines, data_dir, locations
from portal.supervisor import migrations, programs
from portal.supervisor.children import Child, Deaths, Guard, Program
from portal.supervisor.console import Console
from portal.supervisor.files import write_private
from portal.supervisor.readiness import (
    Probe,
    address,
    answers,
    chosen_port,
    exists,
    neighbouring_port,
)

_START_SECONDS = 90
_STEP_SECONDS = 600


class CannotStart(RuntimeError):
    """Something that everything else needs does not work; the message says what."""


class _ToldToStop(Exception):
    """Somebody wants us to end before everything has started."""


class Supervisor:
    """Everything that `manage.py up` runs."""

    def __init__(self, *, host: str, port: int, ready_file: Path | None, console: Console) -> None:
        self._host = host
        self._port = port
        self._ready_file = ready_file
        self._console = console
        self._began = time.monotonic()
        self._stop_signals = 0
        self._engines = Engines(exclusive=True)
        self._children: list[Child] = []
        self._guard: Guard | None = None

    def run(self) -> None:
        """Start everything, keep it alive until a signal, stop it in order.

        :raises CannotStart: when a step of the start fails.
        :raises KeepsDying: when a process cannot be kept alive.
        """
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._note_signal)
        self._forget_ready()
        try:
            # Everything that can be refused is refused before anything runs.
            port = chosen_port(self._host, self._port)
            self._engines.start()
            self._start(port)
            self._keep_alive_until_told()
        except _ToldToStop:
            pass
        finally:
            self._stop()

    def _start(self, port: int) -> None:
        sandbox_port = neighbouring_port(self._host, port)
        own_url = address(self._host, port)
        url = os.environ.setdefault("LEDGERPORT_BASE_URL", own_url).rstrip("/")
        sandbox_url = address(self._host, sandbox_port)
        environment = {**os.environ, "SANDBOX_URL": sandbox_url, "PYTHONUNBUFFERED": "1"}
        self._environment = environment
        self._guard = Guard(environment)

        callback = f"{url}/link/callback/sandbox"
        sandbox = programs.sandbox(
            host=self._host, port=sandbox_port, data_dir=data_dir(), redirect_uri=callback
        )
        self._launch(sandbox)
        self._engines.wait_until_ready()
        self._migrate()

        worker_ready, beat_ready, relay_ready = (
            locations.run_dir() / f"{name}.ready" for name in ("worker", "beat", "relay")
        )
        self._launch(programs.web(host=self._host, port=port))
        self._launch(programs.worker(ready=worker_ready))
        self._launch(programs.beat(ready=beat_ready))
        self._launch(programs.relay(ready=relay_ready))

        sandbox_answers = answers(f"{sandbox_url}/health")
        self._wait_for({"sandbox": sandbox_answers})
        demo = self._seed()
        self._wait_for(
            {
                "web": answers(f"{own_url}/live"),
                "worker": exists(worker_ready),
                "beat": exists(beat_ready),
                "relay": exists(relay_ready),
            }
        )
        self._announce(
            {"url": f"{url}/", **demo, "api_url": f"{url}/api", "sandbox_url": sandbox_url}
        )

    def _migrate(self) -> None:
        if migrations.are_applied(data_dir()):
            return
        if migrations.is_new_database():
            self._demo_file.unlink(missing_ok=True)
        self._console.say("up", "bringing the database up to date")
        self._complete(
            programs.management(
                "migrate", "migrate", "--no-input", "--skip-checks", "--verbosity", "0"
            )
        )
        migrations.remember_applied(data_dir())

    def _seed(self) -> dict[str, Any]:
        """Make the demo organization the first time; give what one needs to use it."""
        if not self._knows_demo():
            self._console.say("up", "making the demo organization")
            self._complete(
                programs.management(
                    "seed", "seed_demo", "--skip-checks", "--output", self._demo_file
                )
            )
            self._demo_file.chmod(0o600)
        demo: dict[str, Any] = json.loads(self._demo_file.read_text())
        return demo

    def _knows_demo(self) -> bool:
        """Tell whether the file has all that is announced; one of an earlier version has less."""
        return self._demo_file.exists() and "api_key" in json.loads(self._demo_file.read_text())

    @property
    def _demo_file(self) -> Path:
        return data_dir() / "demo.json"

    def _launch(self, program: Program) -> Child:
        child = self._child(program)
        self._children.append(child)
        child.start()
        return child

    def _child(self, program: Program) -> Child:
        if self._guard is None:
            raise RuntimeError("the guard starts before the children")
        return Child(
            program, environment=self._environment, console=self._console, guard=self._guard
        )

    def _complete(self, program: Program) -> None:
        """Run a program to its end, keeping the others alive meanwhile."""
        step = self._child(program)
        step.start()
        deadline = time.monotonic() + _STEP_SECONDS
        try:
            while (status := step.exit_status) is None:
                self._pass_a_moment()
                if time.monotonic() > deadline:
                    raise CannotStart(f"{program.name} takes longer than {_STEP_SECONDS} seconds.")
        finally:
            step.ask_to_stop()
            step.see_it_stop()
        if status:
            raise CannotStart(
                f"{program.name} failed (exit status {status}); its lines above say why."
            )

    def _wait_for(self, probes: dict[str, Probe]) -> None:
        waiting = dict(probes)
        deadline = time.monotonic() + _START_SECONDS
        while waiting := {name: probe for name, probe in waiting.items() if not probe()}:
            self._pass_a_moment()
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"{' and '.join(waiting)} did not start within {_START_SECONDS} seconds."
                )

    def _keep_alive_until_told(self) -> None:
        deaths = {engine.name: Deaths(engine.name) for engine in self._engines.started}
        while True:
            self._pass_a_moment()
            for name in self._engines.restart_dead():
                self._console.say("up", f"{name} ended; it runs again")
                deaths[name].pause()
                deaths[name].born()

    def _pass_a_moment(self) -> None:
        """Look after the children, then rest.

        :raises _ToldToStop: after a signal.
        """
        for child in self._children:
            child.keep_alive()
        if self._guard is not None:
            self._guard.keep_alive()
        if self._stop_signals:
            raise _ToldToStop
        time.sleep(0.1)

    def _announce(self, serving: dict[str, Any]) -> None:
        sign_in = f"{serving['email']}   password {serving['password']}"
        self._console.show(
            f"\n  Ledgerport serves after {time.monotonic() - self._began:.1f} s\n\n"
            f"    Portal    {serving['url']}\n"
            f"    Sign in   {sign_in}\n"
            f"    API       {serving['api_url']}   key {serving['api_key']}\n"
            f"    Sandbox   {serving['sandbox_url']}/   the accounting platform to link with\n"
            f"    Data      {data_dir()}\n\n"
            f"  Ctrl-C stops everything.\n\n"
        )
        if self._ready_file is not None:
            write_private(self._ready_file, json.dumps(serving, indent=2))

    def _stop(self) -> None:
        began = time.monotonic()
        self._forget_ready()
        # The sandbox last of them: a pull that ends in order still needs its platform.
        others = [child for child in self._children if child.name != "sandbox"]
        self._end(others)
        self._end(child for child in self._children if child.name == "sandbox")
        had_engines = bool(self._engines.started)
        self._engines.stop()
        if self._guard is not None:
            self._guard.stop()
        if self._children or had_engines:
            self._console.say("up", f"stopped in {time.monotonic() - began:.1f} s")

    def _end(self, children: Iterable[Child]) -> None:
        ending = list(children)
        for child in ending:
            child.ask_to_stop()
        for child in ending:
            child.see_it_stop(is_hurried=lambda: self._stop_signals > 1)

    def _forget_ready(self) -> None:
        if self._ready_file is not None:
            self._ready_file.unlink(missing_ok=True)

    def _note_signal(self, _signum: int, _frame: FrameType | None) -> None:
        self._stop_signals += 1

"""Contestants in turn: each phase timed from outside, with what it cost client and server."""

import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import psycopg

from bench.installation import Installation


class DidNotFinish(Exception):
    """A contestant said that it failed, or said nothing more."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one phase of one contestant cost."""

    records: int
    seconds: float
    #: CPU seconds of its processes, and of the whole database server.
    client_cpu: float
    server_cpu: float
    #: Bytes of write-ahead log.
    wal: int
    #: Bytes of memory at most, above what it had when it was ready.
    memory: int

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds

    @property
    def cpu(self) -> float:
        return self.client_cpu + self.server_cpu


class Contestant:
    """A process that is ready, and carries out phases one by one."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        installation: Installation,
        environment: Mapping[str, str],
        directory: Path,
    ) -> None:
        self._server = psutil.Process(installation.postmaster)
        self._database = installation.connect()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            bufsize=1,
            env=dict(environment),
            cwd=directory,
        )
        self._client = psutil.Process(self._process.pid)

    def __enter__(self) -> Self:
        self._hear("ready")
        # Whoever comes first would pay for the page images of everybody's past.
        self._database.execute("CHECKPOINT")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        if error is not None:
            self._process.kill()
        self._process.wait(60)
        self._database.close()
        self._said.close()

    def run(self, phase: str, records: int) -> Measurement:
        """Have it carry out a phase.

        :raises DidNotFinish: with what it said.
        """
        _forget_peak(self._client)
        idle = _peak(self._client)
        client, server = _cpu(self._client), _cpu(self._server)
        wal, began = self._wal(), time.perf_counter()
        assert self._process.stdin is not None
        print(phase, file=self._process.stdin, flush=True)
        self._hear("done")
        seconds = time.perf_counter() - began
        return Measurement(
            records=records,
            seconds=seconds,
            client_cpu=_cpu(self._client) - client,
            server_cpu=_cpu(self._server) - server,
            wal=self._wal() - wal,
            memory=_peak(self._client) - idle,
        )

    def _hear(self, word: str) -> None:
        assert self._process.stdout is not None
        heard = self._process.stdout.readline().strip()
        if heard != word:
            self._said.seek(0)
            told = self._said.read().decode(errors="replace")[-3000:]
            raise DidNotFinish(f"said {heard!r} instead of {word!r}:\n{told}")

    def _wal(self) -> int:
        return _wal(self._database)


def _wal(database: psycopg.Connection) -> int:
    [position] = database.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone() or [0]
    return int(position)


def _cpu(process: psutil.Process) -> float:
    """Return the CPU seconds of a process, of those it started, and of those of them that ended."""
    used = 0.0
    for each in [process, *process.children(recursive=True)]:
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:  # counted among its parent's children from now on
            continue
        used += times.user + times.system + times.children_user + times.children_system
    return used


def _forget_peak(process: psutil.Process) -> None:
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def _peak(process: psutil.Process) -> int:
    """Return the most memory in bytes since the peak was forgotten."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024

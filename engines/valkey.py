"""A private Valkey server in the data directory, reached only over its unix socket."""

import signal
import socket
import subprocess
import time

from engines import process
from engines.locations import NoEngine, data_dir, valkey_binary, valkey_socket


class Valkey:
    """One server process; every write goes to a file, so that a crash costs at most a second."""

    name = "valkey"

    def __init__(self, *, forgetful: bool = False) -> None:
        self._forgetful = forgetful
        self._root = data_dir() / "valkey"
        self._socket = valkey_socket()
        self._pid_file = self._root / "valkey.pid"
        self.log = data_dir() / "valkey.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server without waiting until it answers."""
        self._root.mkdir(parents=True, exist_ok=True)
        process.stop_stale(self._pid_file, str(self._socket), signal.SIGTERM)
        self._socket.unlink(missing_ok=True)
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._root),
            "databases": "64",
            "save": "",
            "appendonly": "no" if self._forgetful else "yes",
            "appendfsync": "everysec",
            # A broker that evicts loses messages silently; better it refuses.
            "maxmemory-policy": "noeviction",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        with self.log.open("ab") as log:
            self.process = process.spawn([valkey_binary(), *options], output=log)
        # Written here: the server does it too late for a supervisor that is killed at once.
        self._pid_file.write_text(f"{self.process.pid}\n")

    def wait_until_ready(self, patience: float = 30) -> None:
        """Wait until the server has read its data and answers.

        :raises NoEngine: when it ends, or never answers.
        """
        deadline = time.monotonic() + patience
        while not self.is_ready():
            if self.process is not None and self.process.poll() is not None:
                raise NoEngine(f"Valkey did not start:\n{process.tail(self.log)}")
            if time.monotonic() > deadline:
                raise NoEngine(f"Valkey does not answer:\n{process.tail(self.log)}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            process.stop(self.process, signal.SIGTERM, patience=10)

    def is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            try:
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
            except OSError:
                return False

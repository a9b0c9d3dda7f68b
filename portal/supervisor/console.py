"""What the person at the terminal sees: log lines, named and coloured by process."""

import os
import sys
import threading
from pathlib import Path
from typing import IO

_COLOURS = {
    "up": "1",
    "web": "36",
    "worker": "32",
    "beat": "33",
    "sandbox": "35",
    "migrate": "34",
    "seed": "34",
    "postgres": "34",
    "valkey": "31",
}
_WIDTH = max(map(len, _COLOURS))


class Console:
    """Standard output shared by the supervisor and the threads that read its children."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def say(self, name: str, line: str) -> None:
        label = f"{name:>{_WIDTH}} │"
        if self._is_coloured:
            label = f"\033[{_COLOURS.get(name, '0')}m{label}\033[0m"
        self._write(f"{label} {line.rstrip()}\n")

    def show(self, block: str) -> None:
        """Print a text as it stands."""
        self._write(block)

    def follow(self, name: str, stream: IO[bytes]) -> threading.Thread:
        """Print what a process says until it has nothing more to say."""
        thread = threading.Thread(
            target=self._copy, args=(name, stream), name=f"log of {name}", daemon=True
        )
        thread.start()
        return thread

    def _copy(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                if line.strip():
                    self.say(name, line.decode(errors="replace"))

    def _write(self, text: str) -> None:
        with self._lock:
            try:
                sys.stdout.write(text)
                sys.stdout.flush()
            except OSError:
                # The terminal is gone. Stopping in order matters more than saying so to nobody.
                sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 stays open to the end

"""The peers: what each is, and an environment of its own in which it runs.

Their requirements contradict each other's and ours, so none is installed beside us.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engines import locations

_DIRECTORY = locations.PROJECT / ".tools" / "peers"


class NoPeer(Exception):
    """It could not be installed."""


@dataclass(frozen=True)
class Peer:
    """A product or library that does what we do, in the version that is measured."""

    name: str
    requirements: Sequence[str]
    python: str = "3.13"

    @property
    def _home(self) -> Path:
        return _DIRECTORY / self.name

    def program(self, name: str) -> Path:
        """Return a program of its environment, `python` among them."""
        return self._home / "bin" / name

    def install(self) -> None:
        """Make its environment unless there is one with these very versions.

        :raises NoPeer: with what the installer said.
        """
        wanted = hashlib.sha256("\n".join((self.python, *self.requirements)).encode()).hexdigest()
        note = self._home / "requirements.sha256"
        if note.exists() and note.read_text() == wanted:
            return
        shutil.rmtree(self._home, ignore_errors=True)
        _uv("venv", "--quiet", "--python", self.python, str(self._home))
        _uv(
            "pip", "install", "--quiet", "--python", str(self.program("python")), *self.requirements
        )
        note.write_text(wanted)


DLT = Peer("dlt", ("dlt[postgres]==1.31.0",))
#: No peer: what draws the chart.
CHART = Peer("chart", ("matplotlib==3.10.*",))
BEAT = Peer(
    "beat",
    (
        "django-celery-beat==2.9.0",
        "django>=6.0,<6.1",
        "celery-redbeat==2.4.2",
        "celery[redis]==5.7.*",
        "psycopg[binary]==3.3.*",
    ),
)
TABLES = Peer(
    "tables",
    (
        "django==6.1.3",
        "django-tables2==3.0.1",
        "django-filter==26.2",
        "psycopg[binary]==3.3.*",
    ),
)
SINGER = Peer("singer", ("pipelinewise-target-postgres==2.1.2", "setuptools<80"), python="3.11")


def _uv(*arguments: str) -> None:
    program = shutil.which("uv") or str(locations.PROJECT / ".tools" / "bin" / "uv")
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    ended = subprocess.run(
        [program, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    if ended.returncode:
        raise NoPeer(ended.stderr[-2000:])

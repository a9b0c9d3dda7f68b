"""Tryton in an environment of its own: installed, filled once, served from a copy.

Two things are kept in the user's cache directory: the environment, by what is installed in it, and
the filled books, by what fills them.
"""

import contextlib
import datetime as dt
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests import environments
from tests.environments import ROOT, CannotBuild, build, digest, python_with, run

CACHE = environments.CACHE / "tryton"
DATABASE = "larkspur"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_MODULES = ("account_invoice", "account_payment", "account_product", "account_statement")
_FILLED_BY = ("story.py", "inside.py", "setting_up.py", "rights.py", "fill.py")
_START_SECONDS = 60
_CONFIGURATION = """\
[database]
uri = sqlite://
path = {directory}

[web]
listen = 127.0.0.1:{port}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tryton:
    """A server that answers, on books that are its own."""

    url: str
    database: str
    keys: Mapping[str, str]
    log: Path

    @property
    def reading_key(self) -> str:
        return self.keys["reader"]

    @property
    def writing_key(self) -> str:
        return self.keys["bookkeeper"]


@contextlib.contextmanager
def serving(until: dt.date | None = None) -> Iterator[Tryton]:
    """Serve a copy of the filled books, which end with the month before ``until``."""
    python = python_with(REQUIREMENTS, module="trytond", cache=CACHE)
    books = _books(python, until or first_of_this_month())
    with tempfile.TemporaryDirectory(prefix="ledgerport-tryton-") as name:
        directory = Path(name)
        shutil.copytree(books, directory, dirs_exist_ok=True)
        port = _free_port()
        configuration = _configure(directory, port)
        command = [str(python), "-m", "tests.real.tryton.program", "serve"]
        log = directory / "trytond.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [*command, "-c", str(configuration), "-d", DATABASE],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                tryton = Tryton(
                    url=f"http://127.0.0.1:{port}",
                    database=DATABASE,
                    keys=json.loads((directory / "keys.json").read_text()),
                    log=log,
                )
                _wait(server, tryton)
                yield tryton
            finally:
                _stop(server)


def first_of_this_month() -> dt.date:
    return dt.datetime.now(dt.UTC).date().replace(day=1)


def _books(python: Path, until: dt.date) -> Path:
    """Return the directory of the filled database, filled if need be."""
    files = [REQUIREMENTS, *(Path(__file__).with_name(name) for name in _FILLED_BY)]
    contents = [file.read_text() for file in files]
    place = CACHE / f"books-{digest(sys.version, *_MODULES, *contents, until.isoformat())}"
    build(place, lambda directory: _fill(python, directory, until), is_whole=place.exists)
    return place


def _fill(python: Path, directory: Path, until: dt.date) -> None:
    configuration = _configure(directory, port=0)
    (directory / f"{DATABASE}.sqlite").touch()  # Tryton opens databases, and makes none
    password = directory / "password"
    password.write_text(os.urandom(16).hex())
    program = [str(python), "-m", "tests.real.tryton.program", "administer"]
    chosen = ["-c", str(configuration), "-d", DATABASE]
    activation = ["-u", *_MODULES, "--activate-dependencies", "--email", "office@larkspur.example"]
    run([*program, *chosen, *activation], TRYTONPASSFILE=str(password))
    password.unlink()
    run(
        [
            *[str(python), "-m", "tests.real.tryton.fill", str(configuration), DATABASE],
            *[until.isoformat(), str(directory / "keys.json")],
        ]
    )
    configuration.unlink()


def _configure(directory: Path, port: int) -> Path:
    configuration = directory / "trytond.conf"
    configuration.write_text(_CONFIGURATION.format(directory=directory, port=port))
    return configuration


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait(server: subprocess.Popen[bytes], tryton: Tryton) -> None:
    """:raises CannotBuild: when the server ends or does not answer."""
    give_up_at = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < give_up_at:
        with contextlib.suppress(httpx.TransportError):
            # Without a key it refuses, but only once it has loaded the database's modules.
            address = f"{tryton.url}/{tryton.database}/rest/model/res.user"
            if httpx.get(address, timeout=_START_SECONDS, trust_env=False).status_code == 401:
                return
        time.sleep(0.1)
    raise CannotBuild(f"Tryton does not answer:\n{tryton.log.read_text()[-4000:]}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()

"""Tryton in an environment of its own: installed, filled once, served from a copy.

Two things are kept in the user's cache directory: the environment, by what is installed in it, and
the filled books, by what fills them. Each is built aside and moved into place when it is whole, by
one process at a time: the others wait and take what it has made.
"""

import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[3]
#: The user's, not the project's: a fresh clone finds there what an earlier one has built.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ledgerport" / "tryton"
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


class CannotBuild(Exception):
    """A step of making the environment or the books failed; says what it printed last."""


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
    python = _python()
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


def _python() -> Path:
    """Return the interpreter that has Tryton, installed if need be."""
    place = CACHE / f"environment-{_digest(sys.version, REQUIREMENTS.read_text())}"
    python = place / "bin" / "python"
    _build(place, _install, is_whole=lambda: _runs(python))
    return python


def _runs(python: Path) -> bool:
    command = [str(python), "-c", "import trytond"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _books(python: Path, until: dt.date) -> Path:
    """Return the directory of the filled database, filled if need be."""
    files = [REQUIREMENTS, *(Path(__file__).with_name(name) for name in _FILLED_BY)]
    contents = [file.read_text() for file in files]
    place = CACHE / f"books-{_digest(sys.version, *_MODULES, *contents, until.isoformat())}"
    _build(place, lambda directory: _fill(python, directory, until), is_whole=place.exists)
    return place


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _build(place: Path, build: Callable[[Path], None], *, is_whole: Callable[[], bool]) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_whole():
            return
        # An environment brought from where Python was in another place does not run.
        shutil.rmtree(place, ignore_errors=True)
        aside = CACHE / "unfinished"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        build(aside)
        aside.rename(place)


def _install(directory: Path) -> None:
    """Install with uv where there is one, else with what comes with Python."""
    own = ROOT / ".tools" / "bin" / "uv"
    uv = str(own) if own.exists() else shutil.which("uv")
    python, requirements = str(directory / "bin" / "python"), str(REQUIREMENTS)
    if uv:
        _run(
            [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(directory)]
        )
        _run([uv, "pip", "install", "--quiet", "--python", python, "-r", requirements])
    else:
        _run([sys.executable, "-m", "venv", str(directory)])
        _run([python, "-m", "pip", "install", "--quiet", "-r", requirements])


def _fill(python: Path, directory: Path, until: dt.date) -> None:
    configuration = _configure(directory, port=0)
    (directory / f"{DATABASE}.sqlite").touch()  # Tryton opens databases, and makes none
    password = directory / "password"
    password.write_text(os.urandom(16).hex())
    program = [str(python), "-m", "tests.real.tryton.program", "administer"]
    chosen = ["-c", str(configuration), "-d", DATABASE]
    activation = ["-u", *_MODULES, "--activate-dependencies", "--email", "office@larkspur.example"]
    _run([*program, *chosen, *activation], TRYTONPASSFILE=str(password))
    password.unlink()
    _run(
        [
            *[str(python), "-m", "tests.real.tryton.fill", str(configuration), DATABASE],
            *[until.isoformat(), str(directory / "keys.json")],
        ]
    )
    configuration.unlink()


def _run(command: Sequence[str], **environment: str) -> None:
    """:raises CannotBuild: when the command does not end well."""
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise CannotBuild(f"{' '.join(command[:4])} ended with:\n{ended.stdout[-4000:]}")


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

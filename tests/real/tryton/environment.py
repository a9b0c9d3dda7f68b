"""Tryton in an environment of its own: installed, filled once, served from a copy.

Two things are kept in the user's cache directory: the environment, by what is installed in it, and
the filled books, by what fills them. Each is built aside and moved into place when it is whole;
where two build at once, the second to finish takes what the first has made.
"""

import contextlib
import datetime as dt
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
#: Tryton's series numbers are kept together: all modules are of the server's series.
REQUIREMENTS = (
    "trytond==8.2.1",
    "trytond-account==8.2.1",
    "trytond-account-invoice==8.2.0",
    "trytond-account-payment==8.2.0",
    "trytond-account-product==8.2.0",
    "trytond-account-statement==8.2.0",
)
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
    place = CACHE / f"environment-{_digest(sys.version, *REQUIREMENTS)}"
    python = place / "bin" / "python"
    if place.exists() and not _runs(python):
        shutil.rmtree(place)  # brought from elsewhere, where Python was in another place
    _build(place, _install)
    return python


def _runs(python: Path) -> bool:
    command = [str(python), "-c", "import trytond"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _books(python: Path, until: dt.date) -> Path:
    """Return the directory of the filled database, filled if need be."""
    scripts = [(Path(__file__).parent / name).read_text() for name in _FILLED_BY]
    digest = _digest(sys.version, *REQUIREMENTS, *_MODULES, *scripts, until.isoformat())
    place = CACHE / f"books-{digest}"
    _build(place, lambda directory: _fill(python, directory, until))
    return place


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _build(place: Path, build: Callable[[Path], None]) -> None:
    if place.exists():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{place.name}-", dir=CACHE) as name:
        aside = Path(name) / "whole"
        aside.mkdir()
        build(aside)
        try:
            aside.rename(place)
        except OSError:
            if not place.exists():
                raise


def _install(directory: Path) -> None:
    """Install with uv where there is one, else with what comes with Python."""
    uv = next(
        (str(each) for each in (ROOT / ".tools" / "bin" / "uv",) if each.exists()),
        shutil.which("uv"),
    )
    python = str(directory / "bin" / "python")
    if uv:
        _run(
            [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(directory)]
        )
        _run([uv, "pip", "install", "--quiet", "--python", python, *REQUIREMENTS])
    else:
        _run([sys.executable, "-m", "venv", str(directory)])
        _run([python, "-m", "pip", "install", "--quiet", *REQUIREMENTS])


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

"""Python environments of their own, for programs that must not share ours.

Kept in the user's cache directory, by what is installed in them. Each is built aside and moved into
place when it is whole, by one process at a time: the others wait and take what it has made.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: The user's, not the project's: a fresh clone finds there what an earlier one has built.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ledgerport"


class CannotBuild(Exception):
    """A step of making an environment failed; says what it printed last."""


def python_with(requirements: Path, *, module: str, cache: Path = CACHE) -> Path:
    """Return an interpreter that can import the module, installed if need be."""
    name = f"environment-{digest(sys.version, requirements.read_text())}"
    python = cache / name / "bin" / "python"
    build(
        cache / name,
        lambda directory: _install(directory, requirements),
        is_whole=lambda: _imports(python, module),
    )
    return python


def build(place: Path, make: Callable[[Path], None], *, is_whole: Callable[[], bool]) -> None:
    """Make a directory, unless it is there already."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_whole():
            return
        # An environment brought from where Python was in another place does not run.
        shutil.rmtree(place, ignore_errors=True)
        aside = place.parent / "unfinished"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        make(aside)
        aside.rename(place)


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def run(command: Sequence[str], **environment: str) -> None:
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


def _imports(python: Path, module: str) -> bool:
    command = [str(python), "-c", f"import {module}"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _install(directory: Path, requirements: Path) -> None:
    """Install with uv where there is one, else with what comes with Python."""
    own = ROOT / ".tools" / "bin" / "uv"
    uv = str(own) if own.exists() else shutil.which("uv")
    python = str(directory / "bin" / "python")
    if uv:
        run([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(directory)])
        run([uv, "pip", "install", "--quiet", "--python", python, "-r", str(requirements)])
    else:
        run([sys.executable, "-m", "venv", str(directory)])
        run([python, "-m", "pip", "install", "--quiet", "-r", str(requirements)])

"""`manage.py doctor`: its options, what it does about settings that fail, its exit status.

It begins before the settings are read, since they may be what is wrong, and starts nothing: where
no engine runs, that is what there is to say.
"""

import argparse
import linecache
import logging
import os
import sys
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import django
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from engines import data_dir
from portal.doctor import findings, printing
from portal.doctor.findings import Answer, Finding, Level
from portal.doctor.redaction import Redaction
from portal.doctor.register import CHECKS
from portal.supervisor.environment import use_development_environment

HELP = (
    "Ask what is wrong with this installation, and tell what to do. Writes nothing. Exits with 0 "
    "when all is well, 1 after warnings, 2 after errors."
)
_STATUS = {Level.OK: 0, Level.NOTE: 0, Level.WARNING: 1, Level.ERROR: 2}


class _Printer(Protocol):
    """What can be printed to: the standard output, or Django's wrapper of it."""

    def isatty(self) -> bool: ...

    def write(self, msg: str, /) -> object: ...


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--fail-on",
        choices=["warning", "error"],
        default="warning",
        help="exit with 0 below this (%(default)s)",
    )


def main(arguments: Sequence[str]) -> int:
    """Run without Django's own start, which would end over settings that fail."""
    parser = argparse.ArgumentParser(prog="manage.py doctor", description=HELP)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    _use_environment()
    return doctor(as_json=options.json, fail_on=options.fail_on, out=sys.stdout)


def doctor(*, as_json: bool, fail_on: str, out: _Printer) -> int:
    """Ask and print; give the exit status."""
    began = time.monotonic()
    fault = _settings_fault()
    with _quiet():
        found = _not_started(fault) if fault else _examined()
    redaction = Redaction()
    report = printing.Report(
        environment=os.environ.get("LEDGERPORT_ENV", "production"),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - began, 1),
        findings=[redaction.finding(each) for each in found],
    )
    in_color = out.isatty() and "NO_COLOR" not in os.environ
    out.write(
        f"{printing.as_json(report) if as_json else printing.as_text(report, in_color=in_color)}\n"
    )
    return 0 if report.worst.rank < Level(fail_on).rank else _STATUS[report.worst]


def _use_environment() -> None:
    """Take on what `manage.py` would; an installation that was never started gets no secrets."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if {"LEDGERPORT_ENV", "DATABASE_URL", "DATABASE_URL_FILE"} & os.environ.keys():
        return
    if (data_dir() / "secrets.json").exists():
        use_development_environment(data_dir())
    else:
        os.environ["LEDGERPORT_ENV"] = "development"


def _settings_fault() -> Answer | None:
    """Read the settings and the models; tell why that is not possible."""
    try:
        if not apps.ready:
            django.setup()
    except ImproperlyConfigured as error:
        if apps.models_ready:  # the ring of keys, which has a check of its own
            return None
        return _fault(str(error), "docs/operate.md tells what each variable means.")
    except Exception as error:  # noqa: BLE001 - whatever somebody wrote into a variable
        return _fault(
            f"{type(error).__name__} at {_place(error)}",
            "Correct the variable that is read there; its value is not shown. docs/operate.md "
            "tells what each one means.",
        )
    return None


def _fault(found: str, remedy: str) -> Answer:
    return findings.error(
        f"The settings cannot be read: {found}", "No process of Ledgerport starts.", remedy
    )


def _place(error: Exception) -> str:
    """Show the line of the settings that failed: not its values, nor the message, which may."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [each for each in frames if Path(each.filename).name == "settings.py"] or [*frames]
    path, number = ours[0].filename, ours[0].lineno or 0
    return f"{Path(path).name}:{number}, `{linecache.getline(path, number).strip()}`"


@contextmanager
def _quiet() -> Iterator[None]:
    """Let nobody log or warn meanwhile: what is wrong is told as a finding."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _not_started(fault: Answer) -> list[Finding]:
    first, *rest = CHECKS
    return [
        Finding(id=first.id, answer=fault),
        *(Finding(id=each.id, answer=findings.not_asked(f"see {first.id}")) for each in rest),
    ]


def _examined() -> list[Finding]:
    from portal.doctor.asking import read_only  # noqa: PLC0415 - needs the models
    from portal.doctor.running import examine  # noqa: PLC0415 - idem

    with read_only():
        return examine(CHECKS)

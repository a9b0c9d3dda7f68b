"""`manage.py up`: its options, its refusals, its exit status."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from engines import NoEngine, data_dir
from portal.supervisor.children import KeepsDying
from portal.supervisor.console import Console
from portal.supervisor.environment import is_production, use_development_environment
from portal.supervisor.readiness import PortTaken
from portal.supervisor.running import CannotStart, Supervisor

HELP = "Run Ledgerport with all it needs, until Ctrl-C."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=8000, help="port to listen on, 0 for a free one (%(default)s)"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="directory that keeps everything (.data)"
    )
    parser.add_argument(
        "--ready-file", type=Path, metavar="FILE", help="JSON file to write once everything serves"
    )


def up(*, host: str, port: int, data: Path | None, ready_file: Path | None) -> int:
    """Run until told to stop; give the exit status."""
    console = Console()
    if data is not None:
        os.environ["LEDGERPORT_DATA"] = str(data.resolve())
    if is_production():
        console.say(
            "up",
            "`up` makes its own keys and a demo organization. For production see docs/operate.md.",
        )
        return 1
    use_development_environment(data_dir())
    supervisor = Supervisor(host=host, port=port, ready_file=ready_file, console=console)
    try:
        supervisor.run()
    except (CannotStart, KeepsDying, NoEngine, PortTaken, TimeoutError) as refusal:
        console.say("up", str(refusal))
        return 1
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run `up` without Django's own start, which would cost a second before anything begins."""
    parser = argparse.ArgumentParser(prog="manage.py up", description=HELP)
    add_arguments(parser)
    return up(**vars(parser.parse_args(arguments)))

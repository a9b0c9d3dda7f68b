"""`manage.py bench`: how fast the product is, beside its peers and beside the limit."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import beats, figures
from bench.installation import Installation, installation, set_up_django
from bench.peers import BEAT, DLT, SINGER, NoPeer

HELP = (
    "Measure the product in an installation of its own, beside its peers and beside what is "
    "possible at all. For development."
)

_PEERS = {"load": (DLT, SINGER), "pull": (DLT,), "schedule": (BEAT,)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmark", choices=tuple(_PEERS))
    parser.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--schedules", type=int, default=1_000_000, help="(%(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=60, help="that schedules fall due in (%(default)s)"
    )
    parser.add_argument("--records", type=int, default=200_000, help="(%(default)s)")
    parser.add_argument(
        "--peer-records", type=int, default=20_000, help="for what is slower (%(default)s)"
    )
    parser.add_argument("--peers", action="store_true", help="install and measure the peers, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything down there")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="manage.py bench", description=HELP)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    if options.peers:
        for peer in _PEERS[options.benchmark]:
            _tell(f"peer: {' '.join(peer.requirements)}")
            try:
                peer.install()
            except NoPeer as error:
                _tell(str(error))
                return 1
    with installation() as engines:
        set_up_django()
        tables = _measured(engines, options)
        for table in tables:
            print(f"\n{table.shown()}")
        if options.json:
            with engines.connect() as database:
                [server] = database.execute("SHOW server_version").fetchone() or [""]
            figures.write(options.json, tables, server)
    return 0


def _measured(
    engines: Installation, options: argparse.Namespace
) -> list[figures.Table | figures.Findings]:
    # Models can be imported only now.
    benchmark: Any = importlib.import_module(f"bench.{options.benchmark}")
    if options.benchmark == "load":
        plan = benchmark.Plan(options.records, options.peer_records, options.rounds, options.peers)
        return [benchmark.run(engines, plan, _tell)]
    if options.benchmark == "pull":
        plan = benchmark.Plan(options.records, options.rounds, options.peers)
        return [benchmark.run(engines, plan, _tell)]
    plan = benchmark.Plan(options.schedules, options.rounds, options.seconds)
    found = [benchmark.run(engines, plan, _tell)]
    if options.peers:
        found.append(beats.run(engines, _tell))
    return found


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)

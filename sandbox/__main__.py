"""Run the server: `python -m sandbox --port 9000 --data .data/sandbox`."""

import argparse
import sys
from pathlib import Path

import uvicorn

from sandbox.app import create_app
from sandbox.config import MissingSetting, from_environment


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="directory of what is kept")
    parser.add_argument(
        "--redirect-uri", action="append", default=[], help="where consent may return to"
    )
    options = parser.parse_args()
    try:
        config = from_environment(options.data, tuple(options.redirect_uri))
    except MissingSetting as error:
        parser.error(str(error))
    uvicorn.run(
        create_app(config),
        host=options.host,
        port=options.port,
        # Addresses hold codes and states, which do not belong in a log.
        access_log=False,
        timeout_graceful_shutdown=3,
        log_level="info",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Serve a filled Tryton until Ctrl-C, or see Ledgerport link and pull it.

``python -m tests.real.tryton`` prints address, database and keys to link by hand.
``python -m tests.real.tryton --check`` runs the end-to-end test and prints the figures it compares.
"""

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.environments import ROOT
from tests.real.tryton.environment import serving

_TEST = Path(__file__).with_name("test_end_to_end.py")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.real.tryton", description=__doc__)
    parser.add_argument("--check", action="store_true", help="run the end-to-end test")
    if parser.parse_args().check:
        command = [sys.executable, "-m", "pytest", "-n", "0", "-s", "-v", str(_TEST)]
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    return serve()


def serve() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops Tryton on the way out
    began = time.monotonic()
    print("Starting Tryton; the first time it is installed and filled, which takes minutes.")
    try:
        with serving() as tryton:
            print(f"Tryton answers after {time.monotonic() - began:.0f} s. To link it, type in:\n")
            print(f"Address   {tryton.url}")
            print(f"Database  {tryton.database}")
            print(f"Key       {tryton.reading_key}\n")
            print(f"To edit the books over REST: {tryton.writing_key}")
            print("Ctrl-C stops it; what was edited is gone then.", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        print("\nStopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

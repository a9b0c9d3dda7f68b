"""Run the official clients against a server of their own, and print method → result.

`python -m tests.clients`; the first time, the clients are installed.
"""

import sys
import tempfile
from pathlib import Path

from tests.clients.running import CLIENTS, fill, table
from tests.server import running


def main() -> int:
    problems = 0
    with (
        tempfile.TemporaryDirectory(prefix="ledgerport-clients-") as directory,
        running(Path(directory)) as portal,
    ):
        for client in CLIENTS:
            outcomes = client.run(portal, fill(portal))
            problems += sum(bool(each["problem"]) for each in outcomes)
            print(f"\n{client.name}: {len(outcomes)} cases\n{table(outcomes)}", flush=True)
    print(f"\n{problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""How fast records reach the store, next to the fastest way there is into such a table.

    uv run python -m tests.sync.throughput [--records 20000]

Prints records per second of a first pull and of a second one in which 5 % changed, each from the
platform's page to the published record, and their ratio to a binary COPY of the same rows, encoded
beforehand, into a table of the same columns and indexes. All three in one run, so quote the ratio.
"""

import argparse
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import psycopg

from engines import Engines, data_dir, database_url, locations
from portal.supervisor.environment import use_development_environment

_COLUMNS = (
    "connection_id, data_type, source_id, organization_id, hash, body, is_deleted, modified_at, "
    "source_modified_at, pull_id, label, party, dated_on, amount, currency, record_status"
)


@contextmanager
def installation() -> Iterator[None]:
    """Have engines with an empty, migrated database, and Django set up on it."""
    directory = Path(tempfile.mkdtemp(prefix="ledgerport-throughput-"))
    os.environ["LEDGERPORT_DATA"] = str(directory)
    os.environ["LEDGERPORT_ENV"] = "development"
    use_development_environment(data_dir())
    try:
        with Engines(exclusive=True):
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0"],
                check=True,
                cwd=locations.PROJECT,
            )
            django.setup()
            yield
    finally:
        shutil.rmtree(locations.run_dir(), ignore_errors=True)
        shutil.rmtree(directory, ignore_errors=True)


def copied(organization_id: str) -> float:
    """Return the seconds that a binary COPY of the stored rows takes into a table like theirs."""
    with psycopg.connect(database_url(), autocommit=True) as database:
        database.execute("CREATE TABLE copied (LIKE sync_record INCLUDING ALL)")
        database.execute("GRANT ALL ON copied TO ledgerport_app")
        database.execute("SET ROLE ledgerport_app")
        database.execute("SELECT set_config('app.organization', %s, false)", [organization_id])
        cursor = database.cursor()
        with cursor.copy(
            f"COPY (SELECT {_COLUMNS} FROM sync_record) TO STDOUT (FORMAT binary)"
        ) as copy:
            blocks = [bytes(block) for block in copy]
        began = time.monotonic()
        with cursor.copy(f"COPY copied ({_COLUMNS}) FROM STDIN (FORMAT binary)") as copy:
            for block in blocks:
                copy.write(block)
        seconds = time.monotonic() - began
        database.execute("RESET ROLE")
        database.execute("DROP TABLE copied")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sync.throughput")
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--page", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with installation():
        # Models can be imported only now.
        load: Any = importlib.import_module("tests.sync.throughput_load")
        for _ in range(options.rounds):
            organization_id, first, second = load.run(options.records, options.page)
            limit = copied(organization_id)
            for name, seconds in (
                ("binary COPY", limit),
                ("first", first),
                ("5 % changed", second),
            ):
                rate = options.records / seconds
                print(f"{name:>12}  {rate:>9,.0f} records/s  {limit / seconds:.2f} of binary COPY")


if __name__ == "__main__":
    main()

"""The limit: binary COPY of rows encoded beforehand into a table like the store's.

    load_copy every|key

Takes the rows that `load_ours` has stored. The table has every index of the store, or only its key.
"""

import sys

import psycopg

from bench.contestant import take_part
from engines import database_url

COLUMNS = (
    "connection_id, data_type, source_id, organization_id, hash, body, is_deleted, modified_at, "
    "source_modified_at, pull_id, label, party, dated_on, amount, currency, due_on, outstanding, "
    "record_status"
)


def main(indexes: str) -> None:
    database = psycopg.connect(database_url(), user="postgres", autocommit=True)
    with database.cursor().copy(
        f"COPY (SELECT {COLUMNS} FROM sync_record) TO STDOUT (FORMAT binary)"  # noqa: S608 - above
    ) as copy:
        blocks = [bytes(block) for block in copy]
    database.execute("DROP TABLE IF EXISTS bench_copied")
    database.execute("CREATE TABLE bench_copied (LIKE sync_record INCLUDING DEFAULTS)")
    database.execute(
        "ALTER TABLE bench_copied ADD PRIMARY KEY (connection_id, data_type, source_id)"
    )
    if indexes == "every":
        database.execute(
            "CREATE INDEX ON bench_copied (connection_id, data_type, dated_on DESC, source_id)"
        )
        database.execute(
            "CREATE INDEX ON bench_copied (connection_id, data_type, due_on DESC, source_id) "
            "WHERE data_type IN ('invoices', 'bills')"
        )

    def load() -> None:
        with database.cursor().copy(
            f"COPY bench_copied ({COLUMNS}) FROM STDIN (FORMAT binary)"
        ) as copy:
            for block in blocks:
                copy.write(block)

    take_part({"first": load})
    database.execute("DROP TABLE bench_copied")
    database.close()


main(sys.argv[1])

"""The ledger of what was served: per grant and record the newest state that went out."""

import sqlite3
from collections.abc import Iterable

from sandbox.database import Database
from sandbox.views.collections import Row

_RECORD = """
insert into served values (?, ?, ?, ?, ?, 1)
on conflict do update set
    deleted = case when excluded.updated_at >= updated_at then excluded.deleted else deleted end,
    updated_at = max(updated_at, excluded.updated_at),
    times = times + 1
"""


class Served:
    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, grant_id: str, collection: str, rows: Iterable[Row]) -> None:
        """Note a page in one transaction."""
        values = [(grant_id, collection, row.id, row.updated_at, row.deleted) for row in rows]
        if values:
            with self._database.transaction() as connection:
                connection.executemany(_RECORD, values)

    def rows(self, grant_id: str | None, collection: str | None) -> list[sqlite3.Row]:
        return self._database.rows(
            "select * from served where (?1 is null or grant_id = ?1)"
            " and (?2 is null or collection = ?2) order by grant_id, collection, record_id",
            grant_id,
            collection,
        )

    def clear(self) -> None:
        with self._database.transaction() as connection:
            connection.execute("delete from served")

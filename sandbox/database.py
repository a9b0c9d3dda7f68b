"""What must survive a kill -9: epoch, clock, grants, tokens, faults, served; kept in SQLite."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

_SCHEMA = """
create table if not exists settings (name text primary key, value text not null) without rowid;
create table if not exists grants (
    id text primary key, business_id text not null, client_id text not null, scope text not null,
    created_at integer not null, revoked_at integer,
    refreshes integer not null default 0, reuses integer not null default 0
) without rowid;
create table if not exists codes (
    digest text primary key, grant_id text not null references grants (id),
    redirect_uri text not null, challenge text not null,
    expires_at integer not null, used_at integer
) without rowid;
create table if not exists access_tokens (
    digest text primary key, grant_id text not null references grants (id),
    expires_at integer not null
) without rowid;
create table if not exists refresh_tokens (
    digest text primary key, grant_id text not null references grants (id),
    parent text, expires_at integer not null, used_at integer
) without rowid;
create index if not exists refresh_tokens_by_parent on refresh_tokens (parent);
create table if not exists faults (
    id integer primary key autoincrement, grant_id text, kind text not null, path text,
    skip integer not null, times integer, seconds real, hits integer not null default 0
);
create table if not exists served (
    grant_id text not null, collection text not null, record_id text not null,
    updated_at integer not null, deleted integer not null, times integer not null,
    primary key (grant_id, collection, record_id)
) without rowid;
"""


class Database:
    """One connection behind a lock: transactions are short, and SQLite has one writer anyway."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = RLock()
        self._connection = sqlite3.connect(
            directory / "sandbox.sqlite3", check_same_thread=False, isolation_level=None
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def rows(self, query: str, *values: str | int | None) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: str | int | None) -> sqlite3.Row | None:
        return next(iter(self.rows(query, *values)), None)

    def setting(self, name: str) -> str | None:
        found = self.row("select value from settings where name = ?", name)
        return str(found["value"]) if found else None

    def keep_setting(self, name: str, value: str) -> None:
        with self.transaction() as connection:
            connection.execute(
                "insert into settings values (?, ?)"
                " on conflict do update set value = excluded.value",
                (name, value),
            )

    def close(self) -> None:
        with self._lock:
            self._connection.close()

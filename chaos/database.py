"""What the database really holds, past every proxy, role and policy, and with no code of ours."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import sql

from engines import locations

_PATIENCE = 90.0
_ADDRESS = "postgresql://postgres@/{name}?host={host}"


class Database:
    """Reads as PostgreSQL's own superuser, and comes back when the server does."""

    def __init__(self) -> None:
        self._address = _ADDRESS.format(
            name=locations.DATABASE, host=locations.postgres_socket_dir()
        )
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask, again and again while the server is away."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self.ask(statement, *parameters)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def ask(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask once.

        :raises psycopg.OperationalError: when the server is away.
        """
        try:
            return self._connected().execute(statement, parameters or None).fetchall()
        except psycopg.OperationalError:
            self.close()
            raise

    def number(self, statement: str, *parameters: Any) -> int:
        return int(self.rows(statement, *parameters)[0][0] or 0)

    def change(self, statement: str, *parameters: Any) -> int:
        return self._connected().execute(statement, parameters or None).rowcount

    def text(self, table: str) -> Iterator[bytes]:
        """Stream a whole table as text."""
        whole = sql.SQL("COPY (SELECT t::text FROM {} t) TO STDOUT").format(sql.Identifier(table))
        with self._connected().cursor() as cursor, cursor.copy(whole) as copy:
            yield from map(bytes, copy)

    def stream(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """Read what does not fit into memory."""
        connection = self._connected()
        with connection.transaction(), connection.cursor(name="stream") as cursor:
            cursor.itersize = 5000
            cursor.execute(statement)
            yield from cursor

    def close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = psycopg.connect(self._address, autocommit=True, connect_timeout=3)
            self._connection.execute("SET statement_timeout = '60s'")
        return self._connection

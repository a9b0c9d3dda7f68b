"""A database of a test's own is dropped."""

import time

import psycopg
from psycopg import sql

_PATIENCE_SECONDS = 30.0


def drop_database(owner: psycopg.Connection, name: str) -> None:
    """Drop a database with its sessions; raise `InsufficientPrivilege` if a superuser stays.

    The server's own autovacuum may be at work inside, and a superuser's session that was just
    closed may end a moment later: only a superuser could end either of them, so it is tried again.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    command = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    while True:
        try:
            owner.execute(command)
        except psycopg.errors.InsufficientPrivilege:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return

"""Database connections are few: whoever waits for something else holds none."""

from django.db import connection


def let_go() -> None:
    """Give this thread's connection back, unless a transaction is open in it."""
    if not connection.in_atomic_block:
        connection.close()

"""Step out of the app's role for the commands that change the schema."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections


@contextmanager
def as_owner(alias: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Connect as the login itself, which owns the tables, instead of the role that owns nothing."""
    connection = connections[alias]
    options = connection.settings_dict["OPTIONS"]
    role = options.pop("options", None)
    _reconnect(alias)
    try:
        yield
    finally:
        if role is not None:
            options["options"] = role
        _reconnect(alias)


def _reconnect(alias: str) -> None:
    """Drop what is open: a connection keeps the role it was opened with."""
    connection = connections[alias]
    connection.close()
    close_pool = getattr(connection, "close_pool", None)
    if close_pool is not None:
        close_pool()

"""Step out of the app's role: to change the schema, to back up, to look at everything."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections

from companies.rls import BACKUP_ROLE


@contextmanager
def as_owner(alias: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Connect as the login itself, which owns the tables, instead of the role that owns nothing."""
    with _with_options(alias, None):
        yield


@contextmanager
def as_reader(alias: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Connect as the role that reads every organization's rows and writes nothing."""
    with _with_options(alias, f"-c role={BACKUP_ROLE}"):
        yield


@contextmanager
def _with_options(alias: str, options: str | None) -> Iterator[None]:
    settings = connections[alias].settings_dict["OPTIONS"]
    before = settings.pop("options", None)
    if options is not None:
        settings["options"] = options
    _reconnect(alias)
    try:
        yield
    finally:
        settings.pop("options", None)
        if before is not None:
            settings["options"] = before
        _reconnect(alias)


def _reconnect(alias: str) -> None:
    """Drop what is open: a connection keeps the role it was opened with."""
    connection = connections[alias]
    connection.close()
    close_pool = getattr(connection, "close_pool", None)
    if close_pool is not None:
        close_pool()

"""Step out of the app's role: to change the schema, to back up, to look at everything."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

from companies.rls import APP_ROLE, BACKUP_ROLE


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
def owner_beside() -> Iterator[str]:
    """Open a second connection as the login itself, and answer its alias.

    For whoever works as the app's role and changes tables in between; the first stays as it is.
    """
    beside = connection.copy()
    beside.alias = f"owner-{id(beside)}"
    for option in ("options", "pool"):
        beside.settings_dict["OPTIONS"].pop(option, None)
    connections[beside.alias] = beside
    try:
        yield beside.alias
    finally:
        beside.close()
        del connections[beside.alias]


def owns_tables() -> bool:
    """Tell whether this process's login owns the tables, or may do what their owner may."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(session_user, relowner, 'USAGE') FROM pg_class "
            "WHERE oid = to_regclass('public.companies_organization')"
        )
        return bool(cursor.fetchone() == (True,))


def may_read_all() -> bool:
    """Tell whether this process's login may become the role that reads every organization."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(session_user, %s, 'SET')", [BACKUP_ROLE])
        (is_so,) = cursor.fetchone()
    return bool(is_so)


@contextmanager
def reading_all() -> Iterator[None]:
    """Open a transaction as that role; one question needs no connection of its own."""
    is_nested = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', %s, true)", [BACKUP_ROLE])
        yield
        if is_nested:  # there the role would outlive this block
            cursor.execute("SELECT set_config('role', %s, true)", [APP_ROLE])


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

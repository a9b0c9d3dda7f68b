"""Tables that are only ever appended to, in parts by month, so that a month goes at once.

Deleting a month's rows one by one writes each of them to the log and leaves its room to be cleaned
up; dropping the part that holds them takes away a file. Months are those of UTC.

A part is a table of its own, and could be asked by its own name. So none has a grant or a policy
but the backup's: the application reaches rows through the whole table, whose policies then count.

An insert never fails for want of a month: what has none goes to the part named `_default`, and
`make_months` takes it to its month later. All of this is the owner's to do (see `portal.owner`).
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from django.db import OperationalError, connection, connections, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql
from psycopg.errors import DeadlockDetected, LockNotAvailable

from companies.rls import APP_ROLE, BACKUP_ROLE, SYSTEM_ROLE

#: So many months are there before they begin: a clock or a scheduler may fail meanwhile.
AHEAD = 2
#: Whoever changes the parts holds it, and whoever needs them to stay as they are shares it.
PARTS_LOCK = 0x4C50_0001
#: Whoever waits for a table has all others wait behind it: rather let go, and come back.
_WAITS = "250ms"
_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 3.2)


class InUse(Exception):
    """Somebody else holds the table, or a backup is being taken; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of a table's parts: from a moment until before another; None is without an end."""

    table: str
    name: str
    since: datetime | None
    until: datetime | None
    is_default: bool
    #: Whether it was ever written to since it was last empty.
    is_used: bool


_PARTS = r"""
SELECT whole.relname::text, part.relname::text,
       substring(bound.text FROM $$FROM \('([^']+)'\)$$)::timestamptz,
       substring(bound.text FROM $$TO \('([^']+)'\)$$)::timestamptz,
       bound.text = 'DEFAULT', pg_relation_size(part.oid) > 0
  FROM pg_inherits
  JOIN pg_class whole ON whole.oid = inhparent
  JOIN pg_class part ON part.oid = inhrelid
 CROSS JOIN LATERAL (SELECT pg_get_expr(part.relpartbound, part.oid) AS text) bound
 WHERE whole.relkind = 'p' AND whole.relnamespace = 'public'::regnamespace
 ORDER BY 1, 4 NULLS LAST, 2
"""


def parts(cursor: CursorWrapper) -> list[Part]:
    """List the parts of all tables, the oldest of each table first."""
    cursor.execute(_PARTS)
    return [Part(*row) for row in cursor.fetchall()]


def month_of(moment: datetime) -> datetime:
    """Return when its month began."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(month: datetime) -> datetime:
    return month_of(month + timedelta(days=32))


def wanted(now: datetime) -> list[datetime]:
    """Return the months that should be there: this one, and some ahead."""
    months = [month_of(now)]
    for _ in range(AHEAD):
        months.append(month_after(months[-1]))
    return months


def missing(of: Collection[Part], months: Collection[datetime]) -> list[datetime]:
    """Return those that none of a table's parts holds."""
    return [
        month
        for month in sorted(months)
        if not any(
            not each.is_default
            and (each.since is None or each.since <= month)
            and (each.until is None or month < each.until)
            for each in of
        )
    ]


@dataclass(frozen=True, slots=True)
class Made:
    """A month that was made, and how many rows were waiting for it."""

    name: str
    moved: int


def make_months(using: str, now: datetime) -> list[Made]:
    """Make the months that are missing, and those of rows that found none.

    :raises InUse: when a table stays in use; what is missing can be made the next time.
    """
    with connections[using].cursor() as cursor:
        found = parts(cursor)
    made = []
    for table in sorted({each.table for each in found}):
        mine = [each for each in found if each.table == table]
        is_used = any(each.is_default and each.is_used for each in mine)
        if is_used or missing(mine, wanted(now)):
            made += _patiently(using, partial(_make_missing, table=table, now=now))
    return made


def drop(using: str, part: Part, *, unless: str = "false") -> bool:
    """Drop a part with its rows; answer whether it went.

    `unless` is SQL that asks whether any of `{part}` is needed still. It is asked before anybody
    has to wait: rows so old are not written, and nothing new refers to them.

    :raises InUse: when the table stays in use.
    """
    names = {"part": sql.Identifier(part.name), "whole": sql.Identifier(part.table)}
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(BACKUP_ROLE)))
        cursor.execute(sql.SQL("SELECT " + unless).format(**names))
        if cursor.fetchone() == (True,):
            return False

    def work(cursor: CursorWrapper) -> None:
        cursor.execute(sql.SQL("ALTER TABLE {whole} DETACH PARTITION {part}").format(**names))
        cursor.execute(sql.SQL("DROP TABLE {part}").format(**names))

    _patiently(using, work)
    return True


def keep() -> None:
    """Have all parts stay as they are until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [PARTS_LOCK])


def _patiently[T](using: str, work: Callable[[CursorWrapper], T]) -> T:
    """Do it in a transaction that gives way to whoever is there already."""
    for pause in (*_PAUSES, None):
        try:
            with transaction.atomic(using=using), connections[using].cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_WAITS])
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PARTS_LOCK])
                return work(cursor)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
                raise
            if pause is None:
                raise InUse from error
            time.sleep(pause)
    raise AssertionError


def _make_missing(cursor: CursorWrapper, *, table: str, now: datetime) -> list[Made]:
    mine = [each for each in parts(cursor) if each.table == table]
    default = next((each for each in mine if each.is_default), None)
    months = set(wanted(now))
    if default is not None and default.is_used:
        column = _key(cursor, table)
        months |= _months_in(cursor, default, column)
    made = [_make(cursor, table, month, default) for month in missing(mine, months)]
    if default is not None and default.is_used:
        _close(cursor, default)
    return made


def _months_in(cursor: CursorWrapper, default: Part, column: str) -> set[datetime]:
    """Let the owner see, until the end of the transaction, what found no month."""
    name = sql.Identifier(default.name)
    cursor.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(name))
    cursor.execute(
        sql.SQL("SELECT DISTINCT date_trunc('month', {}, 'UTC') FROM ONLY {}").format(
            sql.Identifier(column), name
        )
    )
    return {month_of(month) for (month,) in cursor.fetchall()}


def _close(cursor: CursorWrapper, default: Part) -> None:
    """Give back the room of what was taken out, and hide the part again."""
    name = sql.Identifier(default.name)
    cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM ONLY {})").format(name))
    if cursor.fetchone() == (False,):
        cursor.execute(sql.SQL("TRUNCATE ONLY {}").format(name))
    cursor.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(name))


def _make(cursor: CursorWrapper, table: str, month: datetime, default: Part | None) -> Made:
    """Make it beside the table and attach it: that keeps nobody from reading and writing there."""
    name = f"{table}_{month:%Ym%m}"
    names = {"part": sql.Identifier(name), "whole": sql.Identifier(table)}
    cursor.execute(
        sql.SQL("CREATE TABLE {part} (LIKE {whole} INCLUDING ALL EXCLUDING IDENTITY)").format(
            **names
        )
    )
    hide(cursor, name)
    bounds = {"since": sql.Literal(month), "until": sql.Literal(month_after(month))}
    moved = 0
    if default is not None and default.is_used:
        cursor.execute(
            sql.SQL(
                "WITH moved AS (DELETE FROM ONLY {default} WHERE {column} >= {since} "
                "AND {column} < {until} RETURNING *) INSERT INTO {part} SELECT * FROM moved"
            ).format(
                **names,
                **bounds,
                default=sql.Identifier(default.name),
                column=sql.Identifier(_key(cursor, table)),
            )
        )
        moved = cursor.rowcount
    cursor.execute(
        sql.SQL(
            "ALTER TABLE {whole} ATTACH PARTITION {part} FOR VALUES FROM ({since}) TO ({until})"
        ).format(**names, **bounds)
    )
    cursor.execute(sql.SQL("ALTER TABLE {part} FORCE ROW LEVEL SECURITY").format(**names))
    return Made(name, moved)


def hide(cursor: CursorWrapper, name: str) -> None:
    """Open a part to the backup's role only; it is forced upon the owner when it is filled."""
    part = sql.Identifier(name)
    cursor.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(part))
    cursor.execute(
        sql.SQL("REVOKE ALL ON {} FROM {}, {}").format(
            part, sql.Identifier(APP_ROLE), sql.Identifier(SYSTEM_ROLE)
        )
    )
    if not backup_is_known(cursor):
        return
    backup = sql.Identifier(BACKUP_ROLE)
    cursor.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(part, backup))
    cursor.execute(
        sql.SQL("CREATE POLICY backup_reads ON {} FOR SELECT TO {} USING (true)").format(
            part, backup
        )
    )


def backup_is_known(cursor: CursorWrapper) -> bool:
    """Answer False for a new server: `manage.py migrate` opens everything to that role, last."""
    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [BACKUP_ROLE])
    return cursor.fetchone() is not None


def _key(cursor: CursorWrapper, table: str) -> str:
    """Name the column that says in which month a row belongs."""
    cursor.execute(
        "SELECT attname::text FROM pg_partitioned_table JOIN pg_attribute "
        "ON attrelid = partrelid AND attnum = partattrs[0] WHERE partrelid = %s::regclass",
        [table],
    )
    (column,) = cursor.fetchone()
    return str(column)

"""The migration that makes a table one of parts by month: see `companies.partitions`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.utils import CursorWrapper
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.utils import IntegrityError, NotSupportedError
from psycopg import sql
from psycopg.errors import CheckViolation

from companies.partitions import backup_is_known, hide, month_after, month_of, wanted
from companies.rls import BACKUP_ROLE


class PartitionByMonth(Operation):
    """Make a table one of parts; the rows it has become the first part where they lie.

    The primary key holds the month's column too, as PostgreSQL asks: no foreign key may refer to
    the table. What takes long is done before, while everybody reads and writes; taking the table's
    place takes a moment. Begun again after an interruption, it goes on.
    """

    reduces_to_sql = False
    reversible = True

    def __init__(self, table: str, column: str) -> None:
        self.table = table
        self.column = column

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return type(self).__name__, [self.table, self.column], {}

    def describe(self) -> str:
        return f"Partition {self.table} by month of {self.column}"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing of the model: it does not know of parts."""

    def database_forwards(
        self,
        app_label: str,  # noqa: ARG002 - Django's
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002
        to_state: ProjectState,  # noqa: ARG002
    ) -> None:
        if schema_editor.connection.in_atomic_block:
            raise NotSupportedError("Partitioning needs a migration with atomic = False.")
        with schema_editor.connection.cursor() as cursor:
            if not _is_partitioned(cursor, self.table):
                until = self._bound(cursor)
                self._index(cursor)
                with transaction.atomic(using=schema_editor.connection.alias):
                    self._take_the_place(cursor, until)

    def database_backwards(
        self,
        app_label: str,  # noqa: ARG002 - Django's
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002
        to_state: ProjectState,  # noqa: ARG002
    ) -> None:
        """Copy all rows into one table again; everybody waits meanwhile."""
        with (
            schema_editor.connection.cursor() as cursor,
            transaction.atomic(using=schema_editor.connection.alias),
        ):
            if _is_partitioned(cursor, self.table):
                self._put_together(cursor)

    @property
    def _first(self) -> str:
        return f"{self.table}_first"

    def _bound(self, cursor: CursorWrapper) -> datetime:
        """Have the database know that all rows are older: then attaching need not look at them."""
        now = datetime.now(UTC)
        cursor.execute(
            "SELECT convalidated, substring(pg_get_constraintdef(oid) FROM $$'([^']+)'::timest$$)"
            "::timestamptz FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s",
            [self.table, self._first],
        )
        found = cursor.fetchone()
        if found is not None and found[0] and found[1] - now > timedelta(days=7):
            return month_of(found[1])
        until = wanted(now)[-1]
        try:
            self._check(cursor, until)
        except IntegrityError as error:
            if not isinstance(error.__cause__, CheckViolation):
                raise
            until = month_after(max(until, self._newest(cursor)))
            self._check(cursor, until)
        return until

    def _check(self, cursor: CursorWrapper, until: datetime) -> None:
        names = {"table": sql.Identifier(self.table), "name": sql.Identifier(self._first)}
        cursor.execute(
            sql.SQL(
                "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}, "
                "ADD CONSTRAINT {name} CHECK ({column} < {until}) NOT VALID"
            ).format(**names, column=sql.Identifier(self.column), until=sql.Literal(until))
        )
        cursor.execute(sql.SQL("ALTER TABLE {table} VALIDATE CONSTRAINT {name}").format(**names))

    def _newest(self, cursor: CursorWrapper) -> datetime:
        """Ask past row-level security, which keeps the owner's eyes off the rows."""
        table = sql.Identifier(self.table)
        with transaction.atomic(using=cursor.db.alias):
            cursor.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(table))
            cursor.execute(
                sql.SQL("SELECT max({}) FROM {}").format(sql.Identifier(self.column), table)
            )
            (newest,) = cursor.fetchone()
            cursor.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(table))
        return month_of(newest)

    def _index(self, cursor: CursorWrapper) -> None:
        """Make the first part's primary key, beside everybody's work."""
        name = f"{self._first}_pkey"
        cursor.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [f'"{name}"']
        )
        found = cursor.fetchone()
        if found == (False,):  # making it was interrupted
            cursor.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(name)))
        if found != (True,):
            cursor.execute(
                sql.SQL("CREATE UNIQUE INDEX CONCURRENTLY {} ON {} (id, {})").format(
                    sql.Identifier(name), sql.Identifier(self.table), sql.Identifier(self.column)
                )
            )

    def _take_the_place(self, cursor: CursorWrapper, until: datetime) -> None:
        names = {
            "table": sql.Identifier(self.table),
            "first": sql.Identifier(self._first),
            "key": sql.Identifier(f"{self._first}_pkey"),
            "default": sql.Identifier(f"{self.table}_default"),
            "column": sql.Identifier(self.column),
            "until": sql.Literal(until),
        }

        def run(*statements: str) -> None:
            for statement in statements:
                cursor.execute(sql.SQL(statement).format(**names))

        run("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        shape = _Shape.read(cursor, self.table, without=f"{self._first}_pkey")
        shape.strip(cursor, self.table)
        run(
            "ALTER TABLE {table} RENAME TO {first}",
            "ALTER TABLE {first} ADD CONSTRAINT {key} PRIMARY KEY USING INDEX {key}",
        )
        for number, index in enumerate(shape.indexes, 1):
            cursor.execute(
                sql.SQL("ALTER INDEX {} RENAME TO {}").format(
                    sql.Identifier(index.name), sql.Identifier(f"{self._first}_{number}")
                )
            )
        run(
            "CREATE TABLE {table} (LIKE {first} INCLUDING DEFAULTS INCLUDING CONSTRAINTS "
            "INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS) "
            "PARTITION BY RANGE ({column})",
            "ALTER TABLE {table} DROP CONSTRAINT {first}",
        )
        shape.put_on(cursor, self.table, key=("id", self.column))
        run(
            "ALTER TABLE {table} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ({until})",
            "ALTER TABLE {first} DROP CONSTRAINT {first}",
            "CREATE TABLE {default} PARTITION OF {table} DEFAULT",
        )
        for part in (self._first, f"{self.table}_default"):
            hide(cursor, part)
        run(
            "ALTER TABLE {first} FORCE ROW LEVEL SECURITY",
            "ALTER TABLE {default} FORCE ROW LEVEL SECURITY",
        )

    def _put_together(self, cursor: CursorWrapper) -> None:
        names = {
            "table": sql.Identifier(self.table),
            "whole": sql.Identifier(f"{self.table}_whole"),
        }

        def run(*statements: str) -> None:
            for statement in statements:
                cursor.execute(sql.SQL(statement).format(**names))

        run(
            "LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
            "ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
            "CREATE TABLE {whole} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS "
            "INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS)",
            "INSERT INTO {whole} SELECT * FROM {table}",
        )
        shape = _Shape.read(cursor, self.table)
        run("DROP TABLE {table}", "ALTER TABLE {whole} RENAME TO {table}")
        shape.put_on(cursor, self.table, key=("id",))


def _is_partitioned(cursor: CursorWrapper, table: str) -> bool:
    cursor.execute("SELECT FROM pg_partitioned_table WHERE partrelid = %s::regclass", [table])
    return cursor.fetchone() is not None


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    #: As PostgreSQL tells it.
    definition: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """What belongs to a table and is not copied with its columns."""

    indexes: list[_Named]
    foreign_keys: list[_Named]
    policies: list[tuple[Any, ...]]
    #: Role, right and column; None is the whole table.
    grants: list[tuple[str, str, str | None]]
    #: The last number that was given to a row, and whether one was.
    counted: tuple[int, bool] | None

    @classmethod
    def read(cls, cursor: CursorWrapper, table: str, *, without: str = "") -> "_Shape":
        def rows(statement: str) -> list[tuple[Any, ...]]:
            cursor.execute(statement, [table])
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

        indexes = rows(
            "SELECT c.relname::text, pg_get_indexdef(c.oid) FROM pg_index JOIN pg_class c "
            "ON c.oid = indexrelid WHERE indrelid = %s::regclass AND NOT indisprimary ORDER BY 1"
        )
        counted = None
        ((sequence,),) = rows("SELECT pg_get_serial_sequence(%s, 'id')")
        if sequence is not None:
            cursor.execute(
                sql.SQL("SELECT last_value, is_called FROM {}").format(
                    sql.Identifier(*sequence.replace('"', "").split("."))
                )
            )
            counted = cursor.fetchone()
        return cls(
            # Of a table of parts it would be made for the table only, and for none of them.
            [
                _Named(name, definition.replace(" ON ONLY ", " ON ", 1))
                for name, definition in indexes
                if name != without
            ],
            [
                _Named(*row)
                for row in rows(
                    "SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint "
                    "WHERE conrelid = %s::regclass AND contype = 'f' AND conparentid = 0 ORDER BY 1"
                )
            ],
            rows(
                "SELECT policyname::text, roles::text[], cmd, qual, with_check FROM pg_policies "
                "WHERE schemaname = 'public' AND tablename = %s"
            ),
            rows(
                "WITH this AS (SELECT * FROM pg_class WHERE oid = %s::regclass) "
                "SELECT pg_get_userbyid(grantee)::text, privilege_type, NULL "
                "FROM this, aclexplode(relacl) WHERE grantee <> relowner UNION ALL "
                "SELECT pg_get_userbyid(grantee)::text, privilege_type, attname::text "
                "FROM this JOIN pg_attribute ON attrelid = this.oid, aclexplode(attacl)"
            ),
            counted,
        )

    def strip(self, cursor: CursorWrapper, table: str) -> None:
        """Take off what only the whole table is to have."""
        name = sql.Identifier(table)
        cursor.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                name, sql.Identifier(f"{table}_pkey")
            )
        )
        if self.counted is not None:
            cursor.execute(sql.SQL("ALTER TABLE {} ALTER id DROP IDENTITY").format(name))
        for policy, *_ in self.policies:
            cursor.execute(sql.SQL("DROP POLICY {} ON {}").format(sql.Identifier(policy), name))
        for role, right, column in self.grants:
            cursor.execute(_grant("REVOKE {} ON {} FROM {}", role, right, column, table))

    def put_on(self, cursor: CursorWrapper, table: str, *, key: Sequence[str]) -> None:
        name = sql.Identifier(table)
        cursor.execute(
            sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY ({})").format(
                name,
                sql.Identifier(f"{table}_pkey"),
                sql.SQL(", ").join(map(sql.Identifier, key)),
            )
        )
        if self.counted is not None:
            cursor.execute(
                sql.SQL("ALTER TABLE {} ALTER id ADD GENERATED BY DEFAULT AS IDENTITY").format(name)
            )
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, %s)", [table, *self.counted]
            )
            if backup_is_known(cursor):
                cursor.execute(
                    sql.SQL("GRANT SELECT ON SEQUENCE {} TO {}").format(
                        sql.Identifier(f"{table}_id_seq"), sql.Identifier(BACKUP_ROLE)
                    )
                )
        for foreign_key in self.foreign_keys:
            cursor.execute(
                sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
                    name,
                    sql.Identifier(foreign_key.name),
                    sql.SQL(foreign_key.definition),  # PostgreSQL's own
                )
            )
        for index in self.indexes:
            cursor.execute(index.definition)
        for policy, roles, command, using, check in self.policies:
            cursor.execute(
                sql.SQL("CREATE POLICY {} ON {} FOR {} TO {}").format(
                    sql.Identifier(policy),
                    name,
                    sql.SQL(command),
                    sql.SQL(", ").join(map(sql.Identifier, roles)),
                )
                + _clause(" USING ({})", using)
                + _clause(" WITH CHECK ({})", check)
            )
        for role, right, column in self.grants:
            cursor.execute(_grant("GRANT {} ON {} TO {}", role, right, column, table))
        cursor.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name))
        cursor.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(name))


def _clause(words: str, expression: str | None) -> sql.Composable:
    if expression is None:
        return sql.SQL("")
    return sql.SQL(words).format(sql.SQL(expression))  # PostgreSQL's own


def _grant(words: str, role: str, right: str, column: str | None, table: str) -> sql.Composable:
    what: sql.Composable = sql.SQL(right)  # PostgreSQL's own
    if column is not None:
        what = sql.SQL("{} ({})").format(what, sql.Identifier(column))
    return sql.SQL(words).format(what, sql.Identifier(table), sql.Identifier(role))

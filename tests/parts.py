"""Tables of parts, as the tests find them and leave them."""

from datetime import datetime

from django.db import connection, connections
from django.db.migrations.state import ProjectState
from django.utils import timezone
from psycopg import sql

from companies import partitions
from companies.partitioning import PartitionByMonth
from companies.rls import OPEN_TO_BACKUP
from portal.owner import as_owner, owner_beside

#: By the column that says in which month a row belongs.
TABLES = {"companies_event": "occurred_at", "sync_platformrequest": "at", "webhooks_attempt": "at"}


def parts_of(table: str) -> list[partitions.Part]:
    with connection.cursor() as cursor:
        return [each for each in partitions.parts(cursor) if each.table == table]


def make_months(now: datetime | None = None) -> list[partitions.Made]:
    with owner_beside() as owner:
        return partitions.make_months(owner, now or timezone.now())


def put_back() -> None:
    """Leave the parts that a database has that was just made, whatever a test did to them."""
    make_months()
    last = partitions.wanted(timezone.now())[-1]
    with owner_beside() as owner, connections[owner].cursor() as cursor:
        for part in partitions.parts(cursor):
            if part.since is not None and part.since > last:
                cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(part.name)))
    for table, column in TABLES.items():
        if f"{table}_first" not in [each.name for each in parts_of(table)]:
            _begin_anew(PartitionByMonth(table, column))
    make_months()


def _begin_anew(operation: PartitionByMonth) -> None:
    state = ProjectState()
    with as_owner():
        with connection.schema_editor(atomic=False) as editor:
            operation.database_backwards("", editor, state, state)
            operation.database_forwards("", editor, state, state)
        with connection.cursor() as cursor:
            cursor.execute(OPEN_TO_BACKUP)

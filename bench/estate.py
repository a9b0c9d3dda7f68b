"""An estate of any size: organizations, companies and connections, cloned in the database.

The first of each is made by the product itself, so that what is cloned is what it would write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString
from uuid import uuid4

import psycopg
from psycopg import sql

from companies import operations as companies
from companies import tenancy
from companies.models import User
from connections.models import Connection
from connections.schemas import DataType
from sync import operations


@dataclass(frozen=True)
class Size:
    organizations: int
    #: Of each organization.
    companies: int

    @property
    def connections(self) -> int:
        return self.organizations * self.companies

    @property
    def schedules(self) -> int:
        return self.connections * len(DataType)


def build(database: psycopg.Connection, size: Size) -> None:
    """Fill an empty database; a superuser's connection, since row-level security would stop it."""
    for _ in range(size.organizations):
        first = linked()
        clone(
            database,
            "companies_company",
            {"id": "gen_random_uuid()", "name": "'Company ' || n", "tags": "'{}'"},
            ", generate_series(1, %s) n WHERE t.id = %s",
            [size.companies - 1, first.company_id],
        )
        clone(
            database,
            "connections_connection",
            {"id": "gen_random_uuid()", "company_id": "o.id"},
            "JOIN companies_company o ON o.organization_id = t.organization_id "
            "AND o.id <> t.company_id WHERE t.id = %s",
            [first.pk],
        )
        clone(
            database,
            "sync_datastatus",
            {"id": "gen_random_uuid()", "connection_id": "c.id"},
            "JOIN connections_connection c ON c.organization_id = t.organization_id "
            "AND c.id <> t.connection_id WHERE t.connection_id = %s",
            [first.pk],
        )
    for table in ("companies_company", "connections_connection", "sync_datastatus"):
        database.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))


def linked() -> Connection:
    """Make an organization with one company that is linked; nothing of it is due."""
    user = User.objects.create_user(f"{uuid4().hex}@example.com", name="Bench")
    organization = companies.create_organization(user, f"Bench {uuid4().hex[:8]}")
    with tenancy.entered(organization.pk):
        connection = Connection.objects.create(
            organization=organization,
            company=companies.create_company(organization, name="Company 0"),
            platform="sandbox",
            source_type="Accounting",
            status=Connection.Status.LINKED,
        )
        operations.ensure_statuses(connection)
        connection.data_statuses.update(next_due_at=None)
    return connection


def clone(
    database: psycopg.Connection,
    table: str,
    others: Mapping[LiteralString, LiteralString],
    rest: LiteralString,
    parameters: Sequence[object] | Mapping[str, object],
    *,
    source: str | None = None,
) -> None:
    """Insert rows of a table that are like those there, `t`, but for some columns.

    A `source` is a table of the same columns that has those they are to be like.
    """
    columns = [
        name
        for (name,) in database.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
            "AND NOT attisdropped AND attgenerated = ''",
            [table],
        )
    ]
    picked = [
        sql.SQL(others[name]) if name in others else sql.Identifier("t", name) for name in columns
    ]
    database.execute(
        sql.SQL("INSERT INTO {table} ({columns}) SELECT {picked} FROM {source} t {rest}").format(
            table=sql.Identifier(table),
            source=sql.Identifier(source or table),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            picked=sql.SQL(", ").join(picked),
            rest=sql.SQL(rest),
        ),
        parameters,
    )

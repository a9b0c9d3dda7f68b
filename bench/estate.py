"""An estate of any size: organizations, companies and connections, cloned in the database.

The first of each is made by the product itself, so that what is cloned is what it would write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

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
        template = _first()
        number = size.companies - 1
        _clone(
            database,
            "companies_company",
            template.company_id,
            number,
            {"id": "gen_random_uuid()", "name": "'Company ' || n", "tags": "'{}'"},
        )
        _clone_for_each(
            database,
            "connections_connection",
            template.pk,
            "SELECT id FROM companies_company o WHERE organization_id = "
            "(SELECT organization_id FROM connections_connection WHERE id = %(template)s) "
            "AND NOT EXISTS (SELECT FROM connections_connection c WHERE c.company_id = o.id)",
            {"id": "gen_random_uuid()", "company_id": "owner"},
        )
        _clone_statuses(database, template)
    for table in ("companies_company", "connections_connection", "sync_datastatus"):
        database.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))


def _first() -> Connection:
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


def _columns(database: psycopg.Connection, table: str) -> list[str]:
    rows = database.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
        "AND NOT attisdropped AND attgenerated = ''",
        [table],
    )
    return [name for (name,) in rows]


def _clone(
    database: psycopg.Connection,
    table: str,
    template: UUID,
    number: int,
    expressions: Mapping[str, str],
) -> None:
    columns = _columns(database, table)
    picked = sql.SQL(", ").join(
        sql.SQL(expressions[name]) if name in expressions else sql.Identifier("t", name)
        for name in columns
    )
    database.execute(
        sql.SQL(
            "INSERT INTO {table} ({columns}) SELECT {picked} FROM {table} t, "
            "generate_series(1, %s) n WHERE t.id = %s"
        ).format(
            table=sql.Identifier(table),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            picked=picked,
        ),
        [number, template],
    )


def _clone_for_each(
    database: psycopg.Connection,
    table: str,
    template: UUID,
    owners: str,
    expressions: Mapping[str, str],
) -> None:
    columns = _columns(database, table)
    picked = sql.SQL(", ").join(
        sql.SQL(expressions[name]) if name in expressions else sql.Identifier("t", name)
        for name in columns
    )
    database.execute(
        sql.SQL(
            "INSERT INTO {table} ({columns}) SELECT {picked} FROM {table} t, "
            "({owners}) each(owner) WHERE t.id = %(template)s"
        ).format(
            table=sql.Identifier(table),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            picked=picked,
            owners=sql.SQL(owners),
        ),
        {"template": template},
    )


def _clone_statuses(database: psycopg.Connection, template: Connection) -> None:
    columns = _columns(database, "sync_datastatus")
    others = {"id": sql.SQL("gen_random_uuid()"), "connection_id": sql.Identifier("c", "id")}
    database.execute(
        sql.SQL(
            "INSERT INTO sync_datastatus ({columns}) SELECT {picked} "
            "FROM sync_datastatus t JOIN connections_connection c "
            "ON c.organization_id = t.organization_id AND c.id <> t.connection_id "
            "WHERE t.connection_id = %s"
        ).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            picked=sql.SQL(", ").join(
                others.get(name, sql.Identifier("t", name)) for name in columns
            ),
        ),
        [template.pk],
    )

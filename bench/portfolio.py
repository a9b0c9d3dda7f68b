"""What a portal has to show after a year: companies, connections, pulls, and what went wrong.

One organization is far larger than the others, and one company of it was pulled far more often than
its neighbours. The first of each kind is made by the product itself; what the database clones from
it differs in what pages filter, sort and show.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from unittest import mock

import psycopg
from psycopg import sql

from bench import estate
from bench.invoices import invoices
from companies import audit, tenancy
from companies.models import AuditKind, Membership, Organization, User
from connections.models import Connection
from connections.platforms.base import Page
from sync import engine, operations, tasks
from sync.models import Pull, PullStatus

#: Of all pulls, the part of the large organization, and of its busiest company.
_LARGE_PART = 0.5
_BUSY_PART = 0.01


@dataclass(frozen=True)
class Size:
    organizations: int
    #: In all, and of the large organization among them.
    companies: int
    large: int
    pulls: int

    @property
    def companies_each(self) -> int:
        """Of each organization but the large one."""
        return (self.companies - self.large) // max(1, self.organizations - 1)


@dataclass(frozen=True)
class Portfolio:
    """The large organization, and whoever looks at it."""

    organization: Organization
    user: User
    #: The one that was pulled most.
    busy: Connection


def build(database: psycopg.Connection, size: Size, tell: Callable[[str], None]) -> Portfolio:
    """Fill an empty database; a superuser's connection, since row-level security would stop it."""
    firsts = [estate.linked() for _ in range(size.organizations)]
    large = firsts[0]
    _record_change(large)
    _pull(large)
    for table, fill in _FILLS.items():
        with _quickly(database, table):
            fill(database, size, firsts)
        database.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))
        tell(f"  {table} is full")
    _leave_under_way(database, large)
    with tenancy.entered(large.organization_id):
        membership = Membership.objects.within(large.organization_id).select_related("user").get()
    return Portfolio(large.organization, membership.user, large)


@contextmanager
def _quickly(database: psycopg.Connection, table: str) -> Iterator[None]:
    """Fill a table without checking each row's parents, and index it when all is there."""
    with database.transaction():
        database.execute("SET LOCAL session_replication_role = replica")
        database.execute("SET LOCAL maintenance_work_mem = '1GB'")
        database.execute("SET LOCAL work_mem = '256MB'")
        _leave_unindexed(database, table)
        yield
        for part in _parts(database, table):
            database.execute(sql.SQL("REINDEX TABLE {}").format(sql.Identifier(part)))


def _leave_unindexed(database: psycopg.Connection, table: str) -> None:
    database.execute(
        "UPDATE pg_index SET indisready = false WHERE indrelid = ANY(%s::regclass[])",
        [_parts(database, table)],
    )


def _parts(database: psycopg.Connection, table: str) -> list[str]:
    """Name what holds the rows: the table, or its parts by month."""
    found = database.execute(
        "SELECT relid::text FROM pg_partition_tree(%s::regclass) WHERE isleaf", [table]
    )
    return [name for (name,) in found]


def _companies(database: psycopg.Connection, size: Size, firsts: Sequence[Connection]) -> None:
    for number, first in enumerate(firsts):
        estate.clone(
            database,
            "companies_company",
            {
                "id": "gen_random_uuid()",
                "name": "(ARRAY['Acme','Blue','Green','Harbour','Nimbus','Orchid','Quartz','River',"
                "'Summit','Vertex'])[1 + n %% 10] || ' ' || substr(md5(t.id || n::text), 1, 6) "
                "|| ' ' || (ARRAY['Trading','Foods','Motors','Design','Labs','Retail','Health'])"
                "[1 + n %% 7] || ' Ltd'",
                "tags": "CASE WHEN n %% 4 = 0 THEN jsonb_build_object('region', "
                "(ARRAY['north','east','south','west'])[1 + n / 4 %% 4]) ELSE '{}' END",
                "created_at": "now() - n * interval '1 minute'",
                "last_pull_at": "CASE WHEN n %% 20 > 0 THEN now() - random() * interval '2 days' "
                "END",
            },
            ", generate_series(1, %s) n WHERE t.id = %s",
            [(size.companies_each if number else size.large) - 1, first.company_id],
        )


def _connections(database: psycopg.Connection, _size: Size, firsts: Sequence[Connection]) -> None:
    """Give each company three; the first of four in five is linked, some of them with an error."""
    for first in firsts:
        estate.clone(
            database,
            "connections_connection",
            {
                "id": "gen_random_uuid()",
                "company_id": "o.id",
                "platform": "(ARRAY['sandbox','xero','quickbooks'])[k]",
                "status": "CASE WHEN k = 1 AND o.n %% 5 > 0 THEN 'Linked' ELSE "
                "(ARRAY['PendingAuth','Unlinked','Unlinked','Deauthorized'])"
                "[1 + (o.n / 5 + k) %% 4] END",
                "has_active_error": "k = 1 AND o.n %% 50 = 1",
                "created_at": "o.created_at",
                "last_pull_at": "o.last_pull_at",
            },
            "JOIN (SELECT *, row_number() OVER () AS n FROM companies_company) o "
            "ON o.organization_id = t.organization_id AND o.id <> t.company_id, "
            "generate_series(1, 3) k WHERE t.id = %s",
            [first.pk],
        )


def _statuses(database: psycopg.Connection, _size: Size, firsts: Sequence[Connection]) -> None:
    estate.clone(
        database,
        "sync_datastatus",
        {
            "id": "gen_random_uuid()",
            "connection_id": "c.id",
            "last_success_at": "c.last_pull_at",
            "next_due_at": "now() + (0.1 + random()) * interval '1 day'",
            "frequency": "'daily'",
        },
        "JOIN connections_connection c ON c.organization_id = t.organization_id "
        "AND c.status = 'Linked' AND c.id <> t.connection_id WHERE t.connection_id = %s",
        [firsts[0].pk],
    )


def _credentials(database: psycopg.Connection, _size: Size, firsts: Sequence[Connection]) -> None:
    """Only their ends are looked at: they stand for ciphertext of the usual length."""
    database.execute(
        "INSERT INTO connections_storedcredentials (connection_id, organization_id, access_token, "
        "refresh_token, parameters, scope, version, refreshed_at, lease_owner) "
        "SELECT id, organization_id, decode(repeat(md5(id::text), 12), 'hex'), "
        "decode(repeat(md5(id::text), 5), 'hex'), '', '', 9, now() - random() * interval '1 day', "
        "'' FROM connections_connection WHERE organization_id = %s AND status = 'Linked'",
        [firsts[0].organization_id],
    )


def _errors(database: psycopg.Connection, _size: Size, firsts: Sequence[Connection]) -> None:
    database.execute(
        "INSERT INTO connections_connectionerror (id, organization_id, connection_id, status_code, "
        "status_text, error_message, errored_at) "
        "SELECT gen_random_uuid(), organization_id, id, '403', 'Forbidden', "
        "'The platform refused ' || (ARRAY['invoices','bills','accounts'])"
        "[1 + (random() * 2)::int] || '.', now() - random() * interval '9 days' "
        "FROM connections_connection WHERE organization_id = %s AND has_active_error",
        [firsts[0].organization_id],
    )


def _events(database: psycopg.Connection, _size: Size, firsts: Sequence[Connection]) -> None:
    estate.clone(
        database,
        "companies_event",
        {"id": "gen_random_uuid()", "company_id": "o.id", "occurred_at": "o.created_at"},
        "JOIN companies_company o ON o.organization_id = t.organization_id "
        "AND o.id <> t.company_id WHERE t.company_id = %s",
        [firsts[0].company_id],
    )


def _entries(database: psycopg.Connection, size: Size, firsts: Sequence[Connection]) -> None:
    estate.clone(
        database,
        "companies_auditentry",
        {
            "id": "gen_random_uuid()",
            "at": "t.at - n * interval '1 minute'",
            "sequence": "t.sequence + n",
        },
        ", generate_series(1, %s) n WHERE t.organization_id = %s",
        [size.large, firsts[0].organization_id],
    )


def _pulls(database: psycopg.Connection, size: Size, firsts: Sequence[Connection]) -> None:
    """Spread a year's pulls over all connections, most of them over the large organization's.

    The table begins anew: what is written in the transaction that emptied it is not logged.
    """
    large = firsts[0]
    database.execute(
        "CREATE TABLE bench_pull AS SELECT * FROM sync_pull WHERE connection_id = %s", [large.pk]
    )
    database.execute("TRUNCATE sync_pull CASCADE")
    _leave_unindexed(database, "sync_pull")  # emptied, they are good again
    database.execute(
        "CREATE TEMPORARY TABLE numbered ON COMMIT DROP AS SELECT c.id AS connection_id, "
        "c.company_id, c.organization_id, row_number() OVER (ORDER BY c.organization_id <> %s, "
        "c.id <> %s, c.company_id <> %s) AS number FROM connections_connection c",
        [large.organization_id, large.pk, large.company_id],
    )
    [connections, of_the_large] = database.execute(
        "SELECT count(*), count(*) FILTER (WHERE organization_id = %s) FROM numbered",
        [large.organization_id],
    ).fetchone() or (0, 0)
    estate.clone(
        database,
        "sync_pull",
        {
            "id": "gen_random_uuid()",
            "organization_id": "c.organization_id",
            "company_id": "c.company_id",
            "connection_id": "c.connection_id",
            "batch": "gen_random_uuid()",
            "data_type": "(ARRAY['invoices','bills','customers','suppliers','accounts',"
            "'bankTransactions','balanceSheet','profitAndLoss','payments','items'])[1 + n %% 10]",
            "status": "CASE WHEN n %% 17 > 0 THEN 'Complete' ELSE (ARRAY['FetchError',"
            "'RateLimitError','AuthError','Cancelled','NotSupported','ValidationError'])"
            "[1 + n %% 6] END",
            "requested_at": "g.at",
            "started_at": "g.at + interval '2 seconds'",
            "claimed_at": "g.at + interval '2 seconds'",
            "completed_at": "g.at + interval '9 seconds'",
            "requested_by_id": "CASE WHEN n %% 10 = 0 THEN t.requested_by_id END",
        },
        # Which connection it is of: the busy one, one of the large organization, or any other.
        "CROSS JOIN (SELECT n::int, now() - random() * interval '365 days' AS at, "
        "CASE WHEN n <= %(busy)s THEN 1 WHEN n <= %(large)s THEN 1 + n * 7919 %% %(of_large)s "
        "ELSE 1 + %(of_large)s + n * 7919 %% %(others)s END AS number "
        "FROM generate_series(1::bigint, %(pulls)s) n) g JOIN numbered c USING (number)",
        {
            "busy": int(size.pulls * _BUSY_PART),
            "large": int(size.pulls * _LARGE_PART),
            "of_large": of_the_large,
            "others": max(1, connections - of_the_large),
            "pulls": size.pulls,
        },
        source="bench_pull",
    )
    database.execute("DROP TABLE bench_pull")


_FILLS: Mapping[str, Callable[[psycopg.Connection, Size, Sequence[Connection]], None]] = (
    MappingProxyType(
        {
            "companies_company": _companies,
            "connections_connection": _connections,
            "sync_datastatus": _statuses,
            "connections_storedcredentials": _credentials,
            "connections_connectionerror": _errors,
            "companies_event": _events,
            "companies_auditentry": _entries,
            "sync_pull": _pulls,
        }
    )
)


class _Invoices:
    """A platform that has a handful of them."""

    def fetch(self, *_: object, **__: object) -> Iterator[Page]:
        records = list(invoices(20))
        yield Page(records=records, cursor="1", total=len(records))


@contextmanager
def _opened(*_: object, **__: object) -> Iterator[_Invoices]:
    yield _Invoices()


def _pull(connection: Connection) -> None:
    """Pull once as a worker does, so that there is a complete one to clone."""
    with mock.patch.object(tasks, "ring", return_value=None):
        with tenancy.entered(connection.organization_id):
            pull = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.SCHEDULE)
        with mock.patch.object(engine, "open_platform", _opened):
            engine.run_connection(connection.organization_id, connection.pk)
        with tenancy.entered(connection.organization_id):
            pull.refresh_from_db()
    assert pull.status == PullStatus.COMPLETE, pull.error_detail


def _record_change(connection: Connection) -> None:
    with tenancy.entered(connection.organization_id):
        audit.record(
            AuditKind.DATA_TYPES,
            "changed",
            organization_id=connection.organization_id,
            label="Invoices",
            actor=None,
            before={"frequency": "none"},
            after={"frequency": "daily"},
        )


def _leave_under_way(database: psycopg.Connection, large: Connection) -> None:
    """Have some pulls run, some wait, and some stand still because a platform does not answer."""
    with tenancy.entered(large.organization_id):
        linked = list(Connection.objects.within(large.organization_id).linked()[:60])
        with mock.patch.object(tasks, "ring", return_value=None):
            for connection in linked:
                operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.SCHEDULE)
    active = "status = 'Queued' AND organization_id = %s"
    database.execute(
        f"UPDATE sync_pull SET status = 'Fetching', progress = 40, started_at = now() WHERE id IN "  # noqa: S608 - said above
        f"(SELECT id FROM sync_pull WHERE {active} LIMIT 20)",
        [large.organization_id],
    )
    database.execute(
        f"UPDATE sync_pull SET not_before = now() + interval '1 hour', outage_since = now() "  # noqa: S608 - said above
        f"WHERE id IN (SELECT id FROM sync_pull WHERE {active} LIMIT 20)",
        [large.organization_id],
    )

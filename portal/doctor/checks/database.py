"""Does PostgreSQL answer, and does it keep organizations apart as this version wants it to?"""

from datetime import timedelta
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from companies import partitions as months
from companies.partitions import month_after, month_of
from portal import clock
from portal.doctor.asking import CONNECT_SECONDS, rows
from portal.doctor.findings import Answer, Level, error, graded, ok, several, warning
from portal.doctor.running import in_words
from portal.pruning import POLICIES, past
from portal.verification import access

_OLDEST = 16
_CROWDED, _FULL = 0.8, 0.95
#: Of 2³¹ that there are between the oldest row and the newest; autovacuum begins at 200 million.
_MANY_TRANSACTIONS, _TOO_MANY_TRANSACTIONS = 500_000_000, 1_200_000_000

_PRUNED_WITHIN = timedelta(days=3)
_PRUNE = (
    "As the login that owns the tables: python manage.py prune, and have it run every day "
    "(docs/operate.md)"
)


def reachable() -> Answer:
    """Connect as the login alone: the roles may not be there yet."""
    try:
        with psycopg.connect(**_as_login()) as login:
            found = login.execute("SELECT session_user, current_database()").fetchone()
    except (psycopg.Error, DatabaseError, ImproperlyConfigured, ValueError) as fault:
        return error(
            f"The database does not answer: {in_words(fault)}.",
            "Nothing works without it: pages answer 503, and no pull runs.",
            "Start PostgreSQL, and look at DATABASE_URL and the way there. In development "
            "`script/server` starts it.",
        )
    assert found is not None
    return ok(f"It answers: {found[1]}, as {found[0]}.")


def version() -> Answer:
    with psycopg.connect(**_as_login()) as login:
        number = login.info.server_version
    major, minor = divmod(number, 10_000)
    if major < _OLDEST:
        return error(
            f"PostgreSQL {major}.{minor} is too old.",
            f"Ledgerport needs {_OLDEST} or newer.",
            "Back up, and move to a newer server: python manage.py backup, restore.",
        )
    return ok(f"PostgreSQL {major}.{minor}.")


def role() -> Answer:
    role_name = settings.DATABASE_ROLE
    try:
        connection.ensure_connection()
    except DatabaseError as fault:
        return error(
            f"The login cannot take on {role_name}: {in_words(fault)}.",
            "Every process does as it connects. The database was never migrated, or the login is "
            "no member of the role.",
            "As the login that owns the database: python manage.py migrate; for another login "
            "then GRANT ledgerport_app, ledgerport_system TO it (docs/operate.md).",
        )
    ((current,),) = rows("SELECT current_user::text")
    if current != role_name:
        return error(
            f"Connections are {current} instead of {role_name}.",
            "Row-level security does not hold for whoever owns tables.",
            "Look for `role` among the options in DATABASE_URL, and for a pooler that drops them.",
        )
    return ok(f"Connections take on {role_name}.")


def login() -> Answer:
    ((name, is_superuser, is_above),) = rows(
        "SELECT rolname::text, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = session_user"
    )
    if is_superuser or is_above:
        what = "is a superuser" if is_superuser else "has BYPASSRLS"
        return error(
            f"The login {name} {what}.",
            "Row-level security does not hold for it: whoever takes over a process of Ledgerport "
            "reads every organization's data.",
            f"As another superuser: ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS",
        )
    return ok(f"{name} is no superuser, and has no BYPASSRLS.")


def owner() -> Answer:
    owned = [
        name
        for (name,) in rows(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind IN ('r', 'p') AND pg_has_role(current_user, relowner, 'USAGE') ORDER BY 1"
        )
    ]
    if owned:
        return error(
            f"{settings.DATABASE_ROLE} has an owner's rights on {several(owned)}.",
            "It could switch row-level security off, or change what the audit log says.",
            "As a superuser: REASSIGN OWNED BY it TO the login that migrates, and REVOKE that "
            f"login FROM {settings.DATABASE_ROLE}.",
        )
    return ok(f"{settings.DATABASE_ROLE} owns no table.")


def migrations() -> Answer:
    standing = access.migrations_standing()
    if standing.missing:
        return error(
            f"Not applied: {several(standing.missing)}.",
            "This version asks the database for what is not there.",
            "As the login that owns the tables: python manage.py migrate",
        )
    if standing.unknown:
        return warning(
            f"The database has migrations of another version: {several(standing.unknown)}.",
            "A newer version has migrated it; this one may go on until it is replaced.",
            "Replace web, worker, beat and relay by the newer version.",
        )
    return ok(f"All {standing.applied} are applied.")


def isolation() -> Answer:
    return _walls(
        access.isolation(),
        "{:,} tables keep organizations apart.",
        "One organization's rows may be seen by another.",
    )


def rights() -> Answer:
    return _walls(
        access.rights(),
        "The roles' rights on {:,} tables are as they should be.",
        "Processes can change what they must not, or cannot do what they must.",
    )


def _walls(findings: Any, well: str, means: str) -> Answer:
    looked_at, faults = 0, list[str]()
    for each in findings:
        if isinstance(each, int):
            looked_at += each
        else:
            faults.append(each)
    if faults:
        return error(
            f"{several(faults)}.",
            means,
            "Somebody changed the schema by hand: undo that as the login that owns the tables (for "
            "one table: ALTER TABLE … ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY), then "
            "run python manage.py verify",
        )
    return ok(well.format(looked_at))


def extension() -> Answer:
    if rows("SELECT FROM pg_extension WHERE extname = 'pg_trgm'"):
        return ok("pg_trgm is there.")
    if not rows("SELECT FROM pg_available_extensions WHERE name = 'pg_trgm'"):
        return error(
            "The server does not have the extension pg_trgm.",
            "Migrations cannot be applied, and searching for names does not work.",
            "Install PostgreSQL's contrib modules on the server, then python manage.py migrate",
        )
    return error(
        "The extension pg_trgm is not in the database.",
        "Searching for names does not work, or reads whole tables.",
        "As the login that owns the database: CREATE EXTENSION pg_trgm",
    )


def connections() -> Answer:
    ((used, room),) = rows(
        "SELECT (SELECT sum(numbackends) FROM pg_stat_database)::int, "
        "current_setting('max_connections')::int "
        "- current_setting('superuser_reserved_connections')::int"
    )
    share = used / room
    level = Level.ERROR if share > _FULL else Level.WARNING if share > _CROWDED else Level.OK
    return graded(
        level,
        f"{used:,} of {room:,} connections are in use.",
        "When there are no more, pages answer 503 and pulls wait.",
        "Raise max_connections, or run fewer processes: each opens at most 8. "
        "SELECT application_name, count(*) FROM pg_stat_activity GROUP BY 1 tells whose they are.",
    )


def indexes() -> Answer:
    broken = [
        name
        for (name,) in rows(
            "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class c ON c.oid = indexrelid "
            "WHERE NOT indisvalid AND c.relnamespace = 'public'::regnamespace ORDER BY 1"
        )
    ]
    if broken:
        return warning(
            f"Not usable: {several(broken)}.",
            "Making it was interrupted, or is under way: until then questions read whole tables.",
            f"If nobody makes it now: REINDEX INDEX CONCURRENTLY {broken[0]}",
        )
    return ok("All indexes are usable.")


def partitions() -> Answer:
    now = clock.now()
    with connection.cursor() as cursor:
        found = months.parts(cursor)
    ahead = month_after(month_of(now))
    for table in sorted({each.table for each in found}):
        mine = [each for each in found if each.table == table]
        if months.missing(mine, [ahead]):
            return warning(
                f"{table} has no part for {ahead:%Y-%m}.",
                "Nothing is lost: rows go to its part for everything else, from where they have "
                "to be moved.",
                _PRUNE,
            )
    used = [each.name for each in found if each.is_default and each.is_used]
    if used:
        return warning(
            f"Rows found no month and wait in {several(used)}.",
            "A month was not made in time, or a clock was wrong. They are shown like all others.",
            _PRUNE,
        )
    late = [each.name for policy in POLICIES for each in past(found, policy, now - _PRUNED_WITHIN)]
    if late:
        return warning(
            f"Past their time, and still there: {several(late)}.",
            "The database grows, and keeps more than was promised. The last pruning is told on the "
            "page Monitor.",
            _PRUNE,
        )
    return ok(f"{len(found)} parts; next month is there.")


def transactions() -> Answer:
    ((age,),) = rows("SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()")
    level = Level.OK
    if age > _MANY_TRANSACTIONS:
        level = Level.ERROR if age > _TOO_MANY_TRANSACTIONS else Level.WARNING
    return graded(
        level,
        f"The oldest transaction id is {age / 1_000_000:,.0f} million old (of 2,100).",
        "At the end of them PostgreSQL takes no more writes. Autovacuum does not keep up, or "
        "something holds it back.",
        "Look for old transactions in pg_stat_activity (xact_start), in pg_prepared_xacts and "
        "pg_replication_slots; end them, then run vacuumdb --freeze.",
    )


def _as_login() -> dict[str, Any]:
    return connection.get_connection_params() | {
        "options": "-c statement_timeout=3000",
        "connect_timeout": CONNECT_SECONDS,
    }

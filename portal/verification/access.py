"""Is the schema this version's, and does the database keep organizations apart?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor

from companies.rls import APP_ROLE, BACKUP_ROLE, SYSTEM_ROLE, RowLevelSecurity

_ALL = {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"}
_ROLES = (APP_ROLE, SYSTEM_ROLE, BACKUP_ROLE)


def migrations() -> Iterator[int | str]:
    standing = migrations_standing()
    yield standing.applied
    for each in standing.missing:
        yield f"{each} is not applied: run `manage.py migrate`"
    for each in standing.unknown:
        yield f"{each} is applied, but this version does not know it"


@dataclass(frozen=True, slots=True)
class MigrationsStanding:
    """How the schema stands to this version: app and name of what it lacks, or has too much."""

    applied: int
    missing: list[str]
    unknown: list[str]


def migrations_standing() -> MigrationsStanding:
    loader = MigrationExecutor(connection).loader
    applied, known = loader.applied_migrations, set(loader.disk_migrations)
    return MigrationsStanding(
        applied=len(applied),
        missing=[
            f"{app} {name}" for app, name in loader.graph.leaf_nodes() if (app, name) not in applied
        ],
        unknown=[f"{app} {name}" for app, name in applied if (app, name) not in known],
    )


def isolation() -> Iterator[int | str]:
    """Every table of an organization's has its policies, and no role is above them."""
    tables = _tables()
    for model, rule in _tenants():
        yield 1
        table = model._meta.db_table
        if table not in tables:
            yield f"{table} is missing"
            continue
        is_forced, owner, policies = tables[table]
        if not is_forced:
            yield f"{table} does not force row-level security"
        if owner in _ROLES:
            yield f"{table} belongs to {owner}, which nothing may belong to"
        wanted = {rule.name, "backup_reads"} | (
            {f"{rule.name}_system"} if rule.system_reads else set()
        )
        if odd := wanted ^ set(policies):
            yield f"{table} has other policies than it should: {', '.join(sorted(odd))}"
    known = {model._meta.db_table for model, _ in _tenants()}
    for (table,) in _rows(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') "
        "AND a.attname = 'organization_id' AND NOT a.attisdropped AND NOT c.relispartition"
    ):
        if table not in known:
            yield f"{table} names organizations, and nothing keeps them apart"
    yield from _parts_apart(tables)
    for (role,) in _rows(
        "SELECT rolname FROM pg_roles WHERE (rolsuper OR rolbypassrls) "
        "AND (rolname = ANY(%s) OR rolname = session_user)",
        list(_ROLES),
    ):
        yield f"{role} is above row-level security"


def _parts_apart(tables: dict[str, tuple[bool, str, list[str]]]) -> Iterator[int | str]:
    for part, whole in _parts():
        yield 1
        is_forced, owner, policies = tables[part]
        if not is_forced:
            yield f"{part} does not force row-level security"
        if owner in _ROLES:
            yield f"{part} belongs to {owner}, which nothing may belong to"
        if policies != ["backup_reads"]:
            yield f"{part} has policies of its own, beside those of {whole}"


def rights() -> Iterator[int | str]:
    """What may only be appended to (audit log, events, attempts) can be neither changed nor cut."""
    for model, rule in _tenants():
        yield 1
        table = model._meta.db_table
        wanted = {
            APP_ROLE: set(rule.grants),
            SYSTEM_ROLE: {"SELECT"} if rule.system_reads is True else set(),
            BACKUP_ROLE: {"SELECT"},
        }
        for role, rights_wanted in wanted.items():
            for right in sorted(_rights(role, table) ^ rights_wanted):
                has = "lacks" if right in rights_wanted else "has"
                yield f"{role} {has} {right} on {table}"
    # Whoever may ask a part by its own name gets past the policies of the whole.
    for part, _ in _parts():
        yield 1
        for role in _ROLES:
            rights_wanted = {"SELECT"} if role == BACKUP_ROLE else set()
            for right in sorted(_rights(role, part) ^ rights_wanted):
                has = "lacks" if right in rights_wanted else "has"
                yield f"{role} {has} {right} on {part}"


def _rights(role: str, table: str) -> set[str]:
    return {
        right
        for (right,) in _rows(
            "SELECT right_ FROM unnest(%s::text[]) AS right_ "
            "WHERE has_table_privilege(%s, %s, right_)",
            sorted(_ALL),
            role,
            f'public."{table}"',
        )
    }


def _tenants() -> Iterator[tuple[type[models.Model], RowLevelSecurity]]:
    for model in apps.get_models(include_auto_created=True):
        for constraint in model._meta.constraints:
            if isinstance(constraint, RowLevelSecurity):
                yield model, constraint


def _parts() -> list[tuple[str, str]]:
    """Return the parts of tables of organizations (see `companies.partitions`), and whose."""
    return [
        (part, whole)
        for part, whole in _rows(
            "SELECT inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits "
            "JOIN pg_class c ON c.oid = inhrelid WHERE c.relkind = 'r' "
            "AND c.relnamespace = 'public'::regnamespace ORDER BY 1"
        )
    ]


def _tables() -> dict[str, tuple[bool, str, list[str]]]:
    return {
        name: (is_forced, owner, policies)
        for name, is_forced, owner, policies in _rows(
            "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, "
            "pg_get_userbyid(c.relowner)::text, ARRAY("
            "  SELECT polname::text FROM pg_policy WHERE polrelid = c.oid"
            ") FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace "
            "AND c.relkind IN ('r', 'p')"
        )
    }


def _rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found

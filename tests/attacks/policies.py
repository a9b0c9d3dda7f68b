"""What must hold of the policy of every table that belongs to an organization."""

from collections.abc import Sequence
from uuid import UUID

from django.db import DatabaseError, connection, models, transaction

from companies import tenancy
from companies.models import Organization
from companies.rls import APP_ROLE, BACKUP_ROLE, SYSTEM_ROLE, RowLevelSecurity


def faults(model: type[models.Model], ours: UUID, theirs: UUID) -> list[str]:
    """Say what is wrong with a table's protection, seen from ours and from theirs.

    Theirs has rows in it; ours need not.
    """
    found = []
    table = connection.ops.quote_name(model._meta.db_table)
    owner = "id" if model is Organization else "organization_id"
    if _visible(table, owner, None, theirs):
        found.append("seen without an organization")
    if _visible(table, owner, ours, theirs):
        found.append("seen from another organization")
    if not _visible(table, owner, theirs, theirs):
        found.append("not seen from its own")
    return found + _catalogue(model)


def _visible(table: str, owner: str, entered: UUID | None, of: UUID) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        question = f"SELECT EXISTS (SELECT FROM {table} WHERE {owner} = %s)"
        try:
            if entered is None:
                cursor.execute(question, [of])
                return bool(cursor.fetchone()[0])
            with tenancy.entered(entered):
                cursor.execute(question, [of])
                return bool(cursor.fetchone()[0])
        except DatabaseError:
            transaction.set_rollback(True)
            return False


def _catalogue(model: type[models.Model]) -> list[str]:
    """Compare what PostgreSQL keeps with what the model declares."""
    (declared,) = [each for each in model._meta.constraints if isinstance(each, RowLevelSecurity)]
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass",
            [model._meta.db_table],
        )
        if cursor.fetchone() != (True, True):
            found.append("row-level security is not forced")
        cursor.execute(
            "SELECT roles::text[], cmd, qual, with_check FROM pg_policies WHERE tablename = %s "
            "ORDER BY policyname",
            [model._meta.db_table],
        )
        policies = cursor.fetchall()
        cursor.execute(
            "SELECT pg_get_userbyid(grantee), privilege_type "
            "FROM pg_class, aclexplode(relacl) WHERE oid = %s::regclass AND grantee <> relowner",
            [model._meta.db_table],
        )
        granted = set(cursor.fetchall())
        cursor.execute(
            "SELECT pg_get_userbyid(grantee), privilege_type, attname "
            "FROM pg_attribute, aclexplode(attacl) WHERE attrelid = %s::regclass",
            [model._meta.db_table],
        )
        by_column = set(cursor.fetchall())
    mine = [(cmd, qual, check) for roles, cmd, qual, check in policies if roles == [APP_ROLE]]
    if len(mine) != 1 or mine[0][0] != "ALL" or mine[0][1] != mine[0][2]:
        found.append("the policy does not hold for writing as for reading")
    if not all("app.organization" in qual or "app.user" in qual for _, qual, _ in mine):
        found.append("the policy does not ask for the organization")
    system = [cmd for roles, cmd, _, _ in policies if roles == [SYSTEM_ROLE]]
    if system != (["SELECT"] if declared.system_reads else []):
        found.append("the system role has another policy than declared")
    # What backups read with: everything, and no more than reading.
    backup = [(cmd, check) for roles, cmd, _, check in policies if roles == [BACKUP_ROLE]]
    if backup != [("SELECT", None)]:
        found.append("the backup's role has another policy than to read")
    if len(policies) != len(mine) + len(system) + len(backup):
        found.append("there is a policy for somebody else")
    wanted = {(APP_ROLE, right) for right in declared.grants} | {(BACKUP_ROLE, "SELECT")}
    columns: Sequence[str] = ()
    if declared.system_reads is True:
        wanted.add((SYSTEM_ROLE, "SELECT"))
    elif declared.system_reads:
        columns = declared.system_reads
    wanted_by_column = {(SYSTEM_ROLE, "SELECT", name) for name in columns}
    if (granted, by_column) != (wanted, wanted_by_column):
        found.append(f"rights differ: {granted ^ wanted} {by_column ^ wanted_by_column}")
    return found

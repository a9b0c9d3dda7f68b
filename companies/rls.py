"""Row-level security as a model constraint, so that no tenant table exists without it.

PostgreSQL itself shows a statement only the rows of the organization that
`companies.tenancy.entered` has named for the transaction. Two roles own nothing:

- `ledgerport_app` runs every statement; it sees one organization at a time.
- `ledgerport_system` is taken for a moment by `tenancy.system()` for the few questions that span
  organizations (what is due? whose Link URL is this?) and may only read the tables named so.

A third, `ledgerport_backup`, reads everything and writes nothing. No running process takes it: only
the login that owns the tables can, for `manage.py backup` and `verify`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table

APP_ROLE = "ledgerport_app"
SYSTEM_ROLE = "ledgerport_system"
BACKUP_ROLE = "ledgerport_backup"

#: The organization of this transaction; an empty setting (after an earlier transaction) is none.
CURRENT_ORGANIZATION = "(SELECT nullif(current_setting('app.organization', true), '')::uuid)"
CURRENT_USER = "(SELECT nullif(current_setting('app.user', true), '')::bigint)"

#: Rights on the framework's tables (people, sessions), which hold nothing of an organization.
#: Tenant tables say their rights beside their policy, so none is granted by accident.
GRANT_FRAMEWORK_TABLES = """
DO $$
DECLARE name text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledgerport_app') THEN RETURN; END IF;
  FOR name IN
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
      AND NOT relrowsecurity AND relname <> 'django_migrations'
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO ledgerport_app', name);
  END LOOP;
  EXECUTE 'GRANT SELECT ON django_migrations TO ledgerport_app';
END $$
"""

#: The roles, for a server that does not know them yet: a backup holds the tables' rights only.
CREATE_ROLES = """
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['ledgerport_app', 'ledgerport_system', 'ledgerport_backup'] LOOP
    BEGIN
      EXECUTE format(
        'CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', name
      );
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    BEGIN
      IF NOT pg_has_role(current_user, name, 'SET') THEN
        -- Without inheriting, the owner sees no more rows than before it takes the role.
        EXECUTE format('GRANT %I TO CURRENT_USER WITH SET TRUE, INHERIT %s', name,
          CASE name WHEN 'ledgerport_backup' THEN 'FALSE' ELSE 'TRUE' END);
      END IF;
    -- Another database of the same server is migrated at the same time.
    EXCEPTION WHEN unique_violation OR internal_error THEN NULL;
    END;
  END LOOP;
END $$
"""

#: Lets the backup's role read every table that there is by now, tenants' tables past their policy.
OPEN_TO_BACKUP = """
DO $$
DECLARE name text;
BEGIN
  GRANT USAGE ON SCHEMA public TO ledgerport_backup;
  GRANT SELECT ON ALL TABLES IN SCHEMA public TO ledgerport_backup;
  GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ledgerport_backup;
  FOR name IN
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relrowsecurity
      AND NOT EXISTS (
        SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'backup_reads'
      )
  LOOP
    EXECUTE format(
      'CREATE POLICY backup_reads ON %I FOR SELECT TO ledgerport_backup USING (true)', name
    );
  END LOOP;
END $$
"""


class _TableConstraint(models.BaseConstraint, ABC):
    """A rule that PostgreSQL keeps beside the table and that Django's own classes do not know."""

    violation_error_message = "This belongs to another organization."

    @abstractmethod
    def _create(self, model: type[models.Model], quote: Callable[[str], str]) -> Statement:
        """Return what puts the rule on a table that was just made."""

    @abstractmethod
    def _remove(self, model: type[models.Model], quote: Callable[[str], str]) -> Statement:
        """Return what takes the rule off again."""

    def constraint_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> str:
        """Run after the table is made: these are statements of their own."""
        assert schema_editor is not None
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(  # type: ignore[override]  # Django itself returns Statement
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Statement:
        assert model is not None
        assert schema_editor is not None
        return self._create(model, schema_editor.quote_name)

    def remove_sql(  # type: ignore[override]  # Django itself returns Statement
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Statement:
        assert model is not None
        assert schema_editor is not None
        return self._remove(model, schema_editor.quote_name)

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Hold in the database only: Python has its own scope, `within`."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _TableConstraint):
            return NotImplemented
        return self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]


class RowLevelSecurity(_TableConstraint):
    """Let the app's role see the rows for which `using` holds, the system role none or all.

    `using` is SQL over the table's columns. `grants` are the app role's rights: a table that is
    only ever appended to leaves out UPDATE and DELETE. `system_reads` opens the table to the system
    role, or only the columns it names.
    """

    def __init__(
        self,
        *,
        name: str,
        using: str = "organization_id = {organization}",
        grants: Sequence[str] = ("SELECT", "INSERT", "UPDATE", "DELETE"),
        system_reads: bool | Sequence[str] = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.using = using
        self.grants = tuple(grants)
        self.system_reads = system_reads if isinstance(system_reads, bool) else tuple(system_reads)

    def _create(self, model: type[models.Model], quote: Callable[[str], str]) -> Statement:
        using = self.using.format(organization=CURRENT_ORGANIZATION, user=CURRENT_USER)
        policy = f"CREATE POLICY {self.name} ON %(table)s TO {APP_ROLE}"
        statements = [
            "ALTER TABLE %(table)s ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE %(table)s FORCE ROW LEVEL SECURITY",
            f"{policy} USING ({using}) WITH CHECK ({using})",
            f"GRANT {', '.join(self.grants)} ON %(table)s TO {APP_ROLE}",
        ]
        if self.system_reads:
            policy = f"CREATE POLICY {self.name}_system ON %(table)s FOR SELECT TO {SYSTEM_ROLE}"
            columns = self.system_reads
            named = "" if isinstance(columns, bool) else f" ({', '.join(columns)})"
            statements += [
                f"{policy} USING (true)",
                f"GRANT SELECT{named} ON %(table)s TO {SYSTEM_ROLE}",
            ]
        return Statement("; ".join(statements), table=Table(model._meta.db_table, quote))

    def _remove(self, model: type[models.Model], quote: Callable[[str], str]) -> Statement:
        statements = [
            f"DROP POLICY IF EXISTS {self.name} ON %(table)s",
            f"DROP POLICY IF EXISTS {self.name}_system ON %(table)s",
        ]
        return Statement("; ".join(statements), table=Table(model._meta.db_table, quote))

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, _, kwargs = super().deconstruct()
        rights = {"grants": self.grants, "system_reads": self.system_reads}
        return path, (), {**kwargs, "using": self.using, **rights}


class SameOrganization(_TableConstraint):
    """Tie a row's parent to the row's own organization.

    Foreign keys are checked beneath row-level security, so a plain one would accept a parent that
    belongs to somebody else. This one carries the organization along; the parent needs a unique
    constraint over (organization, id).
    """

    def __init__(self, *, field: str, name: str, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.field = field

    def _create(self, model: type[models.Model], quote: Callable[[str], str]) -> Statement:
        field = model._meta.get_field(self.field)
        parent = field.related_model
        assert isinstance(field, models.ForeignKey)
        assert not isinstance(parent, str | None)
        return Statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s "
            "FOREIGN KEY (organization_id, %(column)s) REFERENCES %(parent)s (organization_id, id) "
            "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
            table=Table(model._meta.db_table, quote),
            name=quote(self.name),
            column=quote(field.column),
            parent=Table(parent._meta.db_table, quote),
        )

    def _remove(self, model: type[models.Model], quote: Callable[[str], str]) -> Statement:
        return Statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT IF EXISTS %(name)s",
            table=Table(model._meta.db_table, quote),
            name=quote(self.name),
        )

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, _, kwargs = super().deconstruct()
        return path, (), {**kwargs, "field": self.field}

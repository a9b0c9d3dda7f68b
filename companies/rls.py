"""Row-level security as a model constraint, so that no tenant table exists without it.

PostgreSQL itself shows a statement only the rows of the organization that
`companies.tenancy.entered` has named for the transaction. Two roles own nothing:

- `ledgerport_app` runs every statement; it sees one organization at a time.
- `ledgerport_system` is taken for a moment by `tenancy.system()` for the few questions that span
  organizations (what is due? whose Link URL is this?) and may only read the tables named so.
"""

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table

APP_ROLE = "ledgerport_app"
SYSTEM_ROLE = "ledgerport_system"

#: The organization of this transaction; an empty setting (after an earlier transaction) is none.
CURRENT_ORGANIZATION = "(SELECT nullif(current_setting('app.organization', true), '')::uuid)"
CURRENT_USER = "(SELECT nullif(current_setting('app.user', true), '')::bigint)"

#: Rights on the framework's tables (people, sessions), which hold nothing of an organization.
#: Tenant tables say their rights beside their policy, so none is granted by accident.
GRANT_FRAMEWORK_TABLES = f"""
DO $$
DECLARE name text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN RETURN; END IF;
  FOR name IN
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
      AND NOT relrowsecurity AND relname <> 'django_migrations'
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO {APP_ROLE}', name);
  END LOOP;
  EXECUTE 'GRANT SELECT ON django_migrations TO {APP_ROLE}';
END $$
"""


class RowLevelSecurity(models.BaseConstraint):
    """Let the app's role see the rows for which `using` holds, the system role none or all.

    `using` is SQL over the table's columns. `grants` are the app role's rights: a table that is
    only ever appended to leaves out UPDATE and DELETE.
    """

    violation_error_message = "This belongs to another organization."

    def __init__(
        self,
        *,
        name: str,
        using: str = "organization_id = {organization}",
        grants: Sequence[str] = ("SELECT", "INSERT", "UPDATE", "DELETE"),
        system_reads: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.using = using
        self.grants = tuple(grants)
        self.system_reads = system_reads

    def constraint_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> str:
        assert model is not None
        assert schema_editor is not None
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Statement:
        assert model is not None
        assert schema_editor is not None
        using = self.using.format(organization=CURRENT_ORGANIZATION, user=CURRENT_USER)
        statements = [
            "ALTER TABLE %(table)s ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE %(table)s FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY {self.name} ON %(table)s TO {APP_ROLE} "
            f"USING ({using}) WITH CHECK ({using})",
            f"GRANT {', '.join(self.grants)} ON %(table)s TO {APP_ROLE}",
        ]
        if self.system_reads:
            statements += [
                f"CREATE POLICY {self.name}_system ON %(table)s FOR SELECT "
                f"TO {SYSTEM_ROLE} USING (true)",
                f"GRANT SELECT ON %(table)s TO {SYSTEM_ROLE}",
            ]
        table = Table(model._meta.db_table, schema_editor.quote_name)
        return Statement("; ".join(statements), table=table)

    def remove_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Statement:
        assert model is not None
        assert schema_editor is not None
        statements = [
            f"DROP POLICY IF EXISTS {self.name} ON %(table)s",
            f"DROP POLICY IF EXISTS {self.name}_system ON %(table)s",
        ]
        table = Table(model._meta.db_table, schema_editor.quote_name)
        return Statement("; ".join(statements), table=table)

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Hold in the database only: Python has its own scope, `within`."""

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return (
            path,
            args,
            {
                **kwargs,
                "using": self.using,
                "grants": self.grants,
                "system_reads": self.system_reads,
            },
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RowLevelSecurity):
            return NotImplemented
        return self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]


class SameOrganization(models.BaseConstraint):
    """Tie a row's parent to the row's own organization.

    Foreign keys are checked beneath row-level security, so a plain one would accept a parent that
    belongs to somebody else. This one carries the organization along; the parent needs a unique
    constraint over (organization, id).
    """

    violation_error_message = "This belongs to another organization."

    def __init__(self, *, field: str, name: str, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.field = field

    def constraint_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> str:
        assert schema_editor is not None
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Statement:
        assert model is not None
        assert schema_editor is not None
        field = model._meta.get_field(self.field)
        parent = field.related_model
        assert isinstance(field, models.ForeignKey)
        assert not isinstance(parent, str | None)
        return Statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s "
            "FOREIGN KEY (organization_id, %(column)s) REFERENCES %(parent)s (organization_id, id) "
            "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
            table=Table(model._meta.db_table, schema_editor.quote_name),
            name=schema_editor.quote_name(self.name),
            column=schema_editor.quote_name(field.column),
            parent=Table(parent._meta.db_table, schema_editor.quote_name),
        )

    def remove_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Statement:
        assert model is not None
        assert schema_editor is not None
        return Statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT IF EXISTS %(name)s",
            table=Table(model._meta.db_table, schema_editor.quote_name),
            name=schema_editor.quote_name(self.name),
        )

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Hold in the database only."""

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "field": self.field}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SameOrganization):
            return NotImplemented
        return self.deconstruct() == other.deconstruct()

    __hash__ = None  # type: ignore[assignment]

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

# Roles belong to the whole cluster: another database's migration may have made them already.
# Default privileges cover the framework's own tables (people, sessions); tenant tables say their
# rights beside their policy.
ROLES = """
DO $$
DECLARE role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['ledgerport_app', 'ledgerport_system'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', role_name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    IF NOT pg_has_role(current_user, role_name, 'USAGE') THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', role_name);
    END IF;
  END LOOP;
END $$;
GRANT USAGE ON SCHEMA public TO ledgerport_app, ledgerport_system;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO ledgerport_app;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(ROLES, reverse_sql=migrations.RunSQL.noop),
        TrigramExtension(),
    ]

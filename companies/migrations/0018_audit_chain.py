"""Chain each organization's audit log by hashes, those entries that are there in their order."""

from django.db import migrations, models

#: All that an entry says, in one text. Not `actor_id`: it is emptied when an account is removed.
HASH = """
CREATE FUNCTION companies_audit_hash(previous text, place bigint, entry companies_auditentry)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
  SELECT encode(sha256(convert_to(jsonb_build_array(
    previous, place, entry.id, entry.organization_id,
    (extract(epoch FROM entry.at) * 1000000)::bigint,
    entry.actor_kind, entry.actor_name, entry.actor_key_id,
    entry.action, entry.kind, entry.object_id, entry.label, entry.before, entry.after
  )::text, 'UTF8')), 'hex')
$$
"""

#: Nobody chooses an entry's place.
UNPLACED = """
CREATE FUNCTION companies_audit_unplaced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.sequence := NULL;
  NEW.hash := '';
  RETURN NEW;
END $$;
CREATE TRIGGER audit_unplaced BEFORE INSERT ON companies_auditentry
  FOR EACH ROW EXECUTE FUNCTION companies_audit_unplaced()
"""

#: Carried out by the commit, when all other locks are held already: nothing waits for this one that
#: this one could wait for. (Its name comes after those of the foreign keys' triggers.) The owner
#: writes it, since the app's role may not update; it sees no more than the entry's organization.
CHAIN = """
CREATE FUNCTION companies_audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  entered text := coalesce(current_setting('app.organization', true), '');
  latest record;
BEGIN
  PERFORM set_config('app.organization', NEW.organization_id::text, true);
  PERFORM pg_advisory_xact_lock(hashtextextended('audit log ' || NEW.organization_id, 0));
  SELECT sequence, hash INTO latest FROM companies_auditentry
    WHERE organization_id = NEW.organization_id AND sequence IS NOT NULL
    ORDER BY sequence DESC LIMIT 1;
  UPDATE companies_auditentry AS entry
    SET sequence = coalesce(latest.sequence, 0) + 1,
        hash = companies_audit_hash(
          coalesce(latest.hash, ''), coalesce(latest.sequence, 0) + 1, entry
        )
    WHERE id = NEW.id AND organization_id = NEW.organization_id;
  PERFORM set_config('app.organization', entered, true);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit_chain AFTER INSERT ON companies_auditentry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION companies_audit_chain()
"""

#: One pass, in which each hash is made of the one before.
FILL = """
ALTER TABLE companies_auditentry NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  row companies_auditentry;
  organization uuid;
  place bigint;
  last_hash text;
BEGIN
  FOR row IN SELECT * FROM companies_auditentry ORDER BY organization_id, at, id LOOP
    IF row.organization_id IS DISTINCT FROM organization THEN
      organization := row.organization_id;
      place := 0;
      last_hash := '';
    END IF;
    place := place + 1;
    last_hash := companies_audit_hash(last_hash, place, row);
    UPDATE companies_auditentry SET sequence = place, hash = last_hash WHERE id = row.id;
  END LOOP;
END $$;
ALTER TABLE companies_auditentry FORCE ROW LEVEL SECURITY
"""

UNCHAIN = """
DROP TRIGGER audit_chain ON companies_auditentry;
DROP TRIGGER audit_unplaced ON companies_auditentry;
DROP FUNCTION companies_audit_chain(), companies_audit_unplaced();
DROP FUNCTION companies_audit_hash(text, bigint, companies_auditentry)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0017_removed_organizations_and_lapses"),
    ]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="sequence",
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="hash",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=64
            ),
        ),
        migrations.RunSQL([HASH, FILL, UNPLACED, CHAIN], reverse_sql=UNCHAIN),
        migrations.AddConstraint(
            model_name="auditentry",
            constraint=models.UniqueConstraint(
                fields=("organization", "sequence"), name="audit_one_in_each_place"
            ),
        ),
    ]

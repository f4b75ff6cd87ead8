"""The refusal that append-only tables of all apps share, and the hash chain of the audit log."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations

from core.migration_operations import MakeAppendOnly

REFUSE = """
CREATE FUNCTION loggia_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""

# The head of each chain; only the trigger below, as the owner, writes it.
HEADS = """
CREATE TABLE core_auditchain (
  chain varchar(40) PRIMARY KEY, sequence bigint NOT NULL, hash varchar(64) NOT NULL
);
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON core_auditchain FROM "%(app)s", "%(worker)s";
"""

CHAIN = """
CREATE FUNCTION loggia_audit_hash(event core_auditevent) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT encode(sha256(convert_to(jsonb_build_array(
    event.previous_hash, event.chain, event.sequence, extract(epoch FROM event.at), event.action,
    event.actor_id, event.actor_label, event.is_automated, event.workspace_id, event.subject_type,
    event.subject_id, event.reason, event.data)::text, 'UTF8')), 'hex')
$$;

CREATE FUNCTION loggia_audit_link() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE head core_auditchain;
BEGIN
  INSERT INTO core_auditchain VALUES (NEW.chain, 0, '') ON CONFLICT DO NOTHING;
  SELECT * INTO head FROM core_auditchain WHERE chain = NEW.chain FOR UPDATE;
  NEW.sequence := head.sequence + 1;
  NEW.previous_hash := head.hash;
  NEW.hash := loggia_audit_hash(NEW);
  UPDATE core_auditchain SET sequence = NEW.sequence, hash = NEW.hash WHERE chain = NEW.chain;
  RETURN NEW;
END $$;
CREATE TRIGGER core_auditevent_link BEFORE INSERT ON core_auditevent
  FOR EACH ROW EXECUTE FUNCTION loggia_audit_link();

CREATE FUNCTION loggia_audit_faults(only_chain text)
RETURNS TABLE (chain varchar, sequence bigint, what text) LANGUAGE sql STABLE AS $$
  WITH rows AS (
    SELECT e.chain, e.sequence, e.hash, e.previous_hash, loggia_audit_hash(e) AS expected,
           lag(e.sequence, 1, 0::bigint) OVER w AS before, lag(e.hash, 1, '') OVER w AS hash_before
    FROM core_auditevent e WHERE only_chain IS NULL OR e.chain = only_chain
    WINDOW w AS (PARTITION BY e.chain ORDER BY e.sequence)
  ), faults AS (
    SELECT r.chain, r.sequence, CASE
      WHEN r.sequence <> r.before + 1 THEN 'rows are missing before it'
      WHEN r.previous_hash <> r.hash_before THEN 'it does not follow the row before it'
      WHEN r.hash <> r.expected THEN 'it was changed' END AS what
    FROM rows r
    UNION ALL
    SELECT h.chain, h.sequence, 'rows are missing at the end' FROM core_auditchain h
    WHERE (only_chain IS NULL OR h.chain = only_chain) AND h.sequence > COALESCE(
      (SELECT max(e.sequence) FROM core_auditevent e WHERE e.chain = h.chain), 0)
  )
  SELECT DISTINCT ON (f.chain) f.chain, f.sequence, f.what FROM faults f
  WHERE f.what IS NOT NULL ORDER BY f.chain, f.sequence
$$;
"""

DROP_CHAIN = """
DROP FUNCTION loggia_audit_faults(text);
DROP TRIGGER core_auditevent_link ON core_auditevent;
DROP FUNCTION loggia_audit_link();
DROP FUNCTION loggia_audit_hash(core_auditevent);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0002_isolation")]

    operations: ClassVar = [
        migrations.RunSQL(REFUSE, "DROP FUNCTION loggia_refuse_change()"),
        migrations.RunSQL(HEADS % settings.DATABASE_ROLES, "DROP TABLE core_auditchain"),
        migrations.RunSQL(CHAIN, DROP_CHAIN),
        MakeAppendOnly("core_auditevent"),
    ]

"""The audit log with its chain trigger, and the functions that policies and triggers share."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.scope import append_only, row_level_security

FUNCTIONS = """
CREATE FUNCTION loggia_user_id() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT NULLIF(current_setting('loggia.user_id', true), '')::bigint $$;
CREATE FUNCTION loggia_workspace_ids() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT COALESCE(NULLIF(current_setting('loggia.workspace_ids', true), ''), '{}')::bigint[] $$;
CREATE FUNCTION loggia_admin_workspace_ids() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT COALESCE(NULLIF(current_setting('loggia.admin_workspace_ids', true), ''), '{}')::bigint[] $$;
CREATE FUNCTION loggia_has_staff(role text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT role = ANY(COALESCE(NULLIF(current_setting('loggia.staff', true), ''), '{}')::text[]) $$;
CREATE FUNCTION loggia_is_system() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT COALESCE(current_setting('loggia.system', true), '') <> ''
      AND pg_has_role(current_user, '%(worker)s', 'USAGE') $$;
CREATE FUNCTION loggia_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""

CHAIN = """
CREATE TABLE core_auditchain (
  chain varchar(40) PRIMARY KEY, sequence bigint NOT NULL, hash varchar(64) NOT NULL
);
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON core_auditchain FROM "%(app)s", "%(worker)s";

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

ROLES = settings.DATABASE_ROLES
SEEN = (
    "workspace_id = ANY((SELECT loggia_admin_workspace_ids())::bigint[])"
    " OR actor_id = (SELECT loggia_user_id())"
    " OR (workspace_id IS NULL AND (SELECT loggia_has_staff('operator')))"
)
# Anybody with a scope may add an event; who may read it is another matter.
WRITTEN = "(SELECT loggia_user_id()) IS NOT NULL AND actor_id = (SELECT loggia_user_id()) OR actor_id IS NULL"


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations: ClassVar = [
        migrations.RunSQL(FUNCTIONS % ROLES, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("chain", models.CharField(max_length=40)),
                ("sequence", models.BigIntegerField(default=0)),
                ("at", models.DateTimeField()),
                ("action", models.CharField(max_length=80)),
                (
                    "actor",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("actor_label", models.CharField(max_length=254)),
                ("is_automated", models.BooleanField()),
                ("workspace_id", models.BigIntegerField(null=True)),
                ("subject_type", models.CharField(max_length=60)),
                ("subject_id", models.CharField(max_length=64)),
                ("reason", models.TextField(blank=True)),
                ("data", models.JSONField(default=dict)),
                ("previous_hash", models.CharField(default="", max_length=64)),
                ("hash", models.CharField(default="", max_length=64)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["workspace_id", "-id"], name="core_audit_workspace"),
                    models.Index(fields=["subject_type", "subject_id", "-id"], name="core_audit_subject"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=["chain", "sequence"], name="core_audit_chain_sequence")
                ],
            },
        ),
        migrations.RunSQL(CHAIN % ROLES, migrations.RunSQL.noop),
        *append_only("core_auditevent"),
        *row_level_security("core_auditevent", using=SEEN, check=WRITTEN),
    ]

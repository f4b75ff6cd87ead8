"""Indexes for the filters of a long audit log, and a table of the ids that its events name."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations, models

from core.migration_operations import (
    NOBODY,
    SEARCH_PATH,
    MakeAppendOnly,
    SetRowPolicies,
    automatic_id,
    has_staff_role,
    in_administered_workspaces,
    in_own_workspaces,
)

STAFF = " OR ".join(has_staff_role(role) for role in ("moderator", "finance", "operator"))

# Numbers and UUIDs under a name of their own, or before or after a change.
MENTIONS = f"""
CREATE FUNCTION core_mentions_of(data jsonb) RETURNS TABLE (name text, value text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
  SELECT DISTINCT found.name, found.part #>> '{{}}'
    FROM (
      SELECT e.key, e.value FROM jsonb_each(data) e
      UNION ALL
      SELECT c.key, side.value
        FROM jsonb_each(
               CASE jsonb_typeof(data -> 'changes') WHEN 'object' THEN data -> 'changes' ELSE '{{}}' END) c,
             jsonb_array_elements(CASE jsonb_typeof(c.value) WHEN 'array' THEN c.value ELSE '[]' END) side
    ) found (name, part)
   WHERE jsonb_typeof(found.part) IN ('number', 'string') AND length(found.name) <= 60
     AND found.part #>> '{{}}' ~ '^([0-9]{{1,18}}|[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})$'
$$;

CREATE FUNCTION core_keep_mentions() RETURNS trigger LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
BEGIN
  INSERT INTO core_auditmention (event_id, workspace_id, name, value)
  SELECT NEW.id, NEW.workspace_id, m.name, m.value FROM core_mentions_of(NEW.data) m;
  RETURN NULL;
END $$;
"""  # noqa: S608 - a constant
# The lock lasts to the end: no event is written meanwhile, about two minutes for a million of them.
FORMER_EVENTS = """
SET LOCAL lock_timeout = '10s';
ALTER TABLE core_auditevent NO FORCE ROW LEVEL SECURITY;
INSERT INTO core_auditmention (event_id, workspace_id, name, value)
SELECT e.id, e.workspace_id, m.name, m.value FROM core_auditevent e, core_mentions_of(e.data) m;
ALTER TABLE core_auditevent FORCE ROW LEVEL SECURITY;
CREATE TRIGGER core_auditevent_mentions AFTER INSERT ON core_auditevent
  FOR EACH ROW WHEN (NEW.data <> '{}') EXECUTE FUNCTION core_keep_mentions();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("core", "0008_instance_settings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="AuditMention",
            fields=[
                automatic_id(),
                ("event_id", models.BigIntegerField()),
                ("workspace_id", models.BigIntegerField(null=True)),
                ("name", models.CharField(max_length=60)),
                ("value", models.CharField(max_length=36)),
            ],
        ),
        migrations.RunSQL(
            MENTIONS, "DROP FUNCTION core_keep_mentions(); DROP FUNCTION core_mentions_of(jsonb);"
        ),
        # Before there are policies: the owner of the tables has no scope while it migrates.
        migrations.RunSQL(FORMER_EVENTS, "DROP TRIGGER core_auditevent_mentions ON core_auditevent"),
        migrations.AddIndex(
            model_name="auditmention",
            index=models.Index(
                fields=["workspace_id", "value", "name", "-event_id"], name="core_auditmention_found"
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["workspace_id", "action", "-id"], name="core_audit_action"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["workspace_id", "subject_type", "-id"], name="core_audit_kind"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["workspace_id", "actor", "-id"], name="core_audit_actor"),
        ),
        SetRowPolicies(
            "core_auditmention",
            read=(
                f"{in_administered_workspaces('workspace_id')}"
                f" OR (workspace_id IS NULL AND {has_staff_role('operator')})"
            ),
            add=f"workspace_id IS NULL OR {in_own_workspaces('workspace_id')} OR {STAFF}",
            change=NOBODY,
            remove=NOBODY,
        ),
        MakeAppendOnly("core_auditmention"),
    ]

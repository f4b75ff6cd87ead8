"""What each company's private store lists, in one narrow table that triggers keep."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from core.migration_operations import (
    SEARCH_PATH,
    SetRowPolicies,
    automatic_id,
    has_staff_role,
    in_own_workspaces,
)

INSIDE = in_own_workspaces("workspace_id")
MODERATOR, OPERATOR = map(has_staff_role, ("moderator", "operator"))
# As who may change a GPT and its live versions: their changes keep these rows.
OWNER = f"({MODERATOR} OR {OPERATOR} OR gpts_gpt_is_owned(gpt_id))"
WRITER = f"({OPERATOR} OR gpts_gpt_is_writable(gpt_id))"
CATEGORIES = [
    ("writing", "Writing"),
    ("productivity", "Productivity"),
    ("research-analysis", "Research & Analysis"),
    ("programming", "Programming"),
    ("education", "Education"),
    ("lifestyle", "Lifestyle"),
    ("other", "Other"),
]
# Of the GPT's own workspace, whoever writes the row.
FITS = "gpts_share_fits(gpt_id, workspace_id, NULL)"

# A row of the table without its id, for each GPT that is live for its workspace.
LISTED = """
  SELECT l.gpt_id, g.workspace_id, g.recent_members, l.since, v.name, v.description, v.icon, v.category,
         upper(v.name || E'\\n' || v.description) AS text
    FROM gpts_liveversion l
    JOIN gpts_version v ON v.id = l.version_id
    JOIN gpts_gpt g ON g.id = l.gpt_id
   WHERE l.audience = 'workspace' AND g.deleted_at IS NULL AND g.quarantined_at IS NULL
"""
COLUMNS = "gpt_id, workspace_id, recent_members, since, name, description, icon, category, text"
KEEP = f"""
CREATE FUNCTION gpts_keep_private_listing(key bigint) RETURNS void LANGUAGE plpgsql
SET search_path = {SEARCH_PATH} AS $$
DECLARE listing record;
BEGIN
  SELECT * INTO listing FROM ({LISTED}) listed WHERE listed.gpt_id = key;
  IF NOT FOUND THEN
    DELETE FROM gpts_privatelisting WHERE gpt_id = key;
    RETURN;
  END IF;
  UPDATE gpts_privatelisting p
     SET workspace_id = listing.workspace_id, recent_members = listing.recent_members, since = listing.since,
         name = listing.name, description = listing.description, icon = listing.icon,
         category = listing.category, text = listing.text
   WHERE p.gpt_id = key;
  IF NOT FOUND THEN
    INSERT INTO gpts_privatelisting ({COLUMNS})
    VALUES (key, listing.workspace_id, listing.recent_members, listing.since, listing.name,
            listing.description, listing.icon, listing.category, listing.text);
  END IF;
END $$;

CREATE FUNCTION gpts_note_live_inside() RETURNS trigger LANGUAGE plpgsql
SET search_path = {SEARCH_PATH} AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.audience = 'workspace' THEN
    PERFORM gpts_keep_private_listing(OLD.gpt_id);
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.audience = 'workspace' THEN
    PERFORM gpts_keep_private_listing(NEW.gpt_id);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER gpts_liveversion_listed_inside AFTER INSERT OR UPDATE OR DELETE ON gpts_liveversion
  FOR EACH ROW EXECUTE FUNCTION gpts_note_live_inside();

CREATE FUNCTION gpts_note_listed_gpt() RETURNS trigger LANGUAGE plpgsql
SET search_path = {SEARCH_PATH} AS $$
BEGIN
  PERFORM gpts_keep_private_listing(NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER gpts_gpt_listed_inside
  AFTER UPDATE OF workspace_id, recent_members, deleted_at, quarantined_at ON gpts_gpt
  FOR EACH ROW WHEN (
    OLD.workspace_id <> NEW.workspace_id OR OLD.recent_members <> NEW.recent_members
    OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at
    OR OLD.quarantined_at IS DISTINCT FROM NEW.quarantined_at)
  EXECUTE FUNCTION gpts_note_listed_gpt();

-- Only an erasure changes a version.
CREATE FUNCTION gpts_note_listed_version() RETURNS trigger LANGUAGE plpgsql
SET search_path = {SEARCH_PATH} AS $$
BEGIN
  PERFORM gpts_keep_private_listing(NEW.gpt_id);
  RETURN NULL;
END $$;
CREATE TRIGGER gpts_version_listed_inside AFTER UPDATE OF name, description, icon ON gpts_version
  FOR EACH ROW EXECUTE FUNCTION gpts_note_listed_version();
"""  # noqa: S608 - a constant
FORGET = """
DROP FUNCTION gpts_note_listed_version() CASCADE;
DROP FUNCTION gpts_note_listed_gpt() CASCADE;
DROP FUNCTION gpts_note_live_inside() CASCADE;
DROP FUNCTION gpts_keep_private_listing(bigint);
"""
# In the order in which services lock them: publishing meanwhile waits instead of ending in a deadlock.
LOCK = """
SET LOCAL lock_timeout = '10s';
LOCK TABLE gpts_gpt, gpts_version, gpts_liveversion IN ACCESS EXCLUSIVE MODE;
"""
# Before the table has policies; the others are lifted: the owner of the tables has no scope in a migration.
TABLES = ("gpts_liveversion", "gpts_version", "gpts_gpt")
FILL = "".join(
    (
        *(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;\n" for table in TABLES),
        f"INSERT INTO gpts_privatelisting ({COLUMNS}) {LISTED};\n",
        *(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;\n" for table in TABLES),
    )
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0039_counted_use"), ("workspaces", "0021_grace_notices")]

    operations: ClassVar = [
        migrations.RunSQL(LOCK, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="PrivateListing",
            fields=[
                automatic_id(),
                (
                    "gpt",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="gpts.gpt"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workspaces.workspace",
                        db_index=False,
                    ),
                ),
                ("recent_members", models.PositiveIntegerField()),
                ("since", models.DateTimeField()),
                ("name", models.CharField(max_length=50)),
                ("description", models.CharField(max_length=300)),
                ("icon", models.CharField(max_length=100)),
                ("category", models.CharField(choices=CATEGORIES, max_length=20)),
                ("text", models.TextField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["workspace", "-recent_members", "-gpt"], name="gpts_privatelisting_order"
                    )
                ],
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        SetRowPolicies(
            "gpts_privatelisting",
            read=f"{INSIDE} OR {MODERATOR} OR {OPERATOR}",
            add=f"{OWNER} AND {FITS}",
            change=WRITER,
            change_to=f"{WRITER} AND {FITS}",
            remove=OWNER,
            refers={"gpt_id": "gpts_gpt"},
        ),
        migrations.RunSQL(KEEP, FORGET),
        # The private store was sorted by it.
        migrations.RemoveIndex(model_name="gpt", name="gpts_gpt_used_inside"),
    ]

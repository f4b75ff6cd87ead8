"""Editors write live versions only by updating what is live inside the company; transfers know former owners."""
# ruff: noqa: E501 - conditions in readable lines

from __future__ import annotations

from typing import ClassVar

import django.contrib.postgres.fields
from django.db import migrations, models

from core.migration_operations import SEARCH_PATH, in_administered_workspaces, is_person

SYSTEM = "(SELECT loggia_is_system())"
OWNED = f"{SYSTEM} OR (SELECT loggia_has_staff('moderator')) OR gpts_gpt_is_owned(gpt_id)"
INSIDE = "(gpts_gpt_is_edited(gpt_id) AND audience IN ('shared', 'unlisted', 'workspace'))"
EDITED = f"{OWNED} OR {INSIDE}"
FORMER = f"{SYSTEM} OR gpts_gpt_is_writable(gpt_id)"
# The version must be one that the person sees, or the row is the system's.
VERSION = f"({SYSTEM} OR version_id IS NULL OR gpts_version_is_seen(version_id))"

POLICIES = f"""
ALTER POLICY gpts_liveversion_insert ON gpts_liveversion WITH CHECK (({OWNED}) AND {VERSION});
ALTER POLICY gpts_liveversion_update ON gpts_liveversion USING ({EDITED}) WITH CHECK (({EDITED}) AND {VERSION});
ALTER POLICY gpts_liveversion_delete ON gpts_liveversion USING ({OWNED});
ALTER POLICY gpts_pastversion_insert ON gpts_pastversion WITH CHECK (({EDITED}) AND {VERSION});
ALTER POLICY gpts_pastversion_update ON gpts_pastversion USING ({OWNED}) WITH CHECK (({OWNED}) AND {VERSION});
ALTER POLICY gpts_pastversion_delete ON gpts_pastversion USING ({OWNED});

CREATE FUNCTION gpts_keep_audience() RETURNS trigger LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
BEGIN
  IF NOT (loggia_is_system() OR loggia_has_staff('moderator')
          OR gpts_gpt_is_owned(OLD.gpt_id) AND gpts_gpt_is_owned(NEW.gpt_id))
  THEN
    RAISE EXCEPTION 'an editor changes the version of an audience only' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER gpts_liveversion_owners_part BEFORE UPDATE OF gpt_id, audience, is_paused ON gpts_liveversion
  FOR EACH ROW WHEN (
    OLD.gpt_id IS DISTINCT FROM NEW.gpt_id OR OLD.audience IS DISTINCT FROM NEW.audience
    OR OLD.is_paused IS DISTINCT FROM NEW.is_paused)
  EXECUTE FUNCTION gpts_keep_audience();
"""
FORMER_POLICIES = "".join(
    f"""
ALTER POLICY {table}_insert ON {table} WITH CHECK (({FORMER}) AND {VERSION});
ALTER POLICY {table}_update ON {table} USING ({FORMER}) WITH CHECK (({FORMER}) AND {VERSION});
ALTER POLICY {table}_delete ON {table} USING ({FORMER});
"""
    for table in ("gpts_liveversion", "gpts_pastversion")
)

# Whoever asked takes an open request back, which stays as a withdrawn one.
ADMIN = in_administered_workspaces("workspace_id")
OWN = is_person("requested_by_id")
WITHDRAWAL = f"""
ALTER POLICY gpts_adoptionrequest_update ON gpts_adoptionrequest
  USING ({SYSTEM} OR {ADMIN} OR ({OWN} AND state = 'open'))
  WITH CHECK ({SYSTEM} OR {ADMIN} OR ({OWN} AND state = 'withdrawn'));
ALTER POLICY gpts_adoptionrequest_delete ON gpts_adoptionrequest USING ({SYSTEM});
"""
FORMER_WITHDRAWAL = f"""
ALTER POLICY gpts_adoptionrequest_update ON gpts_adoptionrequest
  USING ({SYSTEM} OR {ADMIN}) WITH CHECK ({SYSTEM} OR {ADMIN});
ALTER POLICY gpts_adoptionrequest_delete ON gpts_adoptionrequest USING ({SYSTEM} OR {OWN});
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0030_adoptions")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="gpttransfer",
            name="owner_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), db_default=[], default=list, size=None
            ),
        ),
        migrations.AlterField(
            model_name="adoptionrequest",
            name="state",
            field=models.CharField(
                choices=[
                    ("open", "Waiting for an admin"),
                    ("approved", "Approved"),
                    ("refused", "Refused"),
                    ("withdrawn", "Taken back"),
                ],
                default="open",
                max_length=9,
            ),
        ),
        migrations.RunSQL(WITHDRAWAL, FORMER_WITHDRAWAL),
        migrations.RunSQL(POLICIES, FORMER_POLICIES + "DROP FUNCTION gpts_keep_audience() CASCADE;"),
    ]

"""GPTs whose account or workspace was deleted, and the one change of their versions that is let through."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations, models

REFUSE = """
CREATE FUNCTION loggia_refuse_version_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE emptied gpts_version;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    emptied := OLD;
    emptied.name := 'Deleted GPT';
    emptied.description := '';
    emptied.instructions := '';
    emptied.starters := '{}';
    emptied.icon := '';
    emptied.language_model_id := NULL;
    emptied.model_name := '';
    emptied.output_schema := NULL;
    emptied.allowed_models := '{}';
    emptied.no_answer_text := '';
    emptied.release_notes := '';
    IF NEW IS NOT DISTINCT FROM emptied
       AND EXISTS (SELECT 1 FROM gpts_gpt WHERE id = OLD.gpt_id AND erased_at IS NOT NULL) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER gpts_version_append_only ON gpts_version;
CREATE TRIGGER gpts_version_append_only BEFORE UPDATE OR DELETE ON gpts_version
  FOR EACH ROW EXECUTE FUNCTION loggia_refuse_version_change();
GRANT UPDATE (name, description, instructions, starters, icon, language_model_id, model_name, output_schema,
              allowed_models, no_answer_text, release_notes) ON gpts_version TO "%(worker)s";
"""
UNDO = """
REVOKE UPDATE (name, description, instructions, starters, icon, language_model_id, model_name, output_schema,
               allowed_models, no_answer_text, release_notes) ON gpts_version FROM "%(worker)s";
DROP TRIGGER gpts_version_append_only ON gpts_version;
CREATE TRIGGER gpts_version_append_only BEFORE UPDATE OR DELETE ON gpts_version
  FOR EACH ROW EXECUTE FUNCTION loggia_refuse_change();
DROP FUNCTION loggia_refuse_version_change();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0012_row_policies")]

    operations: ClassVar = [
        migrations.AddField("gpt", "erased_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunSQL(REFUSE % settings.DATABASE_ROLES, UNDO % settings.DATABASE_ROLES),
    ]

"""A GPT that an admin blocks in its own company's store, with the reason."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

from core.migration_operations import SEARCH_PATH

# The owner cannot lift the block, nor can an editor.
TRIGGER = f"""
CREATE FUNCTION gpts_keep_block() RETURNS trigger LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
BEGIN
  IF NOT (loggia_is_system() OR OLD.workspace_id = ANY(loggia_admin_workspace_ids())) THEN
    RAISE EXCEPTION 'only admins block a GPT of their workspace' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER gpts_gpt_admins_part BEFORE UPDATE OF blocked_at, block_reason ON gpts_gpt
  FOR EACH ROW WHEN (
    OLD.blocked_at IS DISTINCT FROM NEW.blocked_at OR OLD.block_reason IS DISTINCT FROM NEW.block_reason)
  EXECUTE FUNCTION gpts_keep_block();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0035_publishing")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="gpt", name="blocked_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="gpt",
            name="block_reason",
            field=models.CharField(blank=True, db_default="", max_length=300),
        ),
        migrations.AddConstraint(
            model_name="gpt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("block_reason", ""), ("blocked_at__isnull", True)),
                    models.Q(("blocked_at__isnull", False), models.Q(("block_reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="gpts_gpt_block_has_reason",
            ),
        ),
        migrations.RunSQL(TRIGGER, "DROP FUNCTION gpts_keep_block() CASCADE;"),
    ]

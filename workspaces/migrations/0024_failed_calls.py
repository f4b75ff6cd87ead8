"""What operators read of failed calls to other hosts: neither address nor error text."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

from core.migration_operations import SEARCH_PATH, has_staff_role, in_own_workspaces, is_person

OPERATOR = has_staff_role("operator")
# As 0006 set it.
FORMER = (
    f"{in_own_workspaces('workspace_id')} OR {is_person('requested_by_id')}"
    f" OR (workspace_id IS NULL AND {OPERATOR})"
)
# The function below writes the setting, and only its columns leave it.
ASKED = (
    f"{OPERATOR} AND state = 'failed'"
    " AND (SELECT NULLIF(current_setting('loggia.failed_calls', true), '')) = 'yes'"
)
DOOR = f"""
CREATE FUNCTION workspaces_failed_calls(since timestamptz, only_id uuid, most integer)
RETURNS TABLE (id uuid, kind varchar, error_code varchar, attempts integer, created_at timestamptz,
               ended_at timestamptz)
LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
BEGIN
  PERFORM set_config('loggia.failed_calls', 'yes', true);
  RETURN QUERY
    SELECT j.id, j.kind, j.error_code, j.attempts::integer, j.created_at, j.ended_at
      FROM workspaces_outboundjob j
     WHERE j.state = 'failed' AND (loggia_is_system() OR loggia_has_staff('operator'))
       AND (since IS NULL OR j.ended_at >= since) AND (only_id IS NULL OR j.id = only_id)
     ORDER BY j.ended_at DESC LIMIT most;
  PERFORM set_config('loggia.failed_calls', '', true);
END $$;
"""  # noqa: S608 - a constant


def set_reading(condition: str) -> str:
    return (
        "ALTER POLICY workspaces_outboundjob_select ON workspaces_outboundjob"
        f" USING ((SELECT loggia_is_system()) OR ({condition}))"
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0023_deletion_reminders")]

    operations: ClassVar = [
        migrations.RunSQL(set_reading(f"{FORMER} OR ({ASKED})"), set_reading(FORMER)),
        migrations.RunSQL(DOOR, "DROP FUNCTION workspaces_failed_calls(timestamptz, uuid, integer)"),
        migrations.AddIndex(
            model_name="outboundjob",
            index=models.Index(
                fields=["-ended_at"], condition=models.Q(state="failed"), name="workspaces_outboundjob_failed"
            ),
        ),
    ]

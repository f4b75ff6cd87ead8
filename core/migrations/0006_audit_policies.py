"""Audit events name the person who acts, and stand in the log of a workspace that is theirs."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import (
    NOBODY,
    SEARCH_PATH,
    SetRowPolicies,
    has_staff_role,
    in_administered_workspaces,
    in_own_workspaces,
    is_person,
)

STAFF = " OR ".join(has_staff_role(role) for role in ("moderator", "finance", "operator"))
READ = (
    f"{in_administered_workspaces('workspace_id')} OR {is_person('actor_id')}"
    f" OR (workspace_id IS NULL AND {has_staff_role('operator')})"
)
# Only a system scope may speak as a machine. A visitor has no name, but is no machine.
ACTOR = "NOT is_automated AND actor_id IS NOT DISTINCT FROM (SELECT loggia_user_id())"
CHAIN = "chain = CASE WHEN workspace_id IS NULL THEN 'platform' ELSE 'workspace:' || workspace_id END"
PLACE = f"workspace_id IS NULL OR {in_own_workspaces('workspace_id')} OR {STAFF}"
# For KeepTenant of all apps.
REFUSE_MOVE = f"""
CREATE FUNCTION loggia_refuse_move() RETURNS trigger LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
BEGIN
  IF NOT loggia_is_system() THEN
    RAISE EXCEPTION 'a row of % stays with whom it belongs to', TG_TABLE_NAME
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0005_require_scope")]

    operations: ClassVar = [
        migrations.RunSQL(REFUSE_MOVE, "DROP FUNCTION loggia_refuse_move()"),
        SetRowPolicies(
            "core_auditevent",
            read=READ,
            add=f"({ACTOR}) AND ({CHAIN}) AND ({PLACE})",
            change=NOBODY,
            remove=NOBODY,
            instead_of="core.migrations.0002_isolation",
        ),
    ]

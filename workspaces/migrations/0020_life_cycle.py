"""Workspaces that are read only, and those that are going to be deleted."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

from core.migration_operations import SEARCH_PATH

# The rules of each person, as before; "archived" is among the closed acts of a workspace that is archived.
FUNCTION = """
CREATE OR REPLACE FUNCTION workspaces_policies_of(people bigint[], only_in bigint)
RETURNS TABLE (person_id bigint, workspace_id bigint, name text, slug text, kind text, role text,
               group_ids bigint[], revision integer, closed text[], rules text)
LANGUAGE plpgsql SET search_path = {path} AS $$
#variable_conflict use_column
DECLARE
  user_before text := COALESCE(current_setting('loggia.user_id', true), '');
  ids_before text := COALESCE(current_setting('loggia.workspace_ids', true), '');
  one bigint;
  ids bigint[];
BEGIN
  FOREACH one IN ARRAY people LOOP
    PERFORM set_config('loggia.user_id', one::text, true), set_config('loggia.workspace_ids', '{{}}', true);
    IF only_in IS NULL THEN
      SELECT COALESCE(array_agg(m.workspace_id), '{{}}') INTO ids
        FROM workspaces_member m JOIN workspaces_workspace w ON w.id = m.workspace_id
       WHERE m.user_id = one AND w.suspended_at IS NULL;
    ELSE
      ids := ARRAY[only_in];
    END IF;
    PERFORM set_config('loggia.workspace_ids', ids::text, true);
    RETURN QUERY
      WITH own AS MATERIALIZED (
        SELECT w.id, w.name::text, w.slug::text, w.kind::text, COALESCE(m.role, '')::text AS role,
               ARRAY(SELECT g.group_id FROM workspaces_groupmember g WHERE g.member_id = m.id) AS groups
               {column}
          FROM workspaces_workspace w
          LEFT JOIN workspaces_member m ON m.workspace_id = w.id AND m.user_id = one
         WHERE w.id = ANY(ids)
      )
      SELECT one, o.id, o.name, o.slug, o.kind, o.role, o.groups, p.revision, {closed},
             (SELECT json_agg(json_build_array(
                       r.act, r.subject_kind, COALESCE(r.group_id::text, r.person_id::text, r.role),
                       r.target_kind, r.target_value, r.effect))::text
                FROM workspaces_policyrule r
               WHERE r.workspace_id = o.id
                 AND (r.subject_kind = 'everyone' OR r.person_id = one OR r.group_id = ANY(o.groups)
                      OR (r.subject_kind = 'role' AND r.role = o.role)))
        FROM own o LEFT JOIN workspaces_sharingpolicy p ON p.workspace_id = o.id
       ORDER BY o.name, o.id;
  END LOOP;
  PERFORM set_config('loggia.user_id', user_before, true),
          set_config('loggia.workspace_ids', ids_before, true);
END $$;
"""
WITH_ARCHIVED = FUNCTION.format(
    path=SEARCH_PATH,
    column=", w.archived_at IS NOT NULL AS archived",
    closed=(
        "CASE WHEN o.archived THEN p.closed_acts::text[] || 'archived'::text ELSE p.closed_acts::text[] END"
    ),
)
BEFORE = FUNCTION.format(path=SEARCH_PATH, column="", closed="p.closed_acts::text[]")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0019_saml")]

    operations: ClassVar = [
        migrations.AddField("workspace", "archived_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("workspace", "deletion_due_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddConstraint(
            "workspace",
            models.CheckConstraint(
                condition=models.Q(deletion_due_at__isnull=True) | models.Q(archived_at__isnull=False),
                name="workspaces_workspace_deletion_archived",
            ),
        ),
        migrations.RunSQL(WITH_ARCHIVED, BEFORE),
    ]

"""Rules of sharing policies and their history; the two former columns become rules."""

from __future__ import annotations

from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from core.migration_operations import (
    NOBODY,
    SEARCH_PATH,
    SetRowPolicies,
    automatic_id,
    has_staff_role,
    in_administered_workspaces,
    in_own_workspaces,
    is_person,
)

INSIDE = in_own_workspaces("workspace_id")
ADMIN = in_administered_workspaces("workspace_id")
MODERATOR = has_staff_role("moderator")

SUBJECTS = [("everyone", "everyone"), ("role", "role"), ("group", "group"), ("person", "person")]
ROLES = [("owner", "Owner"), ("admin", "Admin"), ("builder", "Builder"), ("member", "Member")]
TARGETS = [
    (kind, kind) for kind in ("any", "gpt", "approval", "model", "provider", "capability", "host", "group")
]
EFFECTS = [("allow", "allow"), ("deny", "deny")]

# "may_publish" said no to links and to the store; "external_gpts" was kept and never asked.
COPY = """
SELECT set_config('loggia.staff', '{moderator,operator}', true),
       set_config('loggia.admin_workspace_ids',
                  COALESCE((SELECT array_agg(id)::text FROM workspaces_workspace), '{}'), true);

INSERT INTO workspaces_policyrule
  (workspace_id, act, subject_kind, role, target_kind, target_value, effect)
SELECT p.workspace_id, new.act, 'everyone', '', new.target_kind, new.target_value, 'deny'
  FROM workspaces_sharingpolicy p
 CROSS JOIN LATERAL (
   SELECT 'share_by_link' AS act, 'any' AS target_kind, '' AS target_value WHERE NOT p.may_publish
   UNION ALL SELECT 'publish', 'any', '' WHERE NOT p.may_publish
   UNION ALL SELECT 'use_external', 'any', '' WHERE p.external_gpts = 'none'
   UNION ALL SELECT 'use_external', 'approval', 'unapproved' WHERE p.external_gpts = 'approved'
 ) new;

INSERT INTO workspaces_policyrevision (workspace_id, number, policy, note, created_at)
SELECT p.workspace_id, 1,
       jsonb_build_object('closed', '[]'::jsonb, 'rules', jsonb_agg(jsonb_build_object(
         'act', r.act, 'subject_kind', r.subject_kind, 'subject', '',
         'target_kind', r.target_kind, 'target', r.target_value, 'effect', r.effect))),
       '', p.updated_at
  FROM workspaces_sharingpolicy p JOIN workspaces_policyrule r ON r.workspace_id = p.workspace_id
 GROUP BY p.workspace_id, p.updated_at;

UPDATE workspaces_sharingpolicy SET revision = 1
 WHERE workspace_id IN (SELECT workspace_id FROM workspaces_policyrevision);

SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
SELECT set_config('loggia.staff', '', true), set_config('loggia.admin_workspace_ids', '', true);
"""

# What decides for people, in each workspace of theirs or only in one: also in a scope that does not show it,
# such as that of an API key, of moderation, or of the recheck of what many people run. Only the rules that
# concern the person; a workspace without a policy has no revision.
DOOR = f"""
CREATE FUNCTION workspaces_policies_of(people bigint[], only_in bigint)
RETURNS TABLE (person_id bigint, workspace_id bigint, name text, slug text, kind text, role text,
               group_ids bigint[], revision integer, closed text[], rules text)
LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
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
          FROM workspaces_workspace w
          LEFT JOIN workspaces_member m ON m.workspace_id = w.id AND m.user_id = one
         WHERE w.id = ANY(ids)
      )
      SELECT one, o.id, o.name, o.slug, o.kind, o.role, o.groups, p.revision, p.closed_acts::text[],
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

-- Revisions are deleted with their workspace, so that they are not append-only like the audit log.
CREATE FUNCTION workspaces_refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RAISE EXCEPTION 'revisions of a policy are never changed' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER workspaces_policyrevision_stays BEFORE UPDATE ON workspaces_policyrevision
  FOR EACH ROW EXECUTE FUNCTION workspaces_refuse_rewriting();
"""  # noqa: S608 - a constant
CLOSE_DOOR = """
DROP TRIGGER workspaces_policyrevision_stays ON workspaces_policyrevision;
DROP FUNCTION workspaces_refuse_rewriting();
DROP FUNCTION workspaces_policies_of(bigint[], bigint);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0011_workspace_logo")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="sharingpolicy",
            name="closed_acts",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20),
                blank=True,
                db_default=[],
                default=list,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="sharingpolicy",
            name="revision",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name="PolicyRevision",
            fields=[
                automatic_id(),
                ("number", models.PositiveIntegerField()),
                ("policy", models.JSONField()),
                ("note", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="policy_revisions",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "number"), name="workspaces_policyrevision_number"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PolicyRule",
            fields=[
                automatic_id(),
                ("act", models.CharField(max_length=20)),
                ("subject_kind", models.CharField(choices=SUBJECTS, max_length=10)),
                ("role", models.CharField(blank=True, choices=ROLES, max_length=10)),
                ("target_kind", models.CharField(choices=TARGETS, max_length=12)),
                ("target_value", models.CharField(blank=True, max_length=253)),
                ("effect", models.CharField(choices=EFFECTS, max_length=5)),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="policy_rules",
                        to="workspaces.group",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="policy_rules",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="policy_rules",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=(
                            Q(subject_kind="everyone", role="", group__isnull=True, person__isnull=True)
                            | (Q(subject_kind="role", group__isnull=True, person__isnull=True) & ~Q(role=""))
                            | Q(subject_kind="group", role="", group__isnull=False, person__isnull=True)
                            | Q(subject_kind="person", role="", group__isnull=True, person__isnull=False)
                        ),
                        name="workspaces_policyrule_subject",
                    ),
                    models.CheckConstraint(
                        condition=Q(target_kind="any", target_value="")
                        | (~Q(target_kind="any") & ~Q(target_value="")),
                        name="workspaces_policyrule_target",
                    ),
                    models.CheckConstraint(
                        condition=Q(effect__in=["allow", "deny"]), name="workspaces_policyrule_effect"
                    ),
                    models.UniqueConstraint(
                        fields=(
                            "workspace",
                            "act",
                            "subject_kind",
                            "role",
                            "group",
                            "person",
                            "target_kind",
                            "target_value",
                        ),
                        name="workspaces_policyrule_once",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.RemoveField(model_name="sharingpolicy", name="external_gpts"),
        migrations.RemoveField(model_name="sharingpolicy", name="may_publish"),
        # Rules: read inside the workspace and by moderation, which asks before it publishes.
        SetRowPolicies(
            "workspaces_policyrule",
            read=f"{INSIDE} OR {MODERATOR}",
            add=ADMIN,
            change=ADMIN,
            remove=ADMIN,
            refers={"group_id": "workspaces_group"},
        ),
        # The history: the workspace's admins; nobody rewrites it.
        SetRowPolicies(
            "workspaces_policyrevision",
            read=ADMIN,
            add=f"{ADMIN} AND (created_by_id IS NULL OR {is_person('created_by_id')})",
            change=NOBODY,
            remove=NOBODY,
        ),
        migrations.RunSQL(DOOR, CLOSE_DOOR),
    ]

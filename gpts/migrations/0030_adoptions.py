"""Requests for GPTs of other workspaces and what a company decided about them, with who reads and writes."""

from __future__ import annotations

from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.migration_operations import (
    NOBODY,
    SEARCH_PATH,
    KeepTenant,
    SetRowPolicies,
    automatic_id,
    in_administered_workspaces,
    in_own_workspaces,
    is_person,
)

INSIDE = in_own_workspaces("workspace_id")
ADMIN = in_administered_workspaces("workspace_id")
SEEN = "gpts_gpt_is_seen(gpt_id)"

# What the companies of people decided about GPTs from outside: those that are blocked, and those that are
# approved for the person now. Also in a scope that does not show it, as workspaces_policies_of.
FUNCTION = f"""
CREATE FUNCTION gpts_adoptions_of(people bigint[], only_gpts bigint[])
RETURNS TABLE (person_id bigint, workspace_id bigint, gpt_id bigint, version_id bigint, is_blocked boolean)
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
    SELECT COALESCE(array_agg(m.workspace_id), '{{}}') INTO ids
      FROM workspaces_member m WHERE m.user_id = one;
    PERFORM set_config('loggia.workspace_ids', ids::text, true);
    RETURN QUERY
      SELECT one, a.workspace_id, a.gpt_id, a.version_id, a.state = 'blocked'
        FROM gpts_adoption a JOIN workspaces_member m ON m.workspace_id = a.workspace_id AND m.user_id = one
       WHERE a.workspace_id = ANY(ids)
         AND (only_gpts IS NULL OR a.gpt_id = ANY(only_gpts))
         AND (a.state = 'blocked'
              OR (a.state = 'approved' AND a.expires_at > statement_timestamp()
                  AND (a.is_for_everyone
                       OR EXISTS (SELECT 1 FROM workspaces_groupmember g
                                   WHERE g.member_id = m.id AND g.group_id = ANY(a.group_ids)))));
  END LOOP;
  PERFORM set_config('loggia.user_id', user_before, true),
          set_config('loggia.workspace_ids', ids_before, true);
END $$;
"""  # noqa: S608 - a constant
NO_FUNCTION = "DROP FUNCTION gpts_adoptions_of(bigint[], bigint[]);"


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("gpts", "0029_usage_days"),
        ("workspaces", "0014_edit_mails"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Adoption",
            fields=[
                automatic_id(),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("approved", "Approved"),
                            ("expired", "Expired"),
                            ("blocked", "Blocked"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        max_length=9,
                    ),
                ),
                ("is_for_everyone", models.BooleanField(default=True)),
                (
                    "group_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("note", models.TextField(blank=True, max_length=1000)),
                ("decided_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("recertify_at", models.DateTimeField(null=True)),
                ("reminded_of_end_at", models.DateTimeField(null=True)),
                ("reminded_of_check_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "gpt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="adoptions", to="gpts.gpt"
                    ),
                ),
                (
                    "offered_version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="gpts.version",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="gpts.version",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="adoptions",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "adoption of an external GPT",
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "gpt"), name="gpts_adoption_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "approved"), _negated=True),
                            models.Q(
                                ("expires_at__isnull", False),
                                ("recertify_at__isnull", False),
                                ("version__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="gpts_adoption_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AdoptionRequest",
            fields=[
                automatic_id(),
                ("reason", models.TextField(max_length=1000)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Waiting for an admin"),
                            ("approved", "Approved"),
                            ("refused", "Refused"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("answer", models.TextField(blank=True, max_length=1000)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "gpt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="gpts.gpt"
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "request for an external GPT",
                "indexes": [models.Index(fields=["workspace", "-id"], name="gpts_adoptionrequest_place")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("workspace", "gpt", "requested_by"),
                        name="gpts_adoptionrequest_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="gpts_adoptionrequest_two",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FUNCTION, NO_FUNCTION),
        # Members read what holds for them; admins decide.
        SetRowPolicies(
            "gpts_adoption",
            read=INSIDE,
            add=f"{ADMIN} AND {SEEN}",
            change=ADMIN,
            remove=NOBODY,
            refers={"version_id": "gpts_version", "offered_version_id": "gpts_version"},
        ),
        KeepTenant("gpts_adoption", "workspace_id", "gpt_id"),
        # Asked for by members, read by them and the admins, who answer; withdrawn by the person.
        SetRowPolicies(
            "gpts_adoptionrequest",
            read=f"{is_person('requested_by_id')} OR {ADMIN}",
            add=f"{INSIDE} AND {is_person('requested_by_id')} AND {SEEN}",
            change=ADMIN,
            remove=is_person("requested_by_id"),
        ),
        KeepTenant("gpts_adoptionrequest", "workspace_id", "gpt_id", "requested_by_id"),
    ]

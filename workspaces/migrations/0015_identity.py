"""What identity providers send and say: tokens, people, groups, sign-in, and the rules of identity."""

from __future__ import annotations

from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import core.ids
from core.migration_operations import (
    NOBODY,
    SEARCH_PATH,
    KeepTenant,
    SetRowPolicies,
    in_administered_workspaces,
    in_own_workspaces,
    is_person,
)

ADMIN = in_administered_workspaces("workspace_id")
OWN = is_person("user_id")
# The function below writes the setting: the page of sign-in knows an address before it knows a person.
ASKED = (
    "is_enabled AND (SELECT NULLIF(current_setting('loggia.sign_in_domain', true), ''))"
    " = ANY(domains::text[])"
)
# Every request of a person reads the rules of their workspaces, before it has a scope.
MEMBER = (
    "EXISTS (SELECT 1 FROM workspaces_member m WHERE m.workspace_id = workspaces_identityrules.workspace_id"
    " AND m.user_id = (SELECT loggia_user_id()))"
)
DOOR = f"""
CREATE FUNCTION workspaces_sign_in_at(asked varchar) RETURNS SETOF bigint
LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
BEGIN
  PERFORM set_config('loggia.sign_in_domain', asked, true);
  RETURN QUERY SELECT c.workspace_id FROM workspaces_identityconnection c
    JOIN workspaces_workspace w ON w.id = c.workspace_id AND w.suspended_at IS NULL
   WHERE c.is_enabled AND asked = ANY(c.domains::text[]) ORDER BY c.workspace_id;
  PERFORM set_config('loggia.sign_in_domain', '', true);
END $$;
"""  # noqa: S608 - a constant
# The roles of a person who signed in, as before, with the rules of each workspace as one more value.
ROLES = """
CREATE OR REPLACE FUNCTION workspaces_roles_of(person bigint, OUT memberships text, OUT staff text[])
RETURNS SETOF record LANGUAGE plpgsql SET search_path = {path} AS $$
DECLARE before text := COALESCE(current_setting('loggia.user_id', true), '');
BEGIN
  PERFORM set_config('loggia.user_id', person::text, true);
  RETURN QUERY
    SELECT (SELECT json_agg({values} ORDER BY w.person_id, w.name, w.id)::text
              FROM workspaces_member m JOIN workspaces_workspace w ON w.id = m.workspace_id{join}
             WHERE m.user_id = u.id AND w.suspended_at IS NULL),
           ARRAY(SELECT s.role::text FROM workspaces_staffrole s WHERE s.user_id = u.id)
      FROM workspaces_user u WHERE u.id = person AND u.is_active;
  PERFORM set_config('loggia.user_id', before, true);
END $$;
"""
WITH_RULES = ROLES.format(
    path=SEARCH_PATH,
    values=(
        "json_build_array(w.id, w.slug, w.name, w.kind, m.role, CASE WHEN i.id IS NULL THEN NULL ELSE"
        " json_build_array(i.is_sso_required, i.emergency_owner_id, extract(epoch FROM i.mfa_required_from),"
        " i.session_hours, i.api_key_days) END)"
    ),
    join=" LEFT JOIN workspaces_identityrules i ON i.workspace_id = w.id",
)
WITHOUT_RULES = ROLES.format(
    path=SEARCH_PATH, values="json_build_array(w.id, w.slug, w.name, w.kind, m.role)", join=""
)
# A person of the directory gets an account once; the row never becomes another account's.
STAY = """
CREATE TRIGGER workspaces_scimuser_account_stays BEFORE UPDATE OF user_id ON workspaces_scimuser
FOR EACH ROW WHEN (OLD.user_id <> NEW.user_id) EXECUTE FUNCTION loggia_refuse_move();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("workspaces", "0014_edit_mails"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="IdentityConnection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=[("oidc", "OpenID Connect")], max_length=10),
                ),
                ("name", models.CharField(max_length=80)),
                ("issuer", models.CharField(max_length=500)),
                ("client_id", models.CharField(blank=True, max_length=254)),
                ("secret", models.TextField(blank=True)),
                (
                    "domains",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=253), blank=True, default=list, size=None
                    ),
                ),
                ("role_claim", models.CharField(blank=True, default="roles", max_length=80)),
                ("group_claim", models.CharField(blank=True, default="groups", max_length=80)),
                ("discovered", models.JSONField(blank=True, default=dict)),
                ("discovered_at", models.DateTimeField(blank=True, null=True)),
                ("is_enabled", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identity_connections",
                        to="workspaces.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IdentityLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="workspaces.identityconnection",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identity_links",
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
        ),
        migrations.CreateModel(
            name="IdentityRules",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "default_role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner"),
                            ("admin", "Admin"),
                            ("builder", "Builder"),
                            ("member", "Member"),
                        ],
                        default="member",
                        max_length=10,
                    ),
                ),
                ("role_claims", models.JSONField(blank=True, default=dict)),
                ("is_sso_required", models.BooleanField(default=False)),
                ("mfa_required_from", models.DateTimeField(blank=True, null=True)),
                ("session_hours", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("api_key_days", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("updated_at", models.DateTimeField()),
                (
                    "emergency_owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identity_rules",
                        to="workspaces.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ScimGroup",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=254)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                (
                    "group",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scim",
                        to="workspaces.group",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scim_groups",
                        to="workspaces.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ScimToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("prefix", models.CharField(max_length=12, unique=True)),
                ("token_hash", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scim_tokens",
                        to="workspaces.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ScimUser",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("user_name", models.CharField(max_length=254)),
                ("external_id", models.CharField(blank=True, max_length=254)),
                ("email", models.CharField(max_length=254)),
                ("display_name", models.CharField(blank=True, max_length=254)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "given_role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("owner", "Owner"),
                            ("admin", "Admin"),
                            ("builder", "Builder"),
                            ("member", "Member"),
                        ],
                        max_length=10,
                    ),
                ),
                ("attributes", models.JSONField(default=dict)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scim_users",
                        to="workspaces.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ScimGroupMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="workspaces.scimgroup",
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
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="groups",
                        to="workspaces.scimuser",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="identityconnection",
            constraint=models.UniqueConstraint(
                fields=("workspace", "kind"), name="workspaces_identityconnection_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="identityconnection",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_enabled", False), ("discovered_at__isnull", False), _connector="OR"),
                name="workspaces_identityconnection_checked",
            ),
        ),
        migrations.AddConstraint(
            model_name="identitylink",
            constraint=models.UniqueConstraint(
                fields=("connection", "subject"), name="workspaces_identitylink_subject"
            ),
        ),
        migrations.AddConstraint(
            model_name="identitylink",
            constraint=models.UniqueConstraint(
                fields=("connection", "user"), name="workspaces_identitylink_user"
            ),
        ),
        migrations.AddConstraint(
            model_name="identityrules",
            constraint=models.CheckConstraint(
                condition=models.Q(("default_role__in", ["builder", "member"])),
                name="workspaces_identityrules_default",
            ),
        ),
        migrations.AddConstraint(
            model_name="identityrules",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_sso_required", False), ("emergency_owner__isnull", False), _connector="OR"
                ),
                name="workspaces_identityrules_emergency",
            ),
        ),
        migrations.AddConstraint(
            model_name="identityrules",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("session_hours__isnull", True), ("session_hours__gte", 1), _connector="OR"
                ),
                name="workspaces_identityrules_session",
            ),
        ),
        migrations.AddConstraint(
            model_name="identityrules",
            constraint=models.CheckConstraint(
                condition=models.Q(("api_key_days__isnull", True), ("api_key_days__gte", 1), _connector="OR"),
                name="workspaces_identityrules_keys",
            ),
        ),
        migrations.AddIndex(
            model_name="scimgroup",
            index=models.Index(fields=["workspace", "external_id"], name="workspaces_scimgroup_external"),
        ),
        migrations.AddIndex(
            model_name="scimtoken",
            index=models.Index(fields=["workspace", "-id"], name="workspaces_scimtoken_list"),
        ),
        migrations.AddIndex(
            model_name="scimuser",
            index=models.Index(fields=["workspace", "external_id"], name="workspaces_scimuser_external"),
        ),
        migrations.AddIndex(
            model_name="scimuser",
            index=models.Index(fields=["workspace", "email"], name="workspaces_scimuser_email"),
        ),
        migrations.AddConstraint(
            model_name="scimuser",
            constraint=models.UniqueConstraint(
                models.F("workspace"),
                django.db.models.functions.text.Lower("user_name"),
                name="workspaces_scimuser_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="scimuser",
            constraint=models.UniqueConstraint(
                condition=models.Q(("user__isnull", False)),
                fields=("workspace", "user"),
                name="workspaces_scimuser_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="scimuser",
            constraint=models.CheckConstraint(
                condition=models.Q(("given_role__in", ["", "admin", "builder", "member"])),
                name="workspaces_scimuser_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="scimgroupmember",
            constraint=models.UniqueConstraint(
                fields=("group", "person"), name="workspaces_scimgroupmember_once"
            ),
        ),
        migrations.CreateModel(
            name="ProvedDomain",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("domain", models.CharField(max_length=253, unique=True)),
                ("proved_at", models.DateTimeField()),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="proved_domains",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(domain=django.db.models.functions.text.Lower("domain")),
                        name="workspaces_proveddomain_lower",
                    ),
                ],
            },
        ),
        # Members read which domains are theirs; no scope of a request proves one.
        SetRowPolicies(
            "workspaces_proveddomain",
            read=in_own_workspaces("workspace_id"),
            add=NOBODY,
            change=NOBODY,
            remove=NOBODY,
        ),
        migrations.RunSQL(WITH_RULES, WITHOUT_RULES),
        migrations.RunSQL(DOOR, "DROP FUNCTION workspaces_sign_in_at(varchar)"),
        SetRowPolicies("workspaces_scimtoken", read=ADMIN, add=ADMIN, change=ADMIN, remove=NOBODY),
        # What a company's directory says about a person: its admins, and the person.
        SetRowPolicies(
            "workspaces_scimuser",
            read=f"{ADMIN} OR {OWN}",
            add=ADMIN,
            change=f"{ADMIN} OR {OWN}",
            remove=f"{ADMIN} OR {OWN}",
        ),
        KeepTenant("workspaces_scimuser", "workspace_id"),
        migrations.RunSQL(STAY, "DROP TRIGGER workspaces_scimuser_account_stays ON workspaces_scimuser"),
        SetRowPolicies(
            "workspaces_scimgroup",
            read=ADMIN,
            add=ADMIN,
            change=ADMIN,
            remove=ADMIN,
            refers={"group_id": "workspaces_group"},
        ),
        SetRowPolicies("workspaces_scimgroupmember", read=ADMIN, add=ADMIN, change=ADMIN, remove=ADMIN),
        SetRowPolicies(
            "workspaces_identityconnection",
            read=f"{ADMIN} OR ({ASKED})",
            add=ADMIN,
            change=ADMIN,
            remove=ADMIN,
        ),
        # People see with which companies their account is linked.
        SetRowPolicies(
            "workspaces_identitylink",
            read=f"{ADMIN} OR {OWN}",
            add=ADMIN,
            change=ADMIN,
            remove=f"{ADMIN} OR {OWN}",
        ),
        SetRowPolicies(
            "workspaces_identityrules",
            read=f"{in_own_workspaces('workspace_id')} OR {MEMBER}",
            add=ADMIN,
            change=ADMIN,
            remove=NOBODY,
        ),
    ]

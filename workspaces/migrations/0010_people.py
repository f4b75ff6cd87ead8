"""Groups with rules, guests, invitation links, seats and last activity."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.migration_operations import (
    NOBODY,
    KeepTenant,
    SetRowPolicies,
    in_administered_workspaces,
    in_own_workspaces,
    is_person,
)

ADMIN = in_administered_workspaces("workspace_id")
# core.scope.with_share_token writes the setting: the page of a link is opened by its token's hash.
HAS_LINK = "token_hash = (SELECT NULLIF(current_setting('loggia.share_token', true), ''))"


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("workspaces", "0009_protected_names"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Guest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="InviteLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner"),
                            ("admin", "Admin"),
                            ("builder", "Builder"),
                            ("member", "Member"),
                        ],
                        max_length=10,
                    ),
                ),
                ("label", models.CharField(blank=True, max_length=80)),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("max_uses", models.PositiveIntegerField(blank=True, null=True)),
                ("used_count", models.PositiveIntegerField(default=0)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="group",
            name="description",
            field=models.CharField(blank=True, db_default="", default="", max_length=500),
        ),
        migrations.AddField(
            model_name="group",
            name="email_domain",
            field=models.CharField(blank=True, db_default="", default="", max_length=253),
        ),
        migrations.AddField(
            model_name="group",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="group",
            name="sharing",
            field=models.CharField(
                choices=[
                    ("everybody", "Everybody in the workspace"),
                    ("members", "Members of the group"),
                    ("admins", "Admins"),
                ],
                db_default="everybody",
                default="everybody",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="group",
            name="source",
            field=models.CharField(
                choices=[("hand", "Made here"), ("scim", "From the identity provider")],
                db_default="hand",
                default="hand",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="groupmember",
            name="added_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="groupmember",
            name="source",
            field=models.CharField(
                choices=[
                    ("hand", "Added by hand"),
                    ("rule", "By the e-mail rule"),
                    ("scim", "From the identity provider"),
                ],
                db_default="hand",
                default="hand",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="guest_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="invitation",
            name="language",
            field=models.CharField(blank=True, db_default="", default="", max_length=10),
        ),
        migrations.AddField(
            model_name="invitation",
            name="mailed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="member",
            name="last_active_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="workspace",
            name="seats",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="invitation",
            name="role",
            field=models.CharField(
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
        migrations.AddIndex(
            model_name="group",
            index=models.Index(
                condition=models.Q(("email_domain", ""), _negated=True),
                fields=["email_domain"],
                name="workspaces_group_rule",
            ),
        ),
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(
                condition=models.Q(
                    ("accepted_at__isnull", True), ("mailed_at__isnull", True), ("revoked_at__isnull", True)
                ),
                fields=["workspace", "id"],
                name="workspaces_invitation_unsent",
            ),
        ),
        migrations.AddConstraint(
            model_name="groupmember",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["hand", "rule", "scim"])),
                name="workspaces_groupmember_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("guest_until__isnull", True), ("role__in", ["owner", "admin", "builder", "member"])
                    ),
                    models.Q(("guest_until__isnull", False), ("role", "")),
                    _connector="OR",
                ),
                name="workspaces_invitation_role_or_guest",
            ),
        ),
        migrations.AddField(
            model_name="guest",
            name="invited_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="guest",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="guest_places",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="guest",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="guests", to="workspaces.workspace"
            ),
        ),
        migrations.AddField(
            model_name="invitelink",
            name="created_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="invitelink",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="invite_links",
                to="workspaces.workspace",
            ),
        ),
        migrations.AddIndex(
            model_name="guest",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)),
                fields=["expires_at"],
                name="workspaces_guest_expiry",
            ),
        ),
        migrations.AddIndex(
            model_name="guest",
            index=models.Index(fields=["user"], name="workspaces_guest_user"),
        ),
        migrations.AddConstraint(
            model_name="guest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("workspace", "user"),
                name="workspaces_guest_once",
            ),
        ),
        migrations.AddIndex(
            model_name="invitelink",
            index=models.Index(fields=["workspace", "-id"], name="workspaces_invitelink_list"),
        ),
        migrations.AddConstraint(
            model_name="invitelink",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ("builder", "member"))), name="workspaces_invitelink_role"
            ),
        ),
        migrations.AddConstraint(
            model_name="invitelink",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("max_uses__isnull", True),
                    models.Q(("max_uses__gt", 0), ("used_count__lte", models.F("max_uses"))),
                    _connector="OR",
                ),
                name="workspaces_invitelink_uses",
            ),
        ),
        # Links: the workspace's admins; whoever has the link sees it by its token.
        SetRowPolicies(
            "workspaces_invitelink",
            read=f"{ADMIN} OR {HAS_LINK}",
            add=f"{ADMIN} AND {is_person('created_by_id')}",
            change=ADMIN,
            remove=NOBODY,
        ),
        # Guests: themselves, and the members of the workspace, who may share with them.
        SetRowPolicies(
            "workspaces_guest",
            read=f"{is_person('user_id')} OR {in_own_workspaces('workspace_id')}",
            add=ADMIN,
            change=ADMIN,
            remove=ADMIN,
        ),
        KeepTenant("workspaces_guest", "workspace_id", "user_id"),
    ]

"""People, staff roles, workspaces and their members, API keys, notifications."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Lower

from core.ids import uuid7
from core.migration_operations import automatic_id

ROLES = [("owner", "Owner"), ("admin", "Admin"), ("builder", "Builder"), ("member", "Member")]


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar = []

    operations: ClassVar = [
        migrations.CreateModel(
            name="User",
            fields=[
                automatic_id(),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="e-mail address")),
                ("display_name", models.CharField(max_length=80, verbose_name="display name")),
                ("language", models.CharField(blank=True, max_length=10)),
                ("time_zone", models.CharField(default="UTC", max_length=64)),
                (
                    "theme",
                    models.CharField(
                        choices=[("system", "As the device"), ("light", "Light"), ("dark", "Dark")],
                        default="system",
                        max_length=10,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(email=Lower("email")), name="workspaces_user_email_lower"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StaffRole",
            fields=[
                automatic_id(),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("moderator", "Moderator"),
                            ("finance", "Finance"),
                            ("operator", "Operator"),
                        ],
                        max_length=20,
                    ),
                ),
                ("granted_at", models.DateTimeField()),
                (
                    "granted_by",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="staff_roles", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "role"), name="workspaces_staffrole_once"),
                    models.CheckConstraint(
                        condition=Q(role__in=["moderator", "finance", "operator"]),
                        name="workspaces_staffrole_role",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Workspace",
            fields=[
                automatic_id(),
                (
                    "kind",
                    models.CharField(
                        choices=[("personal", "Personal"), ("team", "Team"), ("enterprise", "Enterprise")],
                        max_length=12,
                    ),
                ),
                ("slug", models.SlugField(max_length=60, unique=True)),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("accent", models.CharField(blank=True, max_length=7, verbose_name="accent colour")),
                ("created_at", models.DateTimeField()),
                ("suspended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "person",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="personal_workspace",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(kind="personal", person__isnull=False)
                        | ~Q(kind="personal") & Q(person__isnull=True),
                        name="workspaces_workspace_person",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SharingPolicy",
            fields=[
                automatic_id(),
                (
                    "external_gpts",
                    models.CharField(
                        choices=[
                            ("all", "All public GPTs"),
                            ("approved", "Only those that an owner approved"),
                            ("none", "None"),
                        ],
                        default="all",
                        max_length=10,
                    ),
                ),
                ("may_publish", models.BooleanField(default=True)),
                ("updated_at", models.DateTimeField()),
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=models.CASCADE, related_name="sharing_policy", to="workspaces.workspace"
                    ),
                ),
                ("golden_pass_rate", models.PositiveSmallIntegerField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(golden_pass_rate__isnull=True) | Q(golden_pass_rate__lte=100),
                        name="workspaces_sharingpolicy_golden",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                automatic_id(),
                ("role", models.CharField(choices=ROLES, max_length=10)),
                ("joined_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="memberships", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="members", to="workspaces.workspace"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "workspace"], name="workspaces_member_user"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "user"), name="workspaces_member_once"),
                    models.CheckConstraint(
                        condition=Q(role__in=["owner", "admin", "builder", "member"]),
                        name="workspaces_member_role",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Group",
            fields=[
                automatic_id(),
                ("name", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField()),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="groups", to="workspaces.workspace"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "name"), name="workspaces_group_name"),
                ],
            },
        ),
        migrations.CreateModel(
            name="GroupMember",
            fields=[
                automatic_id(),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="members", to="workspaces.group"
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="groups", to="workspaces.member"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("group", "member"), name="workspaces_groupmember_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                automatic_id(),
                ("email", models.EmailField(max_length=254)),
                ("role", models.CharField(choices=ROLES, max_length=10)),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "invited_by",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="invitations", to="workspaces.workspace"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                        fields=("workspace", "email"),
                        name="workspaces_invitation_open_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                automatic_id(),
                ("name", models.CharField(max_length=80)),
                ("prefix", models.CharField(max_length=12, unique=True)),
                ("key_hash", models.CharField(max_length=64)),
                ("scopes", ArrayField(base_field=models.CharField(max_length=30), size=None)),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="api_keys", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="api_keys", to="workspaces.workspace"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "-id"], name="workspaces_apikey_user"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=40)),
                ("title", models.CharField(max_length=200)),
                ("body", models.TextField(blank=True)),
                ("url", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="notifications", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "-id"], name="workspaces_notification_user"),
                    models.Index(
                        condition=Q(read_at__isnull=True),
                        fields=["user"],
                        name="workspaces_notification_unread",
                    ),
                ],
            },
        ),
    ]

"""Break-glass access to conversations: the rule of a workspace, and requests with what became of them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations, models

import core.ids
from core.migration_operations import (
    NOBODY,
    KeepTenant,
    SetRowPolicies,
    in_administered_workspaces,
    in_own_workspaces,
    is_person,
)

INSIDE = in_own_workspaces("workspace_id")
ADMIN = in_administered_workspaces("workspace_id")


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("gpts", "0025_right_policies"),
        ("workspaces", "0009_protected_names"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ContentAccessRule",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=models.CASCADE,
                        primary_key=True,
                        related_name="content_access_rule",
                        serialize=False,
                        to="workspaces.workspace",
                    ),
                ),
                ("is_allowed", models.BooleanField(default=False)),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ContentAccess",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reason", models.TextField(max_length=1000)),
                ("since", models.DateField(null=True)),
                ("until", models.DateField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Waiting for a second person"),
                            ("opened", "Open"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                            ("ended", "Closed"),
                        ],
                        default="requested",
                        max_length=10,
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("ends_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="workspaces.workspace"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["workspace", "-id"], name="gpts_contentaccess_workspace"),
                    models.Index(fields=["person", "-id"], name="gpts_contentaccess_person"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("person", models.F("requested_by")), _negated=True),
                            models.Q(
                                ("decided_by__isnull", True),
                                models.Q(("person", models.F("decided_by")), _negated=True),
                                _connector="OR",
                            ),
                        ),
                        name="gpts_contentaccess_not_own",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "opened"), _negated=True),
                            models.Q(
                                ("decided_by__isnull", False),
                                ("ends_at__isnull", False),
                                models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="gpts_contentaccess_two_people",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "requested")),
                        fields=("workspace", "person"),
                        name="gpts_contentaccess_asked_once",
                    ),
                ],
            },
        ),
        # Members read whether their workspace allows it.
        SetRowPolicies("gpts_contentaccessrule", read=INSIDE, add=ADMIN, change=ADMIN, remove=NOBODY),
        # Asked for and answered by admins; read also by the person whose conversations they open.
        SetRowPolicies(
            "gpts_contentaccess",
            read=f"{is_person('person_id')} OR {ADMIN}",
            add=f"{ADMIN} AND {is_person('requested_by_id')}",
            change=ADMIN,
            remove=NOBODY,
        ),
        KeepTenant("gpts_contentaccess", "workspace_id", "person_id", "requested_by_id"),
    ]

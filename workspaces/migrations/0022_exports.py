"""Exports of whole workspaces."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import core.ids
from core.migration_operations import NOBODY, SetRowPolicies, in_administered_workspaces

# Rows are for owners, whom the scope does not tell from admins: workspaces.access does.
ADMIN = in_administered_workspaces("workspace_id")
OPEN = Q(state__in=("waiting", "running"))


def point_to(table: str, name: str) -> models.ForeignKey:
    return models.ForeignKey(on_delete=models.CASCADE, related_name=name, to=table)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0021_grace_notices")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="WorkspaceExport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("steps_done", models.PositiveSmallIntegerField(default=0)),
                ("steps_total", models.PositiveSmallIntegerField(default=0)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("storage_key", models.CharField(blank=True, max_length=200)),
                ("failure", models.CharField(blank=True, max_length=20)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("claim", models.UUIDField(null=True)),
                ("heartbeat_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("requested_by", point_to(settings.AUTH_USER_MODEL, "+")),
                ("workspace", point_to("workspaces.workspace", "exports")),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "-id"], name="workspaces_export_list")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["workspace"], condition=OPEN, name="workspaces_export_one_open"
                    ),
                    models.CheckConstraint(
                        condition=Q(OPEN, ended_at__isnull=True, expires_at__isnull=True)
                        | Q(~OPEN, ended_at__isnull=False, expires_at__isnull=False),
                        name="workspaces_export_ended",
                    ),
                    models.CheckConstraint(
                        condition=~Q(state="ready") | (~Q(storage_key="") & Q(size__gt=0)),
                        name="workspaces_export_has_file",
                    ),
                ],
            },
        ),
        SetRowPolicies("workspaces_workspaceexport", read=ADMIN, add=ADMIN, change=NOBODY, remove=ADMIN),
    ]

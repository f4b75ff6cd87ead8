"""Names that not everybody may use in public."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from core.migration_operations import automatic_id

KINDS = [
    ("mark", "Mark"),
    ("prohibited", "Prohibited by a decision"),
    ("verified", "Name of a verified builder"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0008_publishing_suspended")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ProtectedName",
            fields=[
                automatic_id(),
                ("name", models.CharField(max_length=80)),
                ("skeleton", models.CharField(db_index=True, max_length=120)),
                ("kind", models.CharField(choices=KINDS, default="mark", max_length=12)),
                ("enforcement_id", models.UUIDField(blank=True, null=True)),
                (
                    "holder",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="protected_names",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=~Q(kind="verified"),
                        fields=("name",),
                        name="workspaces_protectedname_once",
                    ),
                    models.UniqueConstraint(
                        condition=Q(kind="verified"),
                        fields=("holder",),
                        name="workspaces_protectedname_verified",
                    ),
                    models.CheckConstraint(
                        condition=~Q(kind="verified") | Q(holder__isnull=False),
                        name="workspaces_protectedname_holder",
                    ),
                ],
            },
        ),
    ]

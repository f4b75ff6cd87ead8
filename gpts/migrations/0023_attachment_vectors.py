"""Vectors of documents that are attached in chats."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations, models

from core.migration_operations import NOBODY, SetRowPolicies, is_person

OWN = is_person("user_id")


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("gpts", "0022_vector_blocks"),
        ("workspaces", "0009_protected_names"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="AttachmentVectors",
            fields=[
                (
                    "attachment",
                    models.OneToOneField(
                        on_delete=models.CASCADE,
                        primary_key=True,
                        related_name="vectors",
                        serialize=False,
                        to="gpts.attachment",
                    ),
                ),
                ("dimensions", models.PositiveIntegerField()),
                ("pieces", models.PositiveIntegerField()),
                ("is_complete", models.BooleanField(default=False)),
                ("vectors", models.BinaryField()),
                (
                    "model",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="gpts.languagemodel"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False, on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"
                    ),
                ),
            ],
        ),
        SetRowPolicies("gpts_attachmentvectors", read=OWN, add=NOBODY, change=NOBODY, remove=OWN),
    ]

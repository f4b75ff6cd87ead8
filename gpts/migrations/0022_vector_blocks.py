"""The codes of all passages of a document in few rows."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

from core.migration_operations import NOBODY, SetRowPolicies, automatic_id, in_own_workspaces

INSIDE = in_own_workspaces("workspace_id")


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("gpts", "0021_addresses"),
        ("workspaces", "0009_protected_names"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="VectorBlock",
            fields=[
                automatic_id(),
                ("number", models.PositiveIntegerField()),
                ("dimensions", models.PositiveIntegerField()),
                ("passages", models.BinaryField()),
                ("codes", models.BinaryField()),
                (
                    "document",
                    models.ForeignKey(
                        db_index=False, on_delete=models.CASCADE, related_name="+", to="gpts.document"
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="gpts.languagemodel"),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False, on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("document", "model", "number"), name="gpts_vectorblock_number"
                    ),
                ],
            },
        ),
        SetRowPolicies(
            "gpts_vectorblock",
            read=INSIDE,
            add=NOBODY,
            change=NOBODY,
            remove=f"{INSIDE} AND gpts_document_is_writable(document_id)",
        ),
    ]

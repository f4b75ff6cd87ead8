"""The audit log."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations, models

from core.migration_operations import automatic_id


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations: ClassVar = [
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                automatic_id(),
                ("chain", models.CharField(max_length=40)),
                ("sequence", models.BigIntegerField(default=0)),
                ("at", models.DateTimeField()),
                ("action", models.CharField(max_length=80)),
                (
                    "actor",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("actor_label", models.CharField(max_length=254)),
                ("is_automated", models.BooleanField()),
                ("workspace_id", models.BigIntegerField(null=True)),
                ("subject_type", models.CharField(max_length=60)),
                ("subject_id", models.CharField(max_length=64)),
                ("reason", models.TextField(blank=True)),
                ("data", models.JSONField(default=dict)),
                ("previous_hash", models.CharField(default="", max_length=64)),
                ("hash", models.CharField(default="", max_length=64)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["workspace_id", "-id"], name="core_audit_workspace"),
                    models.Index(fields=["subject_type", "subject_id", "-id"], name="core_audit_subject"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("chain", "sequence"), name="core_audit_chain_sequence"),
                ],
            },
        ),
    ]

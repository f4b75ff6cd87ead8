"""What servers have shown about their models, choices about options of requests, and failed calls."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from core.migration_operations import NOBODY, SetRowPolicies, automatic_id

# Only those who may change a model read what its provider said.
MODEL_WRITER = """EXISTS (
  SELECT 1 FROM gpts_languagemodel m
   WHERE m.id = model_id AND gpts_modelprovider_is_writable(m.provider_id))"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0017_file_remarks")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="languagemodel",
            name="option_choices",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="languagemodel",
            name="learned",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="languagemodel",
            name="is_size_assumed",
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name="FailedCall",
            fields=[
                automatic_id(),
                ("code", models.CharField(max_length=40)),
                ("status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("provider_text", models.CharField(blank=True, max_length=600)),
                ("count", models.PositiveIntegerField(default=1)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="failed_calls",
                        to="gpts.languagemodel",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["model", "-last_at"], name="gpts_failedcall_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("model", "code", "status", "provider_text"),
                        name="gpts_failedcall_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("count__gte", 1)), name="gpts_failedcall_count"
                    ),
                ],
            },
        ),
        SetRowPolicies("gpts_failedcall", read=MODEL_WRITER, add=NOBODY, change=NOBODY, remove=MODEL_WRITER),
    ]

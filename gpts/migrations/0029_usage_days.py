"""Usage of workspaces by day, which their admins read and the worker alone writes."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q

from core.migration_operations import ANYBODY, NOBODY, SetRowPolicies, in_administered_workspaces


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0028_recent_members")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="UsageDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("day", models.DateField()),
                ("user_id", models.BigIntegerField()),
                ("gpt_id", models.BigIntegerField()),
                ("model_name", models.CharField(max_length=120)),
                ("answers", models.BigIntegerField()),
                ("input_tokens", models.BigIntegerField()),
                ("output_tokens", models.BigIntegerField()),
                ("cost_micros", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace_id", "day", "user_id", "gpt_id", "model_name"),
                        name="gpts_usageday_once",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            answers__gt=0, input_tokens__gte=0, output_tokens__gte=0, cost_micros__gte=0
                        ),
                        name="gpts_usageday_counts",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="UsageDayState",
            fields=[
                ("singleton", models.BooleanField(default=True, primary_key=True, serialize=False)),
                ("watermark", models.DecimalField(decimal_places=0, default=0, max_digits=20)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(singleton=True), name="gpts_usagedaystate_one_row"),
                ]
            },
        ),
        SetRowPolicies(
            "gpts_usageday",
            read=in_administered_workspaces("workspace_id"),
            add=NOBODY,
            change=NOBODY,
            remove=NOBODY,
        ),
        # The watermark says nothing about anybody, and whoever reads the sums needs it.
        SetRowPolicies("gpts_usagedaystate", read=ANYBODY, add=NOBODY, change=NOBODY, remove=NOBODY),
    ]

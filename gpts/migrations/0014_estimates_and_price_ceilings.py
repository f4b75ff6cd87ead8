"""Estimated usage and whose provider answered; what a reservation may become; price ceilings."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from core.migration_operations import SetRowPolicies, in_administered_workspaces, in_own_workspaces

EVENTS = """
ALTER TABLE gpts_usageevent ADD COLUMN is_estimated boolean NOT NULL DEFAULT false,
  ADD COLUMN provider_workspace_id bigint;
"""
DROP_EVENTS = """
ALTER TABLE gpts_usageevent DROP COLUMN is_estimated, DROP COLUMN provider_workspace_id;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("gpts", "0013_erased_versions"),
        ("workspaces", "0002_isolation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.RunSQL(
            EVENTS,
            DROP_EVENTS,
            state_operations=[
                migrations.AddField("usageevent", "is_estimated", models.BooleanField(default=False)),
                migrations.AddField(
                    "usageevent", "provider_workspace_id", models.BigIntegerField(default=None, null=True)
                ),
            ],
        ),
        migrations.AddField("insightstate", "has_estimates", models.BooleanField(default=False)),
        migrations.AddField("budgetreservation", "largest", models.BigIntegerField(null=True)),
        migrations.AddConstraint(
            "budgetreservation",
            models.CheckConstraint(
                condition=Q(largest__isnull=True) | Q(largest__gte=models.F("amount")),
                name="gpts_budgetreservation_largest",
            ),
        ),
        migrations.CreateModel(
            name="PriceCeiling",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="price_ceiling",
                        serialize=False,
                        to="workspaces.workspace",
                    ),
                ),
                ("input_price_micros", models.BigIntegerField()),
                ("output_price_micros", models.BigIntegerField()),
                ("updated_at", models.DateTimeField()),
                (
                    "updated_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(input_price_micros__gte=0, output_price_micros__gte=0),
                        name="gpts_priceceiling_prices",
                    )
                ]
            },
        ),
        SetRowPolicies(
            "gpts_priceceiling",
            read=in_own_workspaces("workspace_id"),
            add=in_administered_workspaces("workspace_id"),
            change=in_administered_workspaces("workspace_id"),
            remove=in_administered_workspaces("workspace_id"),
        ),
    ]

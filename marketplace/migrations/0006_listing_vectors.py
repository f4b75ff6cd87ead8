"""Vectors of listings, made by the worker only; the public reader sees them as it sees the texts."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.migration_operations import ANYBODY, NOBODY, GrantPublicRead, SetRowPolicies, automatic_id

TABLE = "marketplace_listingvector"
PUBLIC = settings.DATABASE_ROLES["public"]


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("gpts", "0012_row_policies"),
        ("marketplace", "0005_withdrawn_listings"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ListingVector",
            fields=[
                automatic_id(),
                ("recipe", models.PositiveSmallIntegerField()),
                ("code", models.BinaryField()),
                (
                    "listing",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="marketplace.listing",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="gpts.version",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(recipe__gt=0), name="marketplace_vector_recipe")
                ]
            },
        ),
        SetRowPolicies(TABLE, read=ANYBODY, add=NOBODY, change=NOBODY, remove=NOBODY),
        migrations.RunSQL(
            f'CREATE POLICY "{TABLE}_public" ON "{TABLE}" FOR SELECT TO "{PUBLIC}" USING ({ANYBODY})',
            f'DROP POLICY "{TABLE}_public" ON "{TABLE}"',
        ),
        GrantPublicRead(TABLE, "id", "listing_id", "recipe", "code"),
    ]

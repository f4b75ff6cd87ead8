"""Listings that the rules of their workspace or the state of their publisher keep out of the store."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies: ClassVar = [("marketplace", "0004_row_policies")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="listing",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | ~Q(state="listed"),
                name="marketplace_listing_withdrawn",
            ),
        ),
    ]

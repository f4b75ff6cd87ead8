"""The index of the queue's order: tier, then due time, then risk."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies: ClassVar = [("reviews", "0011_public_policies")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["tier", "due_at", "-risk", "id"],
                condition=~Q(state="closed"),
                name="reviews_case_order",
            ),
        ),
        migrations.RemoveIndex(model_name="case", name="reviews_case_queue"),
    ]

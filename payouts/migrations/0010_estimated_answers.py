"""How many answers of a rollup, a close and a statement have estimated tokens."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("gpts", "0014_estimates_and_price_ceilings"),
        ("payouts", "0009_holds_and_broken_off_closes"),
    ]

    operations: ClassVar = [
        migrations.AddField(model_name=name, name="estimated", field=models.BigIntegerField(default=0))
        for name in ("usagerollup", "closeline", "statementline")
    ]

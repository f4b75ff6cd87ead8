"""What changed in the sums by day since the use of GPTs was counted, with indexes for it."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0038_spend")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="usageday",
            name="batch",
            field=models.DecimalField(db_default=0, decimal_places=0, default=0, max_digits=20),
        ),
        migrations.AddField(
            model_name="usagedaystate",
            name="counted_batch",
            field=models.DecimalField(db_default=0, decimal_places=0, default=0, max_digits=20),
        ),
        migrations.AddField(
            model_name="usagedaystate", name="counted_since", field=models.DateField(null=True)
        ),
        migrations.AddIndex(
            model_name="usageday", index=models.Index(fields=["batch"], name="gpts_usageday_batch")
        ),
        migrations.AddIndex(
            model_name="usageday", index=models.Index(fields=["day"], name="gpts_usageday_day")
        ),
        migrations.AddIndex(
            model_name="usageday",
            index=models.Index(fields=["gpt_id", "workspace_id", "day"], name="gpts_usageday_gpt"),
        ),
    ]

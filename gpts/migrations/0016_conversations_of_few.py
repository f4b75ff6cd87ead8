"""Whether enough people had conversations with a GPT for their number to be shown."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0015_approved_addresses")]

    operations: ClassVar = [
        migrations.AddField(model_name="gpt", name="has_min_group", field=models.BooleanField(default=False)),
    ]

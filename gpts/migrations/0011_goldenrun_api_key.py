"""The API key that started a run of golden prompts, so that the run ends with the key."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0010_file_reading_limits"), ("workspaces", "0001_tables")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="goldenrun",
            name="api_key",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="workspaces.apikey",
            ),
        ),
    ]

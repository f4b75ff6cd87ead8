"""Live versions that a rule of a sharing policy pauses."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0026_content_access")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="liveversion",
            name="is_paused",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]

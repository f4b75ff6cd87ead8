"""Files that left the draft stay for the versions that were frozen with them."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0002_usage_and_isolation")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="knowledgefile",
            name="removed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]

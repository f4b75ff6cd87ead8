"""Cost centres of groups and members."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0015_identity")]

    operations: ClassVar = [
        migrations.AddField(
            model_name=name,
            name="cost_centre",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        )
        for name in ("group", "member")
    ]

"""Filters of the table of a workspace's GPTs that its admins saved."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0016_cost_centres")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="member",
            name="gpt_filters",
            field=models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list),
        ),
    ]

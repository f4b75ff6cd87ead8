"""Quotas of knowledge and GPTs, which operators set for one workspace."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0012_sharing_rules")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="workspace",
            name="knowledge_bytes",
            field=models.PositiveBigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="workspace",
            name="gpt_limit",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]

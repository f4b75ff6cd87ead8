"""Which ends of grace for a second factor a member was told of, and reminded of, by mail."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0020_life_cycle")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="member", name="grace_told_for", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="member", name="grace_reminded_for", field=models.DateTimeField(blank=True, null=True)
        ),
    ]

"""People who are suspended as builders."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0004_staff_role_child_safety")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="user",
            name="publishing_suspended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]

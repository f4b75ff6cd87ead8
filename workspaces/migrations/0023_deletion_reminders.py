"""When owners and admins were last reminded of a deletion."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0022_exports")]

    operations: ClassVar = [
        migrations.AddField("workspace", "deletion_reminded_at", models.DateTimeField(blank=True, null=True)),
    ]

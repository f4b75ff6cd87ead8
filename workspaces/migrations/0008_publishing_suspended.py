"""People who are suspended as builders, and workspaces that keep their GPTs inside."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

COPY = """
SELECT set_config('loggia.staff', '{moderator,operator}', true);
UPDATE workspaces_workspace SET keeps_inside = true
WHERE id IN (SELECT workspace_id FROM workspaces_sharingpolicy WHERE NOT may_publish);
SELECT set_config('loggia.staff', '', true);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0007_staff_role_child_safety")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="user",
            name="publishing_suspended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="workspace",
            name="keeps_inside",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
    ]

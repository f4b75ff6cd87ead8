"""Row-level security of what belongs to one person."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.scope import row_level_security


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0001_initial"), ("workspaces", "0001_initial")]

    operations: ClassVar = [
        # Anybody who acts may leave somebody a note; only its person reads it.
        *row_level_security(
            "workspaces_notification",
            using="user_id = (SELECT loggia_user_id())",
            check="(SELECT loggia_user_id()) IS NOT NULL",
        ),
    ]

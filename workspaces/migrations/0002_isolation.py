"""Who sees what belongs to one person. Other tables stay open: tests/support/exempt_tables.py says why."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import IS_SIGNED_IN, EnableRowSecurity, is_person


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0002_isolation"), ("workspaces", "0001_tables")]

    operations: ClassVar = [
        # Read by its person only; anybody who acts may leave somebody a notification.
        EnableRowSecurity("workspaces_notification", using=is_person("user_id"), check=IS_SIGNED_IN),
    ]

"""What is never changed: the wording of a policy, and decisions."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import MakeAppendOnly


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0003_append_only"), ("reviews", "0003_isolation")]

    operations: ClassVar = [
        MakeAppendOnly("reviews_policyversion"),
        MakeAppendOnly("reviews_decision"),
    ]

"""What is never changed: versions, usage events and their voids."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import MakeAppendOnly


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0003_append_only"), ("gpts", "0007_isolation")]

    operations: ClassVar = [
        MakeAppendOnly("gpts_version"),
        MakeAppendOnly("gpts_usageevent"),
        MakeAppendOnly("gpts_usagevoid"),
    ]

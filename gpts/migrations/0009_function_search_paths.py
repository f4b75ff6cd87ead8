"""Functions of usage events look names up in our schema only: see core.0004_function_search_paths."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import FixSearchPath


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0004_function_search_paths"), ("gpts", "0008_append_only")]

    operations: ClassVar = [
        FixSearchPath("loggia_uuid7_time(uuid)", "loggia_add_usage_partitions(date, integer)"),
    ]

"""The page with the rules of the store shows visitors the policies and their wordings."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import GrantPublicRead


class Migration(migrations.Migration):
    dependencies: ClassVar = [("reviews", "0010_protected_names_moved")]

    operations: ClassVar = [
        GrantPublicRead("reviews_policy"),
        GrantPublicRead("reviews_policyversion"),
    ]

"""Settings of the instance that operators change while it runs."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.migration_operations import (
    ANYBODY,
    GrantPublicRead,
    SetRowPolicies,
    automatic_id,
    has_staff_role,
)

OPERATOR = has_staff_role("operator")


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("core", "0007_failed_jobs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="InstanceSetting",
            fields=[
                automatic_id(),
                ("key", models.CharField(max_length=60, unique=True)),
                ("value", models.JSONField(null=True)),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        # Read by every page, also before there is a scope; they hold limits, names and addresses of pages.
        SetRowPolicies("core_instancesetting", read=ANYBODY, add=OPERATOR, change=OPERATOR, remove=OPERATOR),
        GrantPublicRead("core_instancesetting", "key", "value"),
    ]

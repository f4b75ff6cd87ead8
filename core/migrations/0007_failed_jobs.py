"""Background jobs that failed, for operators."""

from typing import ClassVar

from django.db import migrations, models

from core.migration_operations import NOBODY, SetRowPolicies, automatic_id, has_staff_role

OPERATOR = has_staff_role("operator")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0006_audit_policies")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="FailedJob",
            fields=[
                automatic_id(),
                ("task", models.CharField(max_length=100)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("sealed_arguments", models.TextField()),
                ("error_class", models.CharField(max_length=100)),
                ("error_place", models.CharField(blank=True, max_length=200)),
                ("count", models.PositiveIntegerField(default=1)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("retried_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["-last_at"], name="core_failedjob_newest")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("count__gte", 1)), name="core_failedjob_count")
                ],
            },
        ),
        # Noted by workers, in a system scope.
        SetRowPolicies("core_failedjob", read=OPERATOR, add=NOBODY, change=OPERATOR, remove=OPERATOR),
    ]

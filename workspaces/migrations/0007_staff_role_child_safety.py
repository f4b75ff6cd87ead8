"""The staff role for child safety."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

ROLES = ("moderator", "finance", "operator", "child_safety")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0006_outbound_jobs")]

    operations: ClassVar = [
        migrations.RemoveConstraint(model_name="staffrole", name="workspaces_staffrole_role"),
        migrations.AlterField(
            model_name="staffrole",
            name="role",
            field=models.CharField(
                choices=[
                    ("moderator", "Moderator"),
                    ("finance", "Finance"),
                    ("operator", "Operator"),
                    ("child_safety", "Child safety"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="staffrole",
            constraint=models.CheckConstraint(
                condition=models.Q(role__in=ROLES), name="workspaces_staffrole_role"
            ),
        ),
    ]

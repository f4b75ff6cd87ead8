"""How long companies keep conversations, and legal holds that keep some of them for longer."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import core.ids
from core.migration_operations import (
    NOBODY,
    KeepTenant,
    SetRowPolicies,
    in_administered_workspaces,
    in_own_workspaces,
)

INSIDE = in_own_workspaces("workspace_id")
ADMIN = in_administered_workspaces("workspace_id")
CASCADE, PROTECT, SET_NULL = models.CASCADE, models.PROTECT, models.SET_NULL


def point_to(table: str, on_delete: object, **options: bool) -> models.ForeignKey:
    return models.ForeignKey(on_delete=on_delete, related_name="+", to=table, **options)


def make_id() -> models.UUIDField:
    return models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("gpts", "0036_blocked_gpts"),
        ("workspaces", "0016_cost_centres"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="RetentionRule",
            fields=[
                ("id", make_id()),
                ("days", models.PositiveIntegerField()),
                ("proposed_at", models.DateTimeField()),
                ("conversation_count", models.PositiveBigIntegerField(null=True)),
                ("held_count", models.PositiveBigIntegerField(null=True)),
                ("counted_at", models.DateTimeField(null=True)),
                ("saved_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("gpt", point_to("gpts.gpt", CASCADE, null=True, blank=True)),
                ("proposed_by", point_to(settings.AUTH_USER_MODEL, SET_NULL, null=True)),
                ("workspace", point_to("workspaces.workspace", CASCADE)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "gpt"),
                        condition=Q(saved_at__isnull=False, ended_at__isnull=True),
                        nulls_distinct=False,
                        name="gpts_retentionrule_once",
                    ),
                    models.CheckConstraint(
                        condition=Q(days__gte=1, days__lte=3_650), name="gpts_retentionrule_days"
                    ),
                    models.CheckConstraint(
                        condition=Q(ended_at__isnull=True) | Q(saved_at__isnull=False),
                        name="gpts_retentionrule_ended",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", make_id()),
                ("reason", models.TextField(max_length=1_000)),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", point_to(settings.AUTH_USER_MODEL, PROTECT, null=True)),
                ("gpt", point_to("gpts.gpt", CASCADE, null=True)),
                ("person", point_to(settings.AUTH_USER_MODEL, CASCADE, null=True)),
                ("started_by", point_to(settings.AUTH_USER_MODEL, PROTECT)),
                ("workspace", point_to("workspaces.workspace", CASCADE)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(person__isnull=False, gpt__isnull=True)
                        | Q(person__isnull=True, gpt__isnull=False),
                        name="gpts_legalhold_one",
                    ),
                    models.UniqueConstraint(
                        fields=("workspace", "person"),
                        condition=Q(ended_at__isnull=True),
                        name="gpts_legalhold_person",
                    ),
                    models.UniqueConstraint(
                        fields=("workspace", "gpt"),
                        condition=Q(ended_at__isnull=True),
                        name="gpts_legalhold_gpt",
                    ),
                ]
            },
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["workspace", "updated_at"], name="gpts_conversation_age"),
        ),
        # Members read how long their conversations are kept, and that one is held when they delete it.
        SetRowPolicies(
            "gpts_retentionrule",
            read=INSIDE,
            add=ADMIN,
            change=ADMIN,
            remove=NOBODY,
            refers={"gpt_id": "gpts_gpt"},
        ),
        SetRowPolicies(
            "gpts_legalhold",
            read=INSIDE,
            add=ADMIN,
            change=ADMIN,
            remove=NOBODY,
            refers={"gpt_id": "gpts_gpt"},
        ),
        KeepTenant("gpts_retentionrule", "workspace_id", "gpt_id"),
        KeepTenant("gpts_legalhold", "workspace_id", "person_id", "gpt_id"),
    ]

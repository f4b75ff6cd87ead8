"""Sections of private stores, and who closed the set for new members; isolated by workspace and person."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.migration_operations import (
    NOBODY,
    MakeSight,
    SetRowPolicies,
    in_administered_workspaces,
    in_own_workspaces,
    is_person,
)

INSIDE = in_own_workspaces("workspace_id")
ADMIN = in_administered_workspaces("workspace_id")
OWN = is_person("user_id")


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("gpts", "0028_recent_members"),
        ("marketplace", "0006_listing_vectors"),
        ("workspaces", "0010_people"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="StoreSection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("required", "Required"),
                            ("recommended", "Recommended"),
                            ("shelf", "Shelf, with a reason for each GPT"),
                            ("category", "Category"),
                            ("pack", "Pack"),
                            ("onboarding", "Set for new members"),
                        ],
                        max_length=12,
                    ),
                ),
                ("title", models.CharField(max_length=80, verbose_name="title")),
                ("text", models.CharField(blank=True, max_length=300, verbose_name="text")),
                ("position", models.PositiveSmallIntegerField()),
                ("created_at", models.DateTimeField()),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workspaces.group",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="store_sections",
                        to="workspaces.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StoreSectionEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=240, verbose_name="reason")),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "gpt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="gpts.gpt"
                    ),
                ),
                (
                    "section",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="marketplace.storesection",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workspaces.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ClosedOnboarding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("closed_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "user"), name="marketplace_closedonboarding_once"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="storesection",
            index=models.Index(fields=["workspace", "position", "id"], name="marketplace_storesection_order"),
        ),
        migrations.AddConstraint(
            model_name="storesection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["required", "recommended", "shelf", "category", "pack", "onboarding"])
                ),
                name="marketplace_storesection_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="storesection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("group__isnull", True),
                    ("kind__in", ("required", "recommended", "pack")),
                    _connector="OR",
                ),
                name="marketplace_storesection_group",
            ),
        ),
        migrations.AddConstraint(
            model_name="storesection",
            constraint=models.CheckConstraint(
                condition=models.Q(("title", ""), _negated=True), name="marketplace_storesection_title"
            ),
        ),
        migrations.AddConstraint(
            model_name="storesection",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "onboarding")),
                fields=("workspace",),
                name="marketplace_storesection_onboarding",
            ),
        ),
        migrations.AddConstraint(
            model_name="storesectionentry",
            constraint=models.UniqueConstraint(
                fields=("section", "gpt"), name="marketplace_storesectionentry_gpt"
            ),
        ),
        migrations.AddConstraint(
            model_name="storesectionentry",
            constraint=models.UniqueConstraint(
                fields=("section", "position"), name="marketplace_storesectionentry_order"
            ),
        ),
        MakeSight("marketplace_storesection"),
        SetRowPolicies(
            "marketplace_storesection",
            read=INSIDE,
            add=ADMIN,
            change=ADMIN,
            remove=ADMIN,
            refers={"group_id": "workspaces_group"},
        ),
        SetRowPolicies(
            "marketplace_storesectionentry",
            read=INSIDE,
            add=ADMIN,
            change=ADMIN,
            remove=ADMIN,
            refers={"section_id": "marketplace_storesection", "gpt_id": "gpts_gpt"},
        ),
        SetRowPolicies(
            "marketplace_closedonboarding",
            read=OWN,
            add=f"{OWN} AND {INSIDE}",
            change=NOBODY,
            remove=OWN,
        ),
    ]

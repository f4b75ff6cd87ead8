"""Shares of GPTs with people and groups, and transfers of GPTs to another owner; their audiences."""

from __future__ import annotations

from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.ids
from core.migration_operations import automatic_id

AUDIENCES = [
    ("shared", "People and groups you choose"),
    ("unlisted", "Anyone in the workspace with the link"),
    ("workspace", "Everyone in the workspace"),
    ("link", "Anyone with the link"),
    ("public", "The public store"),
]
USER = settings.AUTH_USER_MODEL


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("gpts", "0023_attachment_vectors"),
        ("workspaces", "0009_protected_names"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="gpt",
            name="has_shares",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AlterField(
            model_name="liveversion",
            name="audience",
            field=models.CharField(choices=AUDIENCES, max_length=10),
        ),
        migrations.AlterField(
            model_name="pastversion",
            name="audience",
            field=models.CharField(choices=AUDIENCES, max_length=10),
        ),
        migrations.CreateModel(
            name="GPTShare",
            fields=[
                automatic_id(),
                (
                    "right",
                    models.CharField(
                        choices=[("chat", "Can chat"), ("view", "Can view settings"), ("edit", "Can edit")],
                        max_length=4,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=USER,
                    ),
                ),
                (
                    "gpt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="shares", to="gpts.gpt"
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="gpt_shares",
                        to="workspaces.group",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="gpt_shares",
                        to=USER,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="gpt_shares",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "share of a GPT",
                "indexes": [models.Index(fields=["user", "workspace"], name="gpts_gptshare_user")],
                "constraints": [
                    models.UniqueConstraint(fields=("gpt", "user"), name="gpts_gptshare_person"),
                    models.UniqueConstraint(fields=("gpt", "group"), name="gpts_gptshare_group"),
                    models.CheckConstraint(
                        condition=models.Q(("group__isnull", True), ("user__isnull", False))
                        | models.Q(("group__isnull", False), ("user__isnull", True)),
                        name="gpts_gptshare_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("right__in", ["chat", "view", "edit"])),
                        name="gpts_gptshare_right",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GPTTransfer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("gpt_ids", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
                (
                    "moved_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list
                    ),
                ),
                (
                    "skipped_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=USER,
                    ),
                ),
                (
                    "to_user",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to=USER),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="gpt_transfers",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "transfer of GPTs",
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at__isnull", True)),
                        fields=["requested_at"],
                        name="gpts_gpttransfer_open",
                    ),
                    models.Index(fields=["workspace", "-requested_at"], name="gpts_gpttransfer_workspace"),
                ],
            },
        ),
    ]

"""How to search by meaning, what embeddings servers take, and the version of an index's terms."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

from core.migration_operations import ANYBODY, NOBODY, SetRowPolicies, automatic_id, has_staff_role

OPERATOR = has_staff_role("operator")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0019_reading_of_answers")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="SemanticSearch",
            fields=[
                automatic_id(),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("automatic", "The provider's embeddings model, else the built-in one"),
                            ("built_in", "The built-in model"),
                            ("full_text", "Words alone"),
                        ],
                        default="automatic",
                        max_length=12,
                    ),
                ),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(id=1), name="gpts_search_once")],
            },
        ),
        SetRowPolicies("gpts_semanticsearch", read=ANYBODY, add=OPERATOR, change=OPERATOR, remove=NOBODY),
        migrations.AddField(
            model_name="languagemodel",
            name="batch_texts",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="languagemodel",
            name="text_tokens",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="languagemodel",
            name="embedding_failure",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name="languagemodel",
            name="embedding_failed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="indexsegment",
            name="terms_version",
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
    ]

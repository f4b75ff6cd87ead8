"""Why an answer ends, what the model thought before it, and time limits for each model."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

REASONS = [("", "Not known"), ("stop", "The model ended it"), ("length", "The model's limit")]


def build_finish_reason() -> models.CharField:
    return models.CharField(blank=True, choices=REASONS, db_default="", default="", max_length=12)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0018_learned_options")]

    operations: ClassVar = [
        migrations.AddField(model_name="turn", name="finish_reason", field=build_finish_reason()),
        migrations.AddField(model_name="buildermessage", name="finish_reason", field=build_finish_reason()),
        migrations.AddField(
            model_name="message",
            name="thinking",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        *(
            migrations.AddField(
                model_name="languagemodel",
                name=name,
                field=models.PositiveIntegerField(blank=True, null=True),
            )
            for name in ("first_token_seconds", "silence_seconds", "answer_seconds")
        ),
    ]

"""Provisional addresses of GPTs. Every GPT that exists keeps its address."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0020_semantic_search")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="gpt",
            name="former_slug",
            field=models.SlugField(editable=False, max_length=80, null=True, unique=True),
        ),
        # The default fills the rows that exist; row-level security would hide them from an UPDATE.
        migrations.AddField(
            model_name="gpt",
            name="address_settled_at",
            field=models.DateTimeField(db_default=Now(), null=True),
        ),
        migrations.AlterField(
            model_name="gpt", name="address_settled_at", field=models.DateTimeField(null=True)
        ),
    ]

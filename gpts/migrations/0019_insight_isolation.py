"""Figures about a GPT's use are its owner's and its company's admins'; the worker alone writes them."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models import deletion

from core.scope import row_level_security

# Asked once a query: the GPTs whose figures the person may see.
MINE = """gpt_id = ANY((
  SELECT array_agg(g.id) FROM gpts_gpt g
   WHERE (g.owner_id = (SELECT loggia_user_id())
          AND g.workspace_id = ANY((SELECT loggia_workspace_ids())::bigint[]))
      OR g.workspace_id = ANY((SELECT loggia_admin_workspace_ids())::bigint[])
)::bigint[])"""
TABLES = ("bucket", "part", "cohort", "reach", "state")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0018_passages_without_tsvector")]

    operations: ClassVar = [
        # The tables were empty until now: nothing filled them.
        migrations.AddField(
            model_name="insightpart",
            name="gpt",
            field=models.ForeignKey(on_delete=deletion.CASCADE, related_name="+", to="gpts.gpt"),
        ),
        migrations.AlterField(
            model_name="insightbucket",
            name="series",
            field=models.CharField(
                choices=[
                    ("use", "Use"),
                    ("outcome", "Failures"),
                    ("answered", "Unanswered questions"),
                    ("words", "Words of unanswered questions"),
                    ("thumbs", "Thumbs"),
                ],
                max_length=10,
            ),
        ),
        *(
            operation
            for table in TABLES
            for operation in row_level_security(f"gpts_insight{table}", using=MINE, check="FALSE")
        ),
    ]

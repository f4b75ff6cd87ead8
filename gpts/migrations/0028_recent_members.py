"""How many members of its workspace used a GPT lately: the order of a private store."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0027_paused_versions")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="gpt",
            name="recent_members",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="gpt",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["workspace", "-recent_members", "-id"],
                name="gpts_gpt_used_inside",
            ),
        ),
    ]

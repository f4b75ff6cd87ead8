"""Figures of a GPT's use inside its workspace, and the orders of the table of a workspace's GPTs."""

import datetime
from typing import ClassVar

from django.db import migrations, models

NOT_DELETED = models.Q(("deleted_at__isnull", True))
ORDERS = {
    "gpts_gpt_by_name": ["workspace", "name", "id"],
    "gpts_gpt_by_answers": ["workspace", "-recent_answers", "-id"],
    "gpts_gpt_by_cost": ["workspace", "-recent_cost_micros", "-id"],
    "gpts_gpt_by_use": ["workspace", "-last_used_date", "-id"],
    "gpts_gpt_by_age": ["workspace", "-created_at", "-id"],
}


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0032_passage_rows")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="gpt",
            name="last_used_date",
            field=models.DateField(db_default=datetime.date(1970, 1, 1), default=datetime.date(1970, 1, 1)),
        ),
        migrations.AddField(
            model_name="gpt",
            name="recent_answers",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="gpt",
            name="recent_cost_micros",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        *(
            migrations.AddIndex(
                model_name="gpt", index=models.Index(condition=NOT_DELETED, fields=fields, name=name)
            )
            for name, fields in ORDERS.items()
        ),
    ]

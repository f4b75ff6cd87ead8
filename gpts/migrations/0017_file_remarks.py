"""What reading a file left out, beside the document and the attachment."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0016_conversations_of_few")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="document", name="remarks", field=models.JSONField(blank=True, default=list)
        ),
        migrations.AddField(
            model_name="attachment", name="remarks", field=models.JSONField(blank=True, default=list)
        ),
    ]

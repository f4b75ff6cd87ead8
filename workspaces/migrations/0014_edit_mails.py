"""Whether mails tell a person of other people's edits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0013_workspace_quotas")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="mails_edit_notices",
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]

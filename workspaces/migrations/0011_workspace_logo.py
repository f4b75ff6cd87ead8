"""Logos of workspaces."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0010_people")]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="logo",
            field=models.CharField(blank=True, db_default="", default="", max_length=80),
        ),
    ]

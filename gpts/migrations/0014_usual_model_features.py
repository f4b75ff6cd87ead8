"""Models known before features were asked for keep the settings that they were sent until now."""

from typing import Any

from django.db import migrations

USUAL = ["temperature", "seed", "json_mode", "json_schema", "tools", "parallel_tools"]


def fill(apps: Any, schema_editor: Any) -> None:
    models = apps.get_model("gpts", "LanguageModel").objects
    models.filter(features=[], kind="chat").exclude(provider__kind="offline").update(features=USUAL)


class Migration(migrations.Migration):
    dependencies = [
        ("gpts", "0013_search_index_isolation"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]

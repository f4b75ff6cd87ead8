"""Move protected names to workspaces, where every app asks for them, and add those of verified builders."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations
from django.db.models import Q

from core.text import skeleton


def move(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute("SELECT set_config('loggia.staff', '{moderator}', true)")
    old, new = apps.get_model("reviews", "ProtectedName"), apps.get_model("workspaces", "ProtectedName")
    rows = [
        new(
            name=row.name,
            skeleton=skeleton(row.name)[:120],
            kind="mark" if row.is_reserved_mark else "prohibited",
            enforcement_id=row.enforcement_id,
        )
        for row in old.objects.order_by("pk")
    ]
    verified = apps.get_model("marketplace", "BuilderProfile").objects.filter(
        Q(verified_name_at__isnull=False) | Q(verified_website_at__isnull=False)
    )
    rows += [
        new(
            name=profile.display_name,
            skeleton=skeleton(profile.display_name)[:120],
            kind="verified",
            holder_id=profile.user_id,
        )
        for profile in verified.order_by("pk")
    ]
    new.objects.bulk_create(rows)
    schema_editor.execute("SELECT set_config('loggia.staff', '', true)")


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("workspaces", "0009_protected_names"),
        ("marketplace", "0005_withdrawn_listings"),
        ("reviews", "0009_suspended_people"),
    ]

    operations: ClassVar = [
        migrations.RunPython(move, migrations.RunPython.noop),
        migrations.DeleteModel(name="ProtectedName"),
    ]

"""Mark the people who are suspended as builders, where every app asks for it."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

MARK = """
SELECT set_config('loggia.staff', '{moderator}', true);
UPDATE workspaces_user person SET publishing_suspended_at = COALESCE(
  (SELECT max(executed_at) FROM reviews_enforcement
   WHERE builder_id = person.id AND kind = 'suspend_builder' AND state = 'executed'), now())
FROM reviews_standing standing
WHERE standing.user_id = person.id AND standing.builder_state = 'suspended';
SELECT set_config('loggia.staff', '', true);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("workspaces", "0008_publishing_suspended"),
        ("reviews", "0008_restricted_lane"),
    ]

    operations: ClassVar = [migrations.RunSQL(MARK, migrations.RunSQL.noop)]

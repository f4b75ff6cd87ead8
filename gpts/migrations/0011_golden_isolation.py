"""Golden prompts, their runs and results are seen inside the GPT's workspace only."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.scope import row_level_security

INSIDE = "workspace_id = ANY((SELECT loggia_workspace_ids())::bigint[])"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0010_kept_versions")]

    operations: ClassVar = [
        *row_level_security("gpts_goldenprompt", using=INSIDE),
        *row_level_security("gpts_goldenrun", using=INSIDE),
        *row_level_security("gpts_goldenresult", using=INSIDE),
    ]

"""Who sees budgets, their counters and what running turns hold of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.scope import row_level_security

OWN = "user_id = (SELECT loggia_user_id())"
INSIDE = "workspace_id = ANY((SELECT loggia_workspace_ids())::bigint[])"
ADMIN = "workspace_id = ANY((SELECT loggia_admin_workspace_ids())::bigint[])"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0015_budgets")]

    operations: ClassVar = [
        # A GPT's budget holds for whoever chats with it, also from outside.
        *row_level_security("gpts_budget", using=f"{INSIDE} OR gpt_id IS NOT NULL", check=ADMIN),
        # A counter without a person says nothing of anybody and is raised by whoever it counts.
        *row_level_security("gpts_budgetuse", using=f"user_id IS NULL OR {OWN} OR {ADMIN}"),
        *row_level_security("gpts_budgetreservation", using=OWN),
    ]

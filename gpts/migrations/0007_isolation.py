"""Who sees conversations, knowledge, usage, budgets, golden prompts and figures.

GPTs and the model catalogue stay open: tests/support/exempt_tables.py says why.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import (
    EnableRowSecurity,
    has_staff_role,
    in_administered_workspaces,
    in_own_workspaces,
    is_person,
)

OWN = is_person("user_id")
INSIDE = in_own_workspaces("workspace_id")
ADMIN = in_administered_workspaces("workspace_id")
FINANCE = has_staff_role("finance")

# Calculated once a query: the GPTs that the person owns inside a workspace of theirs, or administers.
FIGURES_SEEN = """gpt_id = ANY((
  SELECT array_agg(g.id) FROM gpts_gpt g
   WHERE (g.owner_id = (SELECT loggia_user_id())
          AND g.workspace_id = ANY((SELECT loggia_workspace_ids())::bigint[]))
      OR g.workspace_id = ANY((SELECT loggia_admin_workspace_ids())::bigint[])
)::bigint[])"""

# core.scope.with_share_token writes the setting.
SHARE_LINK = """
CREATE POLICY gpts_sharedconversation_link ON gpts_sharedconversation FOR SELECT
  USING (token = (SELECT nullif(current_setting('loggia.share_token', true), '')))
"""

# Django deletes in Python only the rows that the person may see, so PostgreSQL deletes the reservations that
# other people's running turns hold of a removed budget. The names are those that Django gave the keys.
CASCADES = (
    ("gpts_budgetreservation_use_id_2bc79a45_fk_gpts_budgetuse_id", "use_id", "gpts_budgetuse"),
    ("gpts_budgetreservation_budget_id_58cc8326_fk_gpts_budget_id", "budget_id", "gpts_budget"),
)


def replace_key(name: str, column: str, target: str, rule: str) -> str:
    return (
        f"ALTER TABLE gpts_budgetreservation DROP CONSTRAINT {name}, ADD CONSTRAINT {name}"
        f" FOREIGN KEY ({column}) REFERENCES {target} (id) {rule} DEFERRABLE INITIALLY DEFERRED"
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0002_isolation"), ("gpts", "0006_search")]

    operations: ClassVar = [
        # Conversations and all that hangs on them: their person alone, not colleagues or admins.
        EnableRowSecurity("gpts_conversation", using=OWN),
        EnableRowSecurity("gpts_turn", using=OWN),
        EnableRowSecurity("gpts_message", using=OWN),
        EnableRowSecurity("gpts_turnwords", using=OWN),
        EnableRowSecurity("gpts_turnfeedback", using=OWN),
        EnableRowSecurity("gpts_attachment", using=OWN),
        # A shared conversation: its person; also who holds the link's token, for reading this one row.
        EnableRowSecurity("gpts_sharedconversation", using=OWN),
        migrations.RunSQL(SHARE_LINK, "DROP POLICY gpts_sharedconversation_link ON gpts_sharedconversation"),
        # A Create conversation: its person alone.
        EnableRowSecurity("gpts_buildermessage", using=OWN),
        EnableRowSecurity("gpts_builderchange", using=OWN),
        # Knowledge and its search index: members of its workspace.
        EnableRowSecurity("gpts_document", using=INSIDE),
        EnableRowSecurity("gpts_knowledgefile", using=INSIDE),
        EnableRowSecurity("gpts_passage", using=INSIDE),
        EnableRowSecurity("gpts_indexsegment", using=INSIDE),
        EnableRowSecurity("gpts_indexblock", using=INSIDE),
        EnableRowSecurity("gpts_indexshelf", using=INSIDE),
        EnableRowSecurity("gpts_passagevector", using=INSIDE),
        # Golden prompts, their runs and results: members of the GPT's workspace.
        EnableRowSecurity("gpts_goldenprompt", using=INSIDE),
        EnableRowSecurity("gpts_goldenrun", using=INSIDE),
        EnableRowSecurity("gpts_goldenresult", using=INSIDE),
        # A usage event: its person, admins of the person's workspace, finance; written for oneself only.
        EnableRowSecurity("gpts_usageevent", using=f"{OWN} OR {ADMIN} OR {FINANCE}", check=OWN),
        # An event that must not count: finance.
        EnableRowSecurity("gpts_usagevoid", using=FINANCE),
        # A budget: members of its workspace, and everybody if it is a GPT's, as it limits all who chat with
        # the GPT; written by admins.
        EnableRowSecurity("gpts_budget", using=f"{INSIDE} OR gpt_id IS NOT NULL", check=ADMIN),
        # A budget's counter: its person and admins; everybody where it names nobody, as each turn raises it.
        EnableRowSecurity("gpts_budgetuse", using=f"user_id IS NULL OR {OWN} OR {ADMIN}"),
        # What running turns hold of a budget: the person of the turn.
        EnableRowSecurity("gpts_budgetreservation", using=OWN),
        *(migrations.RunSQL(replace_key(*k, "ON DELETE CASCADE"), replace_key(*k, "")) for k in CASCADES),
        # Figures about a GPT's use: its owner and the admins of its workspace; written by the worker alone.
        EnableRowSecurity("gpts_insightbucket", using=FIGURES_SEEN, check="FALSE"),
        EnableRowSecurity("gpts_insightpart", using=FIGURES_SEEN, check="FALSE"),
        EnableRowSecurity("gpts_insightcohort", using=FIGURES_SEEN, check="FALSE"),
        EnableRowSecurity("gpts_insightreach", using=FIGURES_SEEN, check="FALSE"),
        EnableRowSecurity("gpts_insightstate", using=FIGURES_SEEN, check="FALSE"),
    ]

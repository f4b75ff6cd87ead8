"""A removed budget takes what running turns hold of it along, also rows that its remover may not see."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

# As Django named them; it deletes in Python what the row-level security of the person lets it see.
KEYS = (
    ("gpts_budgetreservation_use_id_2bc79a45_fk_gpts_budgetuse_id", "use_id", "gpts_budgetuse"),
    ("gpts_budgetreservation_budget_id_58cc8326_fk_gpts_budget_id", "budget_id", "gpts_budget"),
)


def key(name: str, column: str, target: str, rule: str) -> str:
    return (
        f"ALTER TABLE gpts_budgetreservation DROP CONSTRAINT {name}, ADD CONSTRAINT {name}"
        f" FOREIGN KEY ({column}) REFERENCES {target} (id) {rule} DEFERRABLE INITIALLY DEFERRED"
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0020_conversations_that_end")]

    operations: ClassVar = [
        migrations.RunSQL(key(*names, "ON DELETE CASCADE"), reverse_sql=key(*names, "")) for names in KEYS
    ]

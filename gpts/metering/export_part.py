"""Budgets and sums of usage in the export of a workspace."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from gpts.metering.models import Budget, BudgetUse, PriceCeiling, UsageDay
from workspaces.exports import ExportPart, Table, columns, of_workspace

PART = ExportPart(
    steps=(
        Table(
            "budgets/budgets.jsonl",
            _("Budgets"),
            of_workspace(Budget),
            columns(
                "id",
                "name",
                "subject",
                "group_id",
                "gpt_id",
                "cost_centre",
                "thresholds",
                "is_each",
                "measure",
                "window",
                "soft_limit",
                "hard_limit",
                "is_enabled",
                "created_at",
                "updated_at",
                people=("user", "created_by"),
            ),
        ),
        Table(
            "budgets/use.csv",
            _("What was used of each budget in each window"),
            of_workspace(BudgetUse),
            columns("budget_id", "window_start", "used", "warned_at", people=("user",)),
        ),
        Table(
            "budgets/price_ceiling.jsonl",
            _("The highest prices that are paid for models of others"),
            of_workspace(PriceCeiling),
            columns("input_price_micros", "output_price_micros", "updated_at", people=("updated_by",)),
        ),
        Table(
            "usage/days.csv",
            _("Sums of usage by day, person, GPT and model; the last minutes may be missing"),
            lambda workspace: UsageDay.objects.filter(workspace_id=workspace.pk),
            columns(
                "day",
                "user_id",
                "gpt_id",
                "model_name",
                "answers",
                "input_tokens",
                "output_tokens",
                "cost_micros",
            ),
        ),
    )
)

"""How events of budgets and price ceilings read in the audit log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.audit_words import (
    ActionWords,
    Area,
    AuditWords,
    FieldWords,
    Named,
    ObjectWords,
    Reader,
    describe_choice,
    read_numbers,
)
from core.look import formats
from gpts.metering.models import Budget
from gpts.metering.states import BudgetMeasure, BudgetSubject, BudgetWindow
from gpts.metering.usage_ranges import FileLines, Step
from gpts.metering.wording import format_limit, format_percentages


def _name_budgets(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = Budget.objects.filter(pk__in=read_numbers(ids), workspace_id=reader.workspace_id or 0).only(
        "pk", "name"
    )
    return {
        str(row.pk): Named(row.name, reverse("gpts:budget-change", args=[reader.workspace_slug, row.pk]))
        for row in rows
    }


def _describe_limit(value: Any, data: Mapping[str, Any]) -> str:
    measure, window = data.get("measure"), data.get("window")
    if value is None or measure not in BudgetMeasure.values or window not in BudgetWindow.values:
        return "" if value is None else formats.number(value)
    return format_limit(value, measure, window)


def _describe_thresholds(value: Any, _data: Mapping[str, Any]) -> str:
    return format_percentages(value) if value else str(_("no percentage"))


def _describe_price(value: Any, _data: Mapping[str, Any]) -> str:
    return "" if value is None else formats.micros(value, settings.PAYOUT_CURRENCY)


def _describe_ceiling(data: Mapping[str, Any]) -> Any:
    if data.get("input_price_micros") is None and data.get("output_price_micros") is None:
        return _("%(who)s removed the ceiling on prices of other workspaces' models.")
    return _("%(who)s set the highest prices that the workspace pays for other workspaces' models.")


_TERMS = ("subject", "cost_centre", "measure", "window", "soft_limit", "hard_limit", "thresholds")

WORDS = AuditWords(
    actions={
        "gpts.budget_changed": ActionWords(
            Area.BUDGETS, _("Budget changed"), _("%(who)s changed the budget %(what)s.")
        ),
        "gpts.budget_removed": ActionWords(
            Area.BUDGETS, _("Budget removed"), _("%(who)s removed a budget."), details=_TERMS
        ),
        "gpts.budget_set": ActionWords(
            Area.BUDGETS, _("Budget set"), _("%(who)s set the budget %(what)s."), details=_TERMS
        ),
        "gpts.price_ceiling_set": ActionWords(
            Area.BUDGETS,
            _("Ceiling on prices set"),
            _describe_ceiling,
            details=("input_price_micros", "output_price_micros"),
        ),
        "gpts.usage_exported": ActionWords(
            Area.BUDGETS,
            _("Usage downloaded"),
            _("%(who)s downloaded the usage of the workspace as a file."),
            details=("first_day", "last_day", "step", "lines"),
            fields={
                "step": FieldWords(_("Lines for each"), describe_choice(Step)),
                "lines": FieldWords(_("Divided by"), describe_choice(FileLines)),
            },
        ),
    },
    objects={"gpts.budget": ObjectWords(_name_budgets, _("a removed budget"), _("Budgets"))},
    fields={
        "subject": FieldWords(_("Counts for"), describe_choice(BudgetSubject)),
        "measure": FieldWords(_("Counts"), describe_choice(BudgetMeasure)),
        "window": FieldWords(_("Each"), describe_choice(BudgetWindow)),
        "soft_limit": FieldWords(_("Note at"), _describe_limit),
        "hard_limit": FieldWords(_("Stop at"), _describe_limit),
        "thresholds": FieldWords(_("Told at"), _describe_thresholds),
        "cost_centre": FieldWords(_("Cost centre")),
        "is_enabled": FieldWords(_("Switched on")),
        "name": FieldWords(_("Name")),
        "first_day": FieldWords(_("First day")),
        "last_day": FieldWords(_("Last day")),
        "input_price_micros": FieldWords(_("Price of a million tokens sent"), _describe_price),
        "output_price_micros": FieldWords(_("Price of a million tokens received"), _describe_price),
    },
)

"""Acme's budgets by cost centre and by group, with what its members have used of them this month."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from demo.models_and_budgets import MILLION
from gpts.metering.models import Budget, BudgetUse
from gpts.metering.queries.company_usage import build_usage_report
from gpts.metering.services.budgets import create_budget, draft_budget
from gpts.metering.usage_ranges import Dimension, UsageQuery, UsageRange, get_period_start
from gpts.metering.windows import get_window_bounds
from workspaces.models import Group, User, Workspace

SALES, ENGINEERING, GROUP = "4100", "4200", "Engineering"


def seed_spend(acme: Workspace, admin: User, *, at: datetime) -> None:
    """Set the budgets as of the beginning of the month, so that their forecasts have days to go by."""
    spent = {by: _read_spent(acme, by, at=at) for by in (Dimension.COST_CENTRE, Dimension.GROUP)}
    for code in (SALES, ENGINEERING):
        used = spent[Dimension.COST_CENTRE].get(code, 0)
        _make(acme, admin, f"Cost centre {code}", used, subject="cost_centre", cost_centre=code, at=at)
    group = Group.objects.filter(workspace=acme, name=GROUP).first()
    if group is not None:
        used = spent[Dimension.GROUP].get(str(group.pk), 0)
        _make(acme, admin, f"{group.name} in a month", used, subject="group", group_id=group.pk, at=at)


def _read_spent(acme: Workspace, by: str, *, at: datetime) -> dict[str, int]:
    first = get_period_start(at.date(), "month")
    month = UsageRange(first, get_period_start(at.date(), "month", following=1))
    report = build_usage_report(acme, UsageQuery(range=month, by=by))
    return {part.key: part.sums.cost_micros for part in report.parts}


def _make(acme: Workspace, admin: User, name: str, used: int, *, at: datetime, **subject: Any) -> Budget:
    start = get_window_bounds("month", at).start
    limit = (used * 5 // 4 // MILLION + 1) * MILLION
    draft = draft_budget(
        workspace=acme,
        name=name,
        measure="cost_micros",
        window="month",
        hard_limit=limit,
        by=admin,
        at=start,
        **subject,
    )
    budget = create_budget(budget=draft, by=admin, at=start)
    told = max((one for one in budget.thresholds if used * 100 >= one * limit), default=0)
    BudgetUse.objects.create(budget=budget, workspace=acme, window_start=start, used=used, told_percent=told)
    return budget

"""Budgets: a workspace's limits on cost, tokens or answers in each minute, hour, day or month.

``changes`` sets, changes and removes a budget. Each answer then takes these steps:

1. ``reserve`` adds an estimate to the counter of every budget that applies, before a model is called. If a
   hard limit has no room, it raises ``BudgetExceeded`` (``refusals``) and reserves nothing.
2. ``capture`` replaces the reservation by what the answer used. A counter that passes its soft limit
   notifies the admins once in each window (``warnings``), and so does each threshold (``thresholds``).
3. ``release`` gives the reservation of a failed answer back. ``release_stale`` does so for lost ones.

Windows are in ``gpts.metering.windows``, the tables in ``gpts.metering.models.budgets``.
"""

from gpts.metering.services.budgets.changes import change_budget, create_budget, draft_budget, remove_budget
from gpts.metering.services.budgets.refusals import BudgetExceeded
from gpts.metering.services.budgets.reservations import (
    Reservation,
    capture,
    count_prompt_characters,
    estimate_largest,
    estimate_usage,
    release,
    release_stale,
    reserve,
)

__all__ = [
    "BudgetExceeded",
    "Reservation",
    "capture",
    "change_budget",
    "count_prompt_characters",
    "create_budget",
    "draft_budget",
    "estimate_largest",
    "estimate_usage",
    "release",
    "release_stale",
    "remove_budget",
    "reserve",
]

"""The error of an answer that a budget refuses: which limit, how much is used, and when it opens again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from core.errors import RateLimited
from gpts.metering.models import Budget
from gpts.metering.states import BudgetMeasure, BudgetWindow
from gpts.metering.windows import get_window_bounds
from gpts.metering.wording import format_amount, format_limit, format_opening_time


class BudgetExceeded(RateLimited):
    """A hard limit has no room for another answer; nothing was written and no model was called."""


def build_refusal(budget: Budget, *, used: int, needed: int, is_member: bool, at: datetime) -> BudgetExceeded:
    """Return the error for ``budget``, whose hard limit refused an answer.

    ``used`` includes what running answers reserve, ``needed`` is the estimate. The code is ``rate_limited``
    for windows of a minute, else ``budget_exceeded``. ``data`` has the figures as numbers, but only for
    members of the budget's workspace.
    """
    assert budget.hard_limit is not None  # only a hard limit refuses
    opens_at = get_window_bounds(budget.window, at).end
    retry_after = max(1, int((opens_at - at).total_seconds()) + 1)
    data: dict[str, Any] = {
        "opens_at": opens_at.isoformat(),
        "retry_after": retry_after,
        "window": budget.window,
    }
    when = format_opening_time(opens_at)
    if not is_member:
        # What a GPT's creators spend is not shown to people outside their workspace.
        text = _("This GPT has reached the limit that its makers set. It answers again from %(when)s.")
        return BudgetExceeded(text % {"when": when}, code="budget_exceeded", data=data)
    words = {
        "name": budget.name,
        "place": budget.workspace.name,
        "when": when,
        "limit": format_limit(budget.hard_limit, budget.measure, budget.window),
        "used": format_amount(used, budget.measure),
        "needed": format_amount(needed, budget.measure),
    }
    data |= {
        "budget": budget.name,
        "workspace": budget.workspace.name,
        "measure": budget.measure,
        "hard_limit": budget.hard_limit,
        "used": used,
        "needed": needed,
    }
    code = "rate_limited" if budget.window == BudgetWindow.MINUTE else "budget_exceeded"
    text = _choose_text(budget, budget.hard_limit, used=used, needed=needed)
    return BudgetExceeded(text % words, code=code, data=data)


def _choose_text(budget: Budget, hard_limit: int, *, used: int, needed: int) -> str:
    if budget.window == BudgetWindow.MINUTE and budget.measure == BudgetMeasure.TURNS:
        return _("Too fast: “%(name)s” in %(place)s allows %(limit)s. Wait a moment and send it again.")
    if needed > hard_limit:
        return _(
            "“%(name)s” in %(place)s allows %(limit)s, and this answer alone may take %(needed)s."
            " Ask an admin for a higher limit, or start a shorter conversation."
        )
    if used < hard_limit:
        return (
            _(
                "Your limit “%(name)s” in %(place)s has no room for this answer: of %(limit)s, %(used)s are"
                " used, and it may take %(needed)s. It opens again at %(when)s."
            )
            if budget.has_personal_counters
            else _(
                "The limit “%(name)s” of %(place)s has no room for this answer: of %(limit)s, %(used)s are"
                " used, and it may take %(needed)s. It opens again at %(when)s."
            )
        )
    if budget.has_personal_counters:
        return _("Your limit “%(name)s” in %(place)s is used up: %(limit)s. It opens again at %(when)s.")
    return _("The limit “%(name)s” of %(place)s is used up: %(limit)s. It opens again at %(when)s.")

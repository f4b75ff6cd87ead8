"""The windows of budgets: where one begins and when the next one opens. UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.periods import Period
from gpts.metering.states import BudgetWindow

_SPANS = {
    BudgetWindow.MINUTE: timedelta(minutes=1),
    BudgetWindow.HOUR: timedelta(hours=1),
    BudgetWindow.DAY: timedelta(days=1),
}


def window_start(window: str, at: datetime) -> datetime:
    """Return the beginning of the window in which ``at`` lies."""
    moment = at.astimezone(UTC).replace(second=0, microsecond=0)
    if window == BudgetWindow.MINUTE:
        return moment
    if window == BudgetWindow.HOUR:
        return moment.replace(minute=0)
    if window == BudgetWindow.DAY:
        return moment.replace(hour=0, minute=0)
    return Period.containing(moment).start


def window_end(window: str, at: datetime) -> datetime:
    """Return the moment at which the window of ``at`` is over and the next one opens."""
    if window == BudgetWindow.MONTH:
        return Period.containing(at).end
    return window_start(window, at) + _SPANS[BudgetWindow(window)]

"""The windows of budgets: half-open, in UTC, beginning at the full minute, hour, midnight or month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.periods import Period
from gpts.metering.states import BudgetWindow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTHS = {
    BudgetWindow.MINUTE: timedelta(minutes=1),
    BudgetWindow.HOUR: timedelta(hours=1),
    BudgetWindow.DAY: timedelta(days=1),
}


@dataclass(frozen=True)
class WindowBounds:
    start: datetime
    end: datetime


def get_window_bounds(window: str, at: datetime) -> WindowBounds:
    """Return the window that contains ``at``; at its end the counters begin again at zero."""
    if window == BudgetWindow.MONTH:
        month = Period.containing(at)
        return WindowBounds(month.start, month.end)
    length = _LENGTHS[BudgetWindow(window)]
    start = at.astimezone(UTC) - (at - _EPOCH) % length
    return WindowBounds(start, start + length)

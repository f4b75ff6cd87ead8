"""Where the use of a budget is likely to end: a straight line through what was counted so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# Of fewer days a line says nothing.
LEAST_DAYS = 3


@dataclass(frozen=True)
class Forecast:
    """``amount`` at the end of the window, in the budget's measure; ``passes_at`` when the limit is passed.

    ``passes_at`` is None where the line stays below the limit, and where it is passed already.
    """

    amount: int
    passes_at: datetime | None


def forecast_use(
    *, used: int, since: datetime, at: datetime, end: datetime, limit: int | None
) -> Forecast | None:
    """Return what ``used``, counted from ``since`` to ``at``, becomes until ``end`` at the same pace.

    None before LEAST_DAYS have passed.
    """
    passed = at - since
    if passed < timedelta(days=LEAST_DAYS):
        return None
    # Whole seconds keep the amounts integers.
    seconds = int(passed.total_seconds())
    left = max(0, int((end - at).total_seconds()))
    amount = used + used * left // seconds
    passes_at = None
    if limit is not None and used < limit <= amount:
        passes_at = at + timedelta(seconds=-(-(limit - used) * seconds // used))
    return Forecast(amount, passes_at)

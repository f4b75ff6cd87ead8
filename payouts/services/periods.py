"""Accounting periods: creating their rows, and moving ended months into grace."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from core.periods import Period
from payouts.models import AccountingPeriod
from payouts.models.periods import GRACE_HOURS
from payouts.services.transitions import change_state
from payouts.states import PeriodState

GRACE = timedelta(hours=GRACE_HOURS)


def open_period(period: Period, *, at: datetime) -> AccountingPeriod:
    """Return the month's row, created as OPEN if missing. Idempotent, also for concurrent calls."""
    row, _is_new = AccountingPeriod.objects.get_or_create(
        month=str(period), defaults={"currency": settings.PAYOUT_CURRENCY}
    )
    return row


def advance_periods(*, at: datetime) -> list[str]:
    """Create the row of the month of ``at`` and move ended months into GRACE; returns the months moved."""
    return open_periods([], at=at)


def open_periods(touched: Iterable[Period], *, at: datetime) -> list[str]:
    """Do what advance_periods does, and create missing rows of the ``touched`` months.

    Use can be imported for any past month, and a month without a row could be neither shown nor closed.
    A closed month stays unchanged; its late use is settled in the open one. Locks the rows it moves.
    """
    moved = []
    with transaction.atomic():
        current = open_period(Period.containing(at), at=at)
        for period in sorted(set(touched)):
            open_period(period, at=at)
        ended = AccountingPeriod.objects.select_for_update().filter(
            state=PeriodState.OPEN, month__lt=current.month
        )
        for row in ended.order_by("month"):
            change_state(row, PeriodState.GRACE, by=None, at=at, reason="The month ended.")
            moved.append(row.month)
    return moved


def get_earliest_close(period: Period) -> datetime:
    return period.end + GRACE
